"""What the provider counts, and to whom it tells it."""

from __future__ import annotations

import secrets

import pytest

from tests.idp.metrics.conftest import Look
from tests.idp.provider import Provider
from tests.listener import Reply
from tests.portal_client import refusal
from tests.scrape import SHOWN, TOKEN
from web.limits import MOST_HEADERS


def test_without_the_setting_there_is_no_such_page(provider: Provider) -> None:
    answer = provider.http().get(f"{provider.issuer}/metrics", headers=SHOWN)
    assert answer.status_code == 404
    assert "manyou_" not in answer.text


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        ([], 'Bearer realm="metrics"'),
        ([("authorization", f"Bearer {TOKEN}x")], 'Bearer realm="metrics", error="invalid_token"'),
        ([("authorization", f"Basic {TOKEN}")], 'Bearer realm="metrics", error="invalid_token"'),
        ([("authorization", TOKEN)], 'Bearer realm="metrics", error="invalid_token"'),
        ([("authorization", f"Bearer {TOKEN}")] * 2, 'Bearer realm="metrics", error="invalid_token"'),
    ],
)
def test_whoever_does_not_show_the_token_is_told_nothing_rfc6750_3(
    told: Provider, headers: list[tuple[str, str]], challenge: str
) -> None:
    answer = told.http().get(f"{told.issuer}/metrics", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == challenge
    assert "manyou_" not in answer.text


def test_the_token_in_the_query_opens_nothing_rfc6750_5_3(told: Provider) -> None:
    answer = told.http().get(f"{told.issuer}/metrics", params={"access_token": TOKEN})
    assert answer.status_code == 401


def test_requests_are_timed_by_route_method_and_class_of_status(told: Provider, look: Look) -> None:
    http = told.http()
    for _ in range(3):
        assert http.get(f"{told.issuer}/jwks").status_code == 200
    assert http.post(f"{told.issuer}/token", data={"grant_type": "x"}).status_code == 401
    assert http.get(f"{told.issuer}/language/en?here=/").status_code == 303
    assert http.get(f"{told.issuer}/static/manyou.css").status_code == 200
    assert http.post(f"{told.issuer}/jwks").status_code == 405
    scrape, count = look(), "manyou_http_request_seconds_count"
    assert scrape.value(count, endpoint="/jwks", method="GET", status="2xx") == 3
    assert scrape.value(count, endpoint="/token", method="POST", status="4xx") == 1
    assert scrape.value(count, endpoint="/language/{language}", method="GET", status="3xx") == 1
    assert scrape.value(count, endpoint="/static", method="GET", status="2xx") == 1
    assert scrape.value(count, endpoint="/jwks", method="POST", status="4xx") == 1
    assert scrape.value("manyou_http_request_seconds_sum", endpoint="/jwks") > 0


def test_what_strangers_choose_makes_no_series(told: Provider, look: Look) -> None:
    http = told.http()

    def strange() -> None:
        word = secrets.token_hex(8)
        http.get(f"{told.issuer}/{word}")
        http.get(f"{told.issuer}/static/{word}")
        http.request("PROPFIND", f"{told.issuer}/jwks")
        http.get(f"{told.issuer}/authorize", params={"client_id": word})
        http.post(f"{told.issuer}/token", data={"grant_type": word, "client_id": word})

    strange()
    before = look()
    for _ in range(10):
        strange()
    after = look()
    # The look itself is counted, once it is over.
    assert after.series() - before.series() <= 15
    assert after.labels("manyou_http_request_seconds_count", "endpoint") >= {"none", "/static", "/authorize", "/token"}
    assert "other" in after.labels("manyou_http_request_seconds_count", "method")


def test_codes_and_tokens_are_counted_by_client_grant_and_kind(told: Provider, look: Look) -> None:
    client = told.client("alpha")
    tokens = client.tokens(told.visitor())
    client.refresh(tokens.refresh_token)
    scrape, name = look(), "manyou_tokens_issued_total"
    issued = {
        ("front_channel", "code"): 1,
        ("authorization_code", "access_token"): 1,
        ("authorization_code", "id_token"): 1,
        ("authorization_code", "refresh_token"): 1,
        ("refresh_token", "access_token"): 1,
        ("refresh_token", "id_token"): 1,
        ("refresh_token", "refresh_token"): 1,
    }
    for (grant, kind), number in issued.items():
        assert scrape.value(name, client="alpha", grant=grant, kind=kind) == number, (grant, kind)
    assert scrape.value(name) == sum(issued.values())


def test_clients_that_registered_themselves_are_counted_as_one(told: Provider) -> None:
    counted = told.parts.metrics
    for number in range(3):
        counted.issued(f"made-up-{number}", "authorization_code", ["access_token"])
    scrape = told.http().get(f"{told.issuer}/metrics", headers=SHOWN).text
    assert 'client="registered",grant="authorization_code",kind="access_token"} 3.0' in scrape
    assert "made-up" not in scrape


def test_log_ins_are_counted_by_what_came_of_them(told: Provider, look: Look) -> None:
    visitor = told.visitor()
    page = visitor.get("/login")
    for _ in range(4):
        visitor.log_in(page, "wang.tianjin", "wrong")
    visitor.log_in(page, "li.beijing")
    scrape = look()
    by = {outcome: scrape.value("manyou_log_ins_total", outcome=outcome) for outcome in ("bad", "delayed", "good")}
    assert by == {"bad": 3, "delayed": 1, "good": 1}
    assert scrape.value("manyou_events_total", event="login.failed") == 3
    assert scrape.value("manyou_passwords_waiting") == 0


def test_refusals_are_counted_by_event_and_code(told: Provider, look: Look) -> None:
    client = told.client("alpha")
    code: dict[str, str | None] = {"grant_type": "authorization_code", "code": "c" * 43}
    assert refusal(client.call("/token", code)) == "invalid_grant"
    assert refusal(client.call("/token", {**code, "client_assertion": "x.y.z"}), 401) == "invalid_client"
    told.visitor().get("/authorize?client_id=nobody")
    scrape, name = look(), "manyou_refusals_total"
    assert scrape.value(name, event="token.refused", code="invalid_grant") == 1
    assert scrape.value(name, event="client.refused", code="invalid_client") == 1
    assert scrape.value(name, event="page.refused") == 1


def test_the_queue_of_logout_tokens_is_told_with_its_oldest(told: Provider, look: Look) -> None:
    assert look().value("manyou_deliveries_waiting") == 0
    assert look().value("manyou_delivery_oldest_seconds") == 0
    told.listener.replies["/backchannel-logout/alpha"] = Reply(503)
    client, visitor = told.client("alpha"), told.visitor()
    tokens = client.tokens(visitor)
    client.end_session(visitor, id_token_hint=tokens.id_token)
    told.listener.wait("/backchannel-logout/alpha")
    told.clock.advance(100)
    scrape = look()
    assert scrape.value("manyou_deliveries_waiting") == 1
    assert scrape.value("manyou_delivery_oldest_seconds") >= 100


def test_the_keys_are_told_by_algorithm_and_state_with_their_age(told: Provider, look: Look) -> None:
    told.clock.advance(1000)
    told.run(told.parts.keys.rotate("ES256"))
    told.clock.advance(50)
    scrape, name = look(), "manyou_signing_key_age_seconds"
    assert scrape.value(name, alg="ES256", state="current") == 50
    assert scrape.value(name, alg="ES256", state="retired") == 50
    assert scrape.value(name, alg="ES256", state="next") == 50
    assert scrape.value(name, alg="RS256", state="current") == 1050


def test_what_the_process_uses_is_told(look: Look) -> None:
    scrape = look()
    assert scrape.value("process_resident_memory_bytes") > 10_000_000
    assert scrape.value("process_cpu_seconds_total") > 0


def test_requests_that_are_refused_before_they_are_looked_at_are_counted_apart(told: Provider, look: Look) -> None:
    headers = [(f"x-{number}", "1") for number in range(MOST_HEADERS + 1)]
    assert told.http().get(f"{told.issuer}/jwks", headers=headers).status_code == 431
    scrape = look()
    assert scrape.value("manyou_http_refused_total", status="431") == 1
    assert scrape.value("manyou_http_request_seconds_count", endpoint="/jwks") == 0

"""Four providers on one database are one provider, whichever of them is asked; so are the two that are left of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest

from idp.keys import ALGORITHMS
from idp.model import AuditEvent
from idp.operator import operator
from tests.copies import ISSUER, Copies
from tests.journeys.eventually import eventually
from tests.listener import Listener
from tests.portal_client import PortalClient, Registration, Tokens, refusal
from tests.postgres import PostgresServer

TOKEN = "whoever-has-this-may-register-clients"


def clients(listener: Listener) -> list[Registration]:
    return [
        Registration.make("alpha", listener.port),
        Registration.make("beta", listener.port),
        Registration.make("by-consent", listener.port, legal_basis="consent"),
        Registration.make("fapi", listener.port, profile="fapi2"),
    ]


@pytest.fixture(scope="module")
def four(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    """Four that were started at the same moment on an empty database."""
    place = tmp_path_factory.mktemp("copies")
    options = {"MANYOU_IDP_FEATURES": "certification", "MANYOU_IDP_INITIAL_ACCESS_TOKEN": TOKEN}
    with Copies(place, postgres.fresh(), clients, number=4, **options) as running:
        yield running


@pytest.fixture(scope="module", params=[4, 2], ids=["four", "two"])
def number(request: pytest.FixtureRequest) -> int:
    """How many there are; for the whole module, so that pytest changes from one to the other once."""
    many: int = request.param
    return many


@pytest.fixture
def copies(four: Copies, number: int) -> Copies:
    """All four, or the two that are left when the others were killed (SIGKILL)."""
    four.have(number)
    return four


def events(copies: Copies, name: str) -> list[AuditEvent]:
    """Return the security events of that name, newest first."""

    async def read() -> list[AuditEvent]:
        async with operator(copies.settings) as at:
            return list(await at.stores.audit.latest(1000, name))

    return asyncio.run(read())


def told(copies: Copies, client_id: str) -> list[str]:
    return [one.form["logout_token"] for one in copies.listener.received(f"/backchannel-logout/{client_id}")]


def ask_each(copies: Copies, path: str) -> list[httpx.Response]:
    return [httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=30) for port in copies.ports]


def test_all_that_start_at_once_have_one_set_of_keys(copies: Copies) -> None:
    assert len({response.text for response in ask_each(copies, "/jwks")}) == 1
    made = {event.detail["kid"] for event in events(copies, "key.made")}
    assert len(made) == len(ALGORITHMS) * 2
    assert made <= {key["kid"] for key in ask_each(copies, "/jwks")[0].json()["keys"]}


@pytest.mark.parametrize("client_id", ["alpha", "by-consent"])
def test_a_visit_of_which_every_request_goes_to_any(copies: Copies, client_id: str) -> None:
    copies.asked.clear()
    for username in ("li.beijing", "wang.tianjin", "zhang.hebei"):
        client, visitor = copies.client(client_id), copies.visitor()
        tokens = client.tokens(visitor, username, scope="openid profile phone")
        assert client.userinfo(tokens.access_token).status_code == 200
        assert client.active(tokens.access_token)
        refreshed = client.refresh(tokens.refresh_token)
        assert refreshed.status_code == 200, refreshed.text
        # RFC 9700 4.14.2: whichever sees the used one again ends the family for all.
        assert refusal(client.refresh(tokens.refresh_token)) == "invalid_grant"
        assert refusal(client.refresh(Tokens(refreshed.json()).refresh_token)) == "invalid_grant"
        # Single sign-on, then single log-out.
        other = copies.client("beta").tokens(visitor, username)
        before = len(told(copies, "beta"))
        page = visitor.follow(client.end_session(visitor, id_token_hint=tokens.id_token))
        if "logout-yes" in page.text:
            page = visitor.follow(visitor.submit(page, "logout-yes"))
        assert eventually(lambda before=before: len(told(copies, "beta")) > before)
        assert not copies.client("beta").active(other.access_token)
        login = visitor.follow(client.authorize(visitor))
        assert "login-submit" in login.text
    assert set(copies.asked) == set(copies.ports)


def test_a_visit_of_a_fapi_portal_of_which_every_request_goes_to_any(copies: Copies) -> None:
    for _ in range(3):
        client, visitor = copies.client("fapi"), copies.visitor()
        asked = client.ask()
        pushed = client.call("/par", asked.parameters)
        assert pushed.status_code == 201, pushed.text
        query = f"client_id=fapi&request_uri={pushed.json()['request_uri']}"
        page = visitor.follow(visitor.get(f"/authorize?{query}"))
        landing = client.landing(asked, visitor.follow(visitor.log_in(page, "chen.xiongan")))
        form = client.form(client.redemption(landing))
        proof = {"dpop": client.proof("/token")}
        first = client.http.post(f"{ISSUER}/token", data=form, headers=proof)
        assert first.status_code == 200, first.text
        # What was used at one is used at the other: the proof, the assertion, the pushed request, the code.
        for _ in range(4):
            again = client.http.post(f"{ISSUER}/token", data=form, headers=proof)
            assert again.status_code in (400, 401)
        assert visitor.follow(visitor.get(f"/authorize?{query}")).status_code == 400


def at_all(copies: Copies, client: PortalClient, path: str, forms: list[dict[str, str | None]]) -> list[httpx.Response]:
    """POST each form at the same moment, to one after the other in turn."""

    def send(number: int) -> httpx.Response:
        port = copies.ports[number % len(copies.ports)]
        body = prepared[number]
        return httpx.post(f"http://127.0.0.1:{port}{path}", data=body, timeout=60, trust_env=False)

    prepared = [client.form(form) for form in forms]
    with ThreadPoolExecutor(len(forms)) as pool:
        return list(pool.map(send, range(len(forms))))


def test_a_code_that_is_sent_to_all_at_once_is_redeemed_once_rfc6749_4_1_2(copies: Copies) -> None:
    client, visitor = copies.client(), copies.visitor()
    for _ in range(5):
        landing = client.sign_in(visitor)
        answers = at_all(copies, client, "/token", [client.redemption(landing)] * 8)
        assert sorted(answer.status_code for answer in answers) in ([200, *[400] * 7], [400] * 8)
        assert sum(answer.status_code == 200 for answer in answers) == 1


def test_a_refresh_token_that_is_sent_to_all_at_once_is_rotated_once_rfc9700_4_14_2(copies: Copies) -> None:
    client = copies.client()
    tokens = client.tokens(copies.visitor())
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    answers = at_all(copies, client, "/token", [form] * 8)
    assert sum(answer.status_code == 200 for answer in answers) == 1


def test_guesses_at_all_are_counted_together(copies: Copies) -> None:
    visitor = copies.visitor()
    page = visitor.follow(copies.client().authorize(visitor))
    nobody = f"nobody.at.all.{len(copies.ports)}"
    statuses = [visitor.log_in(page, nobody, "wrong").status_code for _ in range(12)]
    with psycopg.connect(copies.settings.idp_database) as connection:
        [counted] = connection.execute("SELECT failures FROM login_failures ORDER BY last_at DESC LIMIT 1").fetchall()
    # One count of all that were looked at, whoever looked; the others were sent away.
    assert counted == (statuses.count(400),), statuses
    assert 429 in statuses


def test_who_registers_at_one_is_known_to_the_others_at_once_and_gone_from_all(copies: Copies) -> None:
    http = copies.http()
    metadata = {
        "redirect_uris": ["https://client.example/callback"],
        "token_endpoint_auth_method": "client_secret_basic",
    }
    for _ in range(4):
        made = http.post(f"{ISSUER}/register", json=metadata, headers={"authorization": f"Bearer {TOKEN}"})
        assert made.status_code == 201, made.text
        manage = {"authorization": f"Bearer {made.json()['registration_access_token']}"}
        path = f"/register/{made.json()['client_id']}"
        for port in copies.ports:
            known = httpx.get(f"http://127.0.0.1:{port}{path}", headers=manage, trust_env=False)
            assert known.status_code == 200, known.text
            # RFC 7592 3: each answer may bring a new token.
            manage = {"authorization": f"Bearer {known.json()['registration_access_token']}"}
        assert http.delete(f"{ISSUER}{path}", headers=manage).status_code == 204
        for port in copies.ports:
            assert httpx.get(f"http://127.0.0.1:{port}{path}", headers=manage, trust_env=False).status_code == 401


def test_keys_rotated_by_command_are_noticed_by_all_and_no_token_is_refused(copies: Copies) -> None:
    client = copies.client()
    before = client.tokens(copies.visitor())

    async def rotate() -> None:
        async with operator(copies.settings) as at:
            await at.keys.rotate("ES256")

    asyncio.run(rotate())
    for _ in range(6):
        assert client.active(client.tokens(copies.visitor()).access_token)
    assert client.active(before.access_token)
    assert eventually(lambda: len({response.text for response in ask_each(copies, "/jwks")}) == 1)


def test_a_session_that_runs_out_is_told_once(copies: Copies) -> None:
    def counts() -> list[int]:
        """Return how many sessions have run out, and how many clients were told of one."""
        delivered = [event for event in events(copies, "logout.delivered") if event.detail["reason"] == "expired"]
        return [len(events(copies, "session.expired")), len(delivered)]

    before = counts()
    copies.client().tokens(copies.visitor(), "gao.beijing")
    with psycopg.connect(copies.settings.idp_database) as connection:
        # As if it had begun long ago, and nobody had come since.
        aged = connection.execute(
            "UPDATE sessions SET seen_at = 0, look_at = 0 WHERE user_id = "
            "(SELECT user_id FROM people WHERE username = 'gao.beijing') AND ended_at IS NULL"
        )
    assert aged.rowcount == 1
    # Each has looked at what runs out by then, and what it would do is done.
    assert eventually(lambda: counts() == [one + 1 for one in before])
    assert counts() == [one + 1 for one in before]


def test_when_one_is_killed_the_others_go_on_with_what_it_did(copies: Copies) -> None:
    client, visitor = copies.client(), copies.visitor()
    tokens = client.tokens(visitor)
    asked = client.ask()
    copies.asked.clear()
    response = client.authorize(visitor, asked)
    # The one that gave the code.
    copies.kill(copies.asked[-1])
    landing = client.landing(asked, visitor.follow(response))
    assert client.exchange(landing).status_code == 200
    assert client.refresh(tokens.refresh_token).status_code == 200
    code = parse_qs(urlsplit(client.authorize(visitor).headers["location"]).query)
    assert code["code"]

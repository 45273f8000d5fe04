"""Pushed authorization requests: RFC 9126."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from idp.oauth.secret_hash import hash_of
from tests.idp.authorize.answers import asks_to_log_in, refused_on_a_page, sent_to_client
from tests.idp.conftest import ClientFactory
from tests.idp.par.conftest import by_reference, push, pushed
from tests.idp.provider import Provider
from tests.portal_client import Landing, PortalClient, refusal
from tests.visitor import Visitor

URN = re.compile(r"urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{43}")


def test_a_pushed_request_is_answered_with_a_request_uri_rfc9126_2_2(client: PortalClient) -> None:
    response = push(client, client.ask())
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    answer = response.json()
    assert set(answer) == {"request_uri", "expires_in"}
    assert answer["expires_in"] == 60
    assert URN.fullmatch(answer["request_uri"])


def test_no_two_request_uris_are_alike_though_the_request_is_rfc9126_7_1(client: PortalClient) -> None:
    asked = client.ask()
    assert pushed(client, asked) != pushed(client, asked)


def test_what_was_pushed_is_what_counts_rfc9126_4(provider: Provider, client: PortalClient, visitor: Visitor) -> None:
    asked = client.ask(scope="openid phone", state="pushed", prompt="consent")
    request_uri = pushed(client, asked)
    reference = by_reference(
        client, asked, request_uri, state="outside", scope="openid email", redirect_uri="https://stranger.example/"
    )
    page = visitor.follow(client.authorize(visitor, reference))
    assert asks_to_log_in(page)
    consent = visitor.follow(visitor.log_in(page, "li.beijing"))
    response = visitor.follow(visitor.submit(consent, "consent-allow"))
    landing = client.landing(asked, response)
    assert landing.parameters["state"] == "pushed"
    tokens = client.exchange(landing).json()
    assert set(tokens["scope"].split()) == {"openid", "phone"}


def test_it_works_once_at_the_answer_and_not_at_the_first_look_rfc9126_7_3(
    client: PortalClient, visitor: Visitor
) -> None:
    asked = client.ask()
    reference = by_reference(client, asked, pushed(client, asked))
    for _ in range(2):
        page = visitor.follow(client.authorize(visitor, reference))
        assert asks_to_log_in(page)
    first = sent_to_client(visitor.follow(visitor.log_in(page, "li.beijing")), client.redirect_uri)
    assert first["code"]
    again = refused_on_a_page(client.authorize(visitor, reference))
    assert "invalid_request_uri" in again


def test_of_two_windows_that_answer_it_one_does_rfc9126_7_3(client: PortalClient, visitor: Visitor) -> None:
    asked = client.ask(prompt="consent")
    reference = by_reference(client, asked, pushed(client, asked))
    first = visitor.follow(client.authorize(visitor, reference))
    first = visitor.follow(visitor.log_in(first, "li.beijing"))
    second = visitor.follow(client.authorize(visitor, reference))
    answered = sent_to_client(visitor.follow(visitor.submit(first, "consent-allow")), client.redirect_uri)
    assert answered["code"]
    assert "invalid_request_uri" in refused_on_a_page(visitor.follow(visitor.submit(second, "consent-allow")))


def test_a_refusal_uses_it_up_too_rfc9126_7_3(client: PortalClient, visitor: Visitor) -> None:
    asked = client.ask(prompt="none")
    reference = by_reference(client, asked, pushed(client, asked))
    answer = sent_to_client(client.authorize(visitor, reference), client.redirect_uri)
    assert answer["error"] == "login_required"
    refused_on_a_page(client.authorize(visitor, reference))


def test_it_expires_rfc9126_2_2(provider: Provider, client: PortalClient, visitor: Visitor) -> None:
    asked = client.ask()
    reference = by_reference(client, asked, pushed(client, asked))
    provider.clock.advance(59)
    assert asks_to_log_in(visitor.follow(client.authorize(visitor, reference)))
    provider.clock.advance(1)
    assert "invalid_request_uri" in refused_on_a_page(client.authorize(visitor, reference))


def test_who_has_come_to_the_log_in_page_in_time_may_take_longer_to_log_in(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    asked = client.ask()
    page = visitor.follow(client.authorize(visitor, by_reference(client, asked, pushed(client, asked))))
    provider.clock.advance(1500)
    provider.run(provider.parts.stores.upkeep.sweep(provider.clock()))
    assert sent_to_client(visitor.follow(visitor.log_in(page, "li.beijing")), client.redirect_uri)["code"]


def test_it_is_of_the_client_that_pushed_it_rfc9126_4(
    client: PortalClient, client_factory: ClientFactory, visitor: Visitor
) -> None:
    request_uri = pushed(client, client.ask())
    beta = client_factory("beta")
    page = refused_on_a_page(beta.authorize(visitor, by_reference(beta, beta.ask(), request_uri)))
    assert "invalid_request_uri" in page
    assert asks_to_log_in(visitor.follow(client.authorize(visitor, by_reference(client, client.ask(), request_uri))))


@pytest.mark.parametrize("name", ["request_uri", "request"])
def test_of_two_requests_in_one_none_is_answered_rfc6749_3_1(client: PortalClient, visitor: Visitor, name: str) -> None:
    asked = client.ask()
    request_uri = pushed(client, asked)
    second = f"&{name}=another" if name == "request_uri" else "&request=one&request=another"
    response = visitor.get(client.authorize_url(by_reference(client, asked, request_uri)) + second)
    assert response.status_code == 400
    assert "location" not in response.headers
    # The pushed one is as good as before.
    assert client.authorize(visitor, by_reference(client, asked, request_uri)).status_code == 303


@pytest.mark.parametrize("made_up", ["", "A" * 43, "A" * 5000, "\u4ee4\u724c"])
def test_a_made_up_request_uri_is_refused_on_a_page_that_says_what_to_do(
    client: PortalClient, visitor: Visitor, made_up: str
) -> None:
    reference = by_reference(client, client.ask(), f"urn:ietf:params:oauth:request_uri:{made_up}")
    page = refused_on_a_page(client.authorize(visitor, reference))
    assert "invalid_request_uri" in page
    start = f"{client.registration.table['initiate_login_uri']}?{urlencode({'iss': client.issuer})}"
    assert f'href="{start}"' in page


def test_who_pushes_must_say_who_it_is_rfc9126_2_1(client: PortalClient, client_factory: ClientFactory) -> None:
    asked = client.ask()
    assert refusal(push(client, asked, client_assertion=None, client_assertion_type=None), 401) == "invalid_client"
    assert refusal(push(client, asked, client_assertion=client_factory("beta").assertion()), 401) == "invalid_client"
    assert refusal(push(client, asked, client_id="beta"), 401) == "invalid_client"
    assert refusal(push(client, asked, client_id=None)) == "invalid_request"


def test_an_assertion_for_this_endpoint_or_for_the_issuer_is_good_rfc9126_2(client: PortalClient) -> None:
    for audience in (client.issuer, f"{client.issuer}/token", f"{client.issuer}/par"):
        pushed(client, client.ask(), client_assertion=client.assertion(aud=audience))
    other = push(client, client.ask(), client_assertion=client.assertion(aud=f"{client.issuer}/revoke"))
    assert refusal(other, 401) == "invalid_client"


def test_an_assertion_pushes_once_rfc7523_3(client: PortalClient) -> None:
    assertion = client.assertion()
    pushed(client, client.ask(), client_assertion=assertion)
    assert refusal(push(client, client.ask(), client_assertion=assertion), 401) == "invalid_client"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request_uri": "https://else.example/request.jwt"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://stranger.example/"}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"scope": "unheard_of"}, "invalid_scope"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"resource": "http://tianjin.localhost:8002/api"}, "invalid_target"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"dpop_jkt": "short"}, "invalid_request"),
        ({"id_token_hint": "e30.e30.c2ln"}, "invalid_request"),
    ],
)
def test_what_authorize_would_refuse_is_refused_at_once_rfc9126_2_3(
    client: PortalClient, changed: dict[str, str | None], code: str
) -> None:
    assert refusal(push(client, client.ask(), **changed)) == code


def test_a_refused_push_is_found_in_the_log_with_its_client(provider: Provider, client: PortalClient) -> None:
    response = push(client, client.ask(), redirect_uri="https://stranger.example/")
    [event] = provider.run(provider.parts.stores.audit.latest(1, incident=response.json()["incident"]))
    assert event.event == "authorization.refused"
    assert "alpha" in event.detail["reason"]
    assert "stranger.example" in event.detail["reason"]


def test_a_repeated_parameter_is_refused_rfc6749_3_1(client: PortalClient) -> None:
    form = [*client.form(client.ask().parameters).items(), ("state", "another")]
    response = client.http.post(
        f"{client.issuer}/par",
        content="&".join(f"{name}={value}" for name, value in form),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert refusal(response) == "invalid_request"


def test_only_a_posted_form_is_taken_rfc9126_2_1(client: PortalClient) -> None:
    uri, form = f"{client.issuer}/par", client.form(client.ask().parameters)
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        assert client.http.request(method, uri, params=form).status_code == 405
    assert refusal(client.http.post(uri, json=form), 415) == "invalid_request"
    assert refusal(client.http.post(uri, params=form), 415) == "invalid_request"
    assert refusal(push(client, client.ask(), state="x" * 70_000), 413) == "invalid_request"


def test_more_can_be_pushed_than_an_address_can_hold_rfc9126_1(client: PortalClient, visitor: Visitor) -> None:
    state = "s" * 20_000
    asked = client.ask(state=state, prompt="none")
    response = client.authorize(visitor, by_reference(client, asked, pushed(client, asked)))
    assert sent_to_client(response, client.redirect_uri)["state"] == state


def test_no_credential_is_kept_with_the_parameters(provider: Provider, client: PortalClient) -> None:
    kept = provider.run(provider.parts.stores.pushed_requests.get(hash_of(pushed(client, client.ask()))))
    assert {name for name, _ in kept.parameters} == set(client.ask().parameters)


def test_the_code_of_a_pushed_request_is_redeemed_as_any_other(client: PortalClient, visitor: Visitor) -> None:
    asked = client.ask()
    page = visitor.follow(client.authorize(visitor, by_reference(client, asked, pushed(client, asked))))
    landing: Landing = client.landing(asked, visitor.follow(visitor.log_in(page, "li.beijing")))
    assert client.exchange(landing).status_code == 200

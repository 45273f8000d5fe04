"""prompt, max_age and id_token_hint: who has to log in or consent again, and who must not be asked (Core 3.1.2.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.idp.authorize.answers import asks_for_consent, asks_to_log_in, refused_on_a_page, sent_to_client
from tests.idp.provider import Provider
from tests.portal_client import PortalClient
from tests.visitor import Visitor


def claims(provider: Provider, client: PortalClient, visitor: Visitor, **changes: str | None) -> dict[str, object]:
    """Return the claims of the ID token that comes of a request."""
    return provider.read(client.tokens(visitor, "li.beijing", **changes).id_token)[1]


def test_prompt_none_without_a_session_is_login_required_core_3_1_2_6(client: PortalClient, visitor: Visitor) -> None:
    answer = sent_to_client(client.authorize(visitor, prompt="none"), client.redirect_uri)
    assert answer["error"] == "login_required"


def test_prompt_none_with_a_session_succeeds_at_once_with_unchanged_auth_time_core_3_1_2_6(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    first = claims(provider, client, visitor)
    provider.clock.advance(500)
    asked = client.ask(prompt="none")
    response = client.authorize(visitor, asked)
    again = provider.read(client.exchange(client.landing(asked, response)).json()["id_token"])[1]
    assert again["auth_time"] == first["auth_time"]
    assert (again["sub"], again["sid"]) == (first["sub"], first["sid"])


def test_prompt_none_is_consent_required_where_consent_is_wanting_core_3_1_2_6(
    provider: Provider, client: PortalClient, signed_in: Visitor
) -> None:
    provider.run(provider.parts.stores.consents.withdraw("li.beijing", client.client_id, provider.clock()))
    response = client.authorize(signed_in, prompt="none", scope="openid email")
    assert sent_to_client(response, client.redirect_uri)["error"] == "consent_required"


def test_prompt_none_needs_no_consent_for_what_rests_on_legal_duty(client: PortalClient, signed_in: Visitor) -> None:
    response = client.authorize(signed_in, prompt="none", scope="openid profile real_name")
    assert "code" in sent_to_client(response, client.redirect_uri)


@pytest.mark.parametrize("prompt", ["login", "select_account", "login select_account"])
def test_prompt_login_asks_who_is_signed_in_to_log_in_again_core_3_1_2_3(
    prompt: str, provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    first = claims(provider, client, visitor)
    provider.clock.advance(100)
    asked = client.ask(prompt=prompt)
    page = visitor.follow(client.authorize(visitor, asked))
    assert asks_to_log_in(page)
    landing = client.landing(asked, visitor.follow(visitor.log_in(page, "li.beijing")))
    again = provider.read(client.exchange(landing).json()["id_token"])[1]
    assert again["auth_time"] == first["auth_time"] + 100  # type: ignore[operator]


def test_prompt_login_is_not_done_by_a_wrong_password(client: PortalClient, signed_in: Visitor) -> None:
    page = signed_in.follow(client.authorize(signed_in, prompt="login"))
    refused = signed_in.log_in(page, "li.beijing", "wrong")
    assert refused.status_code == 400
    again = signed_in.get(str(page.url).replace("/login?", "/authorize?"))
    assert asks_to_log_in(signed_in.follow(again))


def test_reading_the_log_in_page_again_does_not_get_around_prompt_login(
    client: PortalClient, signed_in: Visitor
) -> None:
    page = signed_in.follow(client.authorize(signed_in, prompt="login"))
    interaction = page.url.params["interaction"]
    for path in ("login", "authorize", "consent"):
        reached = signed_in.follow(signed_in.get(f"/{path}?interaction={interaction}"))
        assert reached.status_code == 200
        assert client.redirect_uri not in reached.headers.get("location", "")


def test_prompt_consent_asks_again_although_nothing_is_wanting(client: PortalClient, signed_in: Visitor) -> None:
    for _ in range(2):
        page = signed_in.follow(client.authorize(signed_in, prompt="consent"))
        assert asks_for_consent(page)
        response = signed_in.follow(signed_in.submit(page, "consent-allow"))
        assert "code" in sent_to_client(response, client.redirect_uri)


def test_prompt_login_consent_asks_for_both_in_this_order(client: PortalClient, signed_in: Visitor) -> None:
    page = signed_in.follow(client.authorize(signed_in, prompt="login consent"))
    assert asks_to_log_in(page)
    page = signed_in.follow(signed_in.log_in(page, "li.beijing"))
    assert asks_for_consent(page)
    response = signed_in.follow(signed_in.submit(page, "consent-allow"))
    assert "code" in sent_to_client(response, client.redirect_uri)


@pytest.mark.parametrize(("max_age", "asks"), [("10000", False), ("100", False), ("99", True), ("0", True)])
def test_max_age_asks_again_only_after_so_many_seconds_core_3_1_2_1(
    max_age: str, asks: bool, provider: Provider, client: PortalClient, signed_in: Visitor
) -> None:
    provider.clock.advance(100)
    assert asks_to_log_in(signed_in.follow(client.authorize(signed_in, max_age=max_age))) == asks
    answer = sent_to_client(client.authorize(signed_in, max_age=max_age, prompt="none"), client.redirect_uri)
    assert answer.get("error") == ("login_required" if asks else None)


def test_max_age_0_forces_a_log_in_even_in_the_same_second(
    provider: Provider, client: PortalClient, signed_in: Visitor
) -> None:
    first = claims(provider, client, signed_in)
    page = signed_in.follow(client.authorize(signed_in, max_age="0"))
    assert asks_to_log_in(page)
    provider.clock.advance(7)
    response = signed_in.follow(signed_in.log_in(page, "li.beijing"))
    assert "code" in sent_to_client(response, client.redirect_uri)
    assert claims(provider, client, signed_in)["auth_time"] == first["auth_time"] + 7  # type: ignore[operator]


@pytest.mark.parametrize("age", [0, 301, 3000])
def test_id_token_hint_of_who_is_signed_in_succeeds_however_old_it_is_core_3_1_2_2(
    age: int, provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    hint = client.tokens(visitor).id_token
    provider.clock.advance(age)
    response = client.authorize(visitor, prompt="none", id_token_hint=hint)
    assert "code" in sent_to_client(response, client.redirect_uri)


def test_id_token_hint_of_another_person_with_prompt_none_is_login_required_core_3_1_2_2(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    hint = client.tokens(provider.visitor(), "wang.tianjin").id_token
    client.sign_in(visitor)
    response = client.authorize(visitor, prompt="none", id_token_hint=hint)
    assert sent_to_client(response, client.redirect_uri)["error"] == "login_required"


def test_id_token_hint_of_another_person_asks_that_person_to_log_in(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    hint = client.tokens(provider.visitor(), "wang.tianjin").id_token
    client.sign_in(visitor)
    page = visitor.follow(client.authorize(visitor, id_token_hint=hint))
    assert asks_to_log_in(page)
    response = visitor.follow(visitor.log_in(page, "wang.tianjin"))
    assert "code" in sent_to_client(response, client.redirect_uri)


def test_whoever_else_logs_in_than_the_hint_names_is_login_required_core_3_1_2_1(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    hint = client.tokens(provider.visitor(), "wang.tianjin").id_token
    page = visitor.follow(client.authorize(visitor, id_token_hint=hint))
    response = visitor.follow(visitor.log_in(page, "li.beijing"))
    assert sent_to_client(response, client.redirect_uri)["error"] == "login_required"


@pytest.mark.parametrize("prompt", [None, "none"])
def test_an_id_token_of_another_client_is_no_hint(
    prompt: str | None,
    client: PortalClient,
    client_factory: Callable[[str], PortalClient],
    visitor: Visitor,
) -> None:
    hint = client_factory("beta").tokens(visitor).id_token
    response = client.authorize(visitor, prompt=prompt, id_token_hint=hint)
    assert sent_to_client(response, client.redirect_uri)["error"] == "invalid_request"


def test_an_access_token_is_no_hint(client: PortalClient, visitor: Visitor) -> None:
    response = client.authorize(visitor, id_token_hint=client.tokens(visitor).access_token)
    assert sent_to_client(response, client.redirect_uri)["error"] == "invalid_request"


def test_prompt_none_never_shows_a_page_but_for_a_client_that_cannot_be_told(
    client: PortalClient, visitor: Visitor
) -> None:
    for changes in ({"max_age": "x"}, {"scope": "x"}, {"request": "x"}, {"acr_values": "x"}, {"login_hint": "x"}):
        answer = sent_to_client(client.authorize(visitor, client.ask(prompt="none", **changes)), client.redirect_uri)
        assert "error" in answer
    refused_on_a_page(client.authorize(visitor, prompt="none", redirect_uri="https://stranger.example/"))

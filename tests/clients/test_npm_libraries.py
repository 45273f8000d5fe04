"""openid-client and oauth4webapi, as npm has them, complete their flows; what they validate is theirs to say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.provider import Provider
from tests.clients.script import Library, Objection, Person, log_out

OFFLINE = {"scope": "openid profile offline_access", "prompt": "consent"}


def onward(provider: Provider, client_id: str) -> str:
    """Return where that client wants people after they have logged out."""
    return str(provider.registrations[client_id].table["post_logout_redirect_uris"][0])


@pytest.mark.parametrize("client_id", ["basic", "post", "public", "by-key", "signed-userinfo"])
def test_a_person_is_signed_in_by_code_and_pkce(
    provider: Provider, person: Person, library: Library, client_id: str
) -> None:
    result = library.play("signIn", client_id, person)
    assert result["token_type"] == "bearer"
    assert result["claims"]["sub"] == result["userinfo"]["sub"]
    assert result["userinfo"]["name"] == "甄示全"


def test_a_refresh_token_is_rotated_introspected_and_revoked_and_the_person_logs_out(
    provider: Provider, library: Library
) -> None:
    own = Person(provider.visitor())
    result = library.play("lifeOfAToken", "basic", own, asked=OFFLINE)
    assert result["rotated"]
    assert result["active"] == [True, False]
    # The client has given up what it had: nothing proves any more that it speaks for this person, who is asked.
    assert log_out(own.visitor, result["end_session"]) == (True, f"{onward(provider, 'basic')}?state=onward")


@pytest.mark.parametrize("client_id", ["fapi-es256", "fapi-ps256", "fapi-eddsa"])
def test_a_fapi_client_pushes_proves_its_key_and_keeps_its_refresh_token(
    provider: Provider, library: Library, person: Person, client_id: str
) -> None:
    asked = {**OFFLINE, "resource": f"{provider.registrations[client_id].address}/api"}
    result = library.play("fapi", client_id, person, asked=asked)
    assert result["token_type"] == "dpop"
    assert result["kept"]
    assert result["userinfo"]["sub"] == result["claims"]["sub"]
    if library.name == "oauth4webapi":
        assert result["at_the_api"]["client_id"] == client_id
        assert result["at_the_api"]["cnf"]["jkt"]


def test_a_message_signing_client_signs_its_request_verifies_the_answer_and_logs_the_person_out(
    provider: Provider, library: Library
) -> None:
    own = Person(provider.visitor())
    asked = {**OFFLINE, "resource": f"{provider.registrations['message-signing'].address}/api", "response_mode": "jwt"}
    result = library.play("fapi", "message-signing", own, signed=True, jarm=True, asked=asked)
    assert result["userinfo"]["sub"] == result["claims"]["sub"]
    leads = f"{onward(provider, 'message-signing')}?state=onward"
    assert log_out(own.visitor, result["end_session"]) == (False, leads)


def test_an_answer_may_be_a_signed_jwt(provider: Provider, person: Person, library: Library) -> None:
    asked = {"scope": "openid", "response_mode": "jwt"}
    assert library.play("jarm", "jarm", person, asked=asked)["claims"]["aud"] == "jarm"


def test_an_id_token_beside_the_code_is_verified(provider: Provider, person: Person, library: Library) -> None:
    asked = {"scope": "openid", "response_type": "code id_token"}
    assert library.play("hybrid", "hybrid", person, asked=asked)["claims"]["aud"] == "hybrid"


def test_an_id_token_alone_is_verified(openid_client: Library, person: Person) -> None:
    asked = {"scope": "openid"}
    assert openid_client.play("implicit", "implicit", person, asked=asked)["claims"]["aud"] == "implicit"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "client_secret_jwt"])
def test_a_client_registers_itself(provider: Provider, person: Person, library: Library, method: str) -> None:
    metadata: dict[str, Any] = {
        "redirect_uris": ["https://newcomer.example/callback"],
        "client_name": "Newcomer",
        "token_endpoint_auth_method": method,
    }
    story = {"metadata": metadata, "redirect_uri": metadata["redirect_uris"][0], "method": method}
    result = library.play("registration", "basic", person, **story, secret=None)
    assert result["registered"]["token_endpoint_auth_method"] == method
    assert result["claims"]["aud"] == result["registered"]["client_id"]
    assert result["userinfo"]["sub"] == result["claims"]["sub"]


@pytest.mark.parametrize(("client_id", "flow", "mode"), [("basic", "signIn", "query"), ("jarm", "jarm", "jwt")])
def test_an_error_is_understood(provider: Provider, library: Library, client_id: str, flow: str, mode: str) -> None:
    asked = {"scope": "openid", "prompt": "none", "response_mode": mode}
    with pytest.raises(Objection) as caught:
        library.play(flow, client_id, Person(provider.visitor()), asked=asked)
    assert caught.value.error == "login_required"
    assert caught.value.code == "OAUTH_AUTHORIZATION_RESPONSE_ERROR"

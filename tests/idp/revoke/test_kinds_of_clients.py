"""Revocation and introspection by public clients and by those of FAPI 2: RFC 7009 2.1, RFC 7662 2.1."""

from __future__ import annotations

from tests.idp.par.conftest import strict_tokens
from tests.idp.provider import Provider
from tests.portal_client import Tokens, refusal


def _active(provider: Provider, token: str) -> bool:
    """Tell what the provider holds of an access token, which a public client may not ask."""
    response = provider.client("public").userinfo(token)
    assert response.status_code in (200, 401)
    return response.status_code == 200


def test_a_public_client_revokes_what_is_its_own_rfc7009_2_1(strict: Provider) -> None:
    public = strict.client("public")
    tokens = public.tokens(strict.visitor())
    assert _active(strict, tokens.access_token)
    assert public.revoke(tokens.access_token).status_code == 200
    assert not _active(strict, tokens.access_token)
    again = Tokens(public.refresh(tokens.refresh_token).json())
    assert public.revoke(again.refresh_token).status_code == 200
    assert not _active(strict, again.access_token)
    assert refusal(public.refresh(again.refresh_token)) == "invalid_grant"


def test_a_public_client_revokes_nothing_of_another_rfc7009_2_1(strict: Provider) -> None:
    public = strict.client("public")
    tokens = public.tokens(strict.visitor())
    other = strict.client("other-public")
    for token in (tokens.access_token, tokens.refresh_token):
        assert refusal(other.revoke(token)) == "invalid_grant"
        assert refusal(other.revoke(token, client_id=None), 401) == "invalid_client"
    assert _active(strict, tokens.access_token)
    assert public.refresh(tokens.refresh_token).status_code == 200


def test_a_public_client_may_not_ask_about_tokens_rfc7662_2_1(strict: Provider) -> None:
    public = strict.client("public")
    tokens = public.tokens(strict.visitor())
    for token in (tokens.access_token, tokens.refresh_token, "made-up"):
        assert refusal(public.introspect(token), 401) == "invalid_client"


def test_nobody_is_told_to_ask_about_tokens_without_proof_rfc8414_2(strict: Provider) -> None:
    document = strict.get("/.well-known/openid-configuration").json()
    assert "none" in document["revocation_endpoint_auth_methods_supported"]
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]


def test_a_bound_token_is_revoked_without_its_key_rfc7009_2(strict: Provider) -> None:
    fapi = strict.client("fapi")
    tokens = strict_tokens(strict, fapi)
    told = fapi.introspect(tokens.access_token).json()
    assert (told["active"], told["token_type"], set(told["cnf"])) == (True, "DPoP", {"jkt"})
    assert fapi.revoke(tokens.access_token).status_code == 200
    assert not fapi.active(tokens.access_token)


def test_a_refresh_token_that_is_not_rotated_is_revoked_with_all_that_came_of_it_rfc7009_2_1(
    strict: Provider,
) -> None:
    fapi = strict.client("fapi")
    tokens = strict_tokens(strict, fapi)
    again = [Tokens(fapi.refresh(tokens.refresh_token).json()) for _ in range(2)]
    assert fapi.active(tokens.refresh_token)
    assert fapi.revoke(tokens.refresh_token).status_code == 200
    assert refusal(fapi.refresh(tokens.refresh_token)) == "invalid_grant"
    assert not fapi.active(tokens.refresh_token)
    assert not any(fapi.active(one.access_token) for one in (tokens, *again))

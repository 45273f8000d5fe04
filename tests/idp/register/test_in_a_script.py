"""Clients that are scripts in a browser, at an origin of their own: what they may ask, and what they may not (CORS)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from tests.browser import new_page
from tests.idp.provider import Provider
from tests.idp.register.conftest import Registrar
from tests.idp.register.test_use import client_of
from tests.portal_client import dpop_key
from web.dpop import make_proof

ORIGIN = "https://script.example"
ASK = """async ([url, method, headers, body]) => {
  const answer = await fetch(url, {method, headers, body: body && new URLSearchParams(body)});
  return [answer.status, await answer.json(), answer.headers.get("dpop-nonce"), answer.headers.get("www-authenticate")];
}"""


def preflight(provider: Provider, path: str, method: str = "POST", **headers: str) -> httpx.Response:
    """Ask as a browser does before it sends what a form could not."""
    asked = {"origin": ORIGIN, "access-control-request-method": method, **headers}
    return provider.client("alpha").http.request("OPTIONS", provider.issuer + path, headers=asked)


def test_a_script_signs_somebody_in_with_dpop_and_reads_who_it_is_core_5_3(
    registrar: Registrar, browser: Browser
) -> None:
    provider = registrar.provider
    home = f"http://script.localhost:{provider.listener.port}/home"
    client, told = client_of(registrar, redirect_uris=[home], token_endpoint_auth_method="none")
    landing = client.sign_in(provider.visitor())
    key = dpop_key("script")

    def proof(path: str, method: str = "POST", **changes: Any) -> str:
        return make_proof(key, method=method, url=provider.issuer + path, now=provider.clock(), **changes)

    form = {**client.redemption(landing), "client_id": told["client_id"]}
    with new_page(browser) as page:
        page.goto(home)
        token, userinfo = f"{provider.issuer}/token", f"{provider.issuer}/userinfo"
        status, refused, nonce, _ = page.evaluate(ASK, [token, "POST", {"DPoP": proof("/token")}, form])
        assert (status, refused["error"]) == (400, "use_dpop_nonce")
        headers = {"DPoP": proof("/token", nonce=nonce)}
        status, tokens, nonce, _ = page.evaluate(ASK, [token, "POST", headers, form])
        assert (status, tokens["token_type"]) == (200, "DPoP")
        access_token = tokens["access_token"]
        headers = {
            "Authorization": f"DPoP {access_token}",
            "DPoP": proof("/userinfo", "GET", nonce=nonce, access_token=access_token),
        }
        status, claims, _, _ = page.evaluate(ASK, [userinfo, "GET", headers, None])
        assert (status, claims["sub"]) == (200, provider.read(tokens["id_token"])[1]["sub"])
        status, _, _, challenge = page.evaluate(ASK, [userinfo, "GET", {"Authorization": "Bearer x"}, None])
        assert status == 401
        assert 'error="invalid_token"' in challenge
        form = {"token": tokens["refresh_token"], "client_id": told["client_id"]}
        assert page.evaluate(ASK, [f"{provider.issuer}/revoke", "POST", {}, form])[0] == 200
        found = page.evaluate(ASK, [f"{provider.issuer}/.well-known/openid-configuration", "GET", {}, None])
        assert found[1]["issuer"] == provider.issuer


@pytest.mark.parametrize("path", ["/token", "/par", "/revoke", "/userinfo"])
def test_a_preflight_is_answered_without_any_cookie_in_mind(path: str, registrar: Registrar) -> None:
    answer = preflight(registrar.provider, path)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "Authorization, Content-Type, DPoP"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/authorize", "/login", "/consent", "/end_session", "/", "/introspect", "/register", "/check_session"]
)
def test_nothing_else_is_open_to_scripts_rfc9700_2_6(path: str, registrar: Registrar) -> None:
    provider = registrar.provider
    assert preflight(provider, path).status_code == 405
    for method in ("GET", "POST", "OPTIONS"):
        answer = provider.client("alpha").http.request(method, provider.issuer + path, headers={"origin": ORIGIN})
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_options_that_is_no_preflight_is_not_allowed(registrar: Registrar) -> None:
    provider = registrar.provider
    answer = provider.client("alpha").http.request("OPTIONS", f"{provider.issuer}/token", headers={"origin": ORIGIN})
    assert answer.status_code == 405

"""How tests read what /authorize answers: a redirect to the client, a form on its way there, or a page."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.visitor import form_with

GO = "form-post-go"


def sent_to_client(response: httpx.Response, redirect_uri: str) -> dict[str, str]:
    """Return the parameters that the redirect takes to the client's redirect_uri, each of them once."""
    location = _location(response)
    assert urlsplit(location)._replace(query="").geturl() == urlsplit(redirect_uri)._replace(query="").geturl()
    return _once(urlsplit(location).query)


def sent_in_fragment(response: httpx.Response, redirect_uri: str) -> dict[str, str]:
    """Return the parameters that the redirect takes to the client in the fragment, nothing added to the query."""
    address, _, fragment = _location(response).partition("#")
    assert address == redirect_uri
    return _once(fragment)


def posted_to_client(response: httpx.Response, redirect_uri: str) -> dict[str, str]:
    """Return what the page's form takes to the client's redirect_uri when it is sent."""
    assert response.status_code == 200, f"{response.status_code}: {response.headers.get('location')}"
    form = form_with(response, GO)
    assert (form.method, form.action) == ("post", redirect_uri)
    return form.fields


def _location(response: httpx.Response) -> str:
    assert response.status_code == 303, f"{response.status_code}: {response.text[:500]}"
    return str(response.headers["location"])


def _once(encoded: str) -> dict[str, str]:
    pairs = parse_qsl(encoded, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), f"a parameter came twice: {pairs}"
    return dict(pairs)


def refused_on_a_page(response: httpx.Response, status: int = 400) -> str:
    """Return the page's text after checking that it is an error page with an incident number, and no redirect."""
    assert response.status_code == status, f"{response.status_code}: {response.headers.get('location')}"
    assert "location" not in response.headers
    assert response.headers["content-type"].startswith("text/html")
    assert 'id="incident"' in response.text
    return response.text


def asks_to_log_in(response: httpx.Response) -> bool:
    """Tell whether this is the log-in page."""
    return response.status_code == 200 and 'id="login-submit"' in response.text


def asks_for_consent(response: httpx.Response) -> bool:
    """Tell whether this is the consent page."""
    return response.status_code == 200 and 'id="consent-allow"' in response.text

"""How tests read what /authorize answers: a redirect to the client, or a page."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import httpx


def sent_to_client(response: httpx.Response, redirect_uri: str) -> dict[str, str]:
    """Return the parameters that the redirect takes to the client's redirect_uri, each of them once."""
    assert response.status_code == 303, f"{response.status_code}: {response.text[:500]}"
    location = response.headers["location"]
    assert urlsplit(location)._replace(query="").geturl() == urlsplit(redirect_uri)._replace(query="").geturl()
    pairs = parse_qsl(urlsplit(location).query, keep_blank_values=True, strict_parsing=True)
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

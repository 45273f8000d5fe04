"""Who only looks (HEAD) makes nothing happen (RFC 9110 9.2.1)."""

from __future__ import annotations

import pytest

from tests.portal_client import PortalClient
from tests.visitor import Visitor


@pytest.mark.parametrize("path", ["/authorize", "/login", "/consent", "/end_session"])
def test_a_page_that_acts_has_no_head(path: str, visitor: Visitor) -> None:
    response = visitor.http.head(visitor.issuer + path)
    assert response.status_code == 405
    assert "HEAD" not in response.headers["allow"]


def test_looking_at_an_authorization_request_issues_no_code(client: PortalClient, visitor: Visitor) -> None:
    client.sign_in(visitor)
    response = visitor.http.head(client.authorize_url(client.ask()))
    assert response.status_code == 405
    assert "location" not in response.headers

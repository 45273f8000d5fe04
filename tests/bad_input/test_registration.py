"""Registration over HTTP: every member of client metadata wrong in every way (RFC 7591 3.2.2), and nothing is kept."""

from __future__ import annotations

import json

from tests.idp.provider import Provider
from tests.idp.register.metadata import FULL
from tests.idp.register.test_metadata import wrong_values
from tests.portal_client import refusal

BODY_LIMIT = 64 * 1024


def test_every_member_wrong_in_each_way_is_refused_over_http_rfc7591_3_2_2(attacked: Provider) -> None:
    http, events = attacked.client("alpha").http, attacked.parts.stores.audit
    before = len(attacked.run(events.latest(10_000, "client.registered")))
    for name, value in wrong_values():
        body = json.dumps({**FULL, "sector_identifier_uri": None, name: value})
        response = http.post(f"{attacked.issuer}/register", content=body, headers={"content-type": "application/json"})
        code = "invalid_redirect_uri" if name == "redirect_uris" else "invalid_client_metadata"
        if len(body) > BODY_LIMIT:
            assert refusal(response, 413) == "invalid_client_metadata"
        else:
            assert refusal(response) == code, f"{name}={str(value)[:80]!r}: {response.text}"
            assert name in response.json()["error_description"]
    assert len(attacked.run(events.latest(10_000, "client.registered"))) == before

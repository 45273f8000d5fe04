"""Modules about parameters in a JWT (Core 6). The suite skips those without a signature, which are refused here."""

from __future__ import annotations

import base64
import json

from tests.conformance.party import Party, is_page_without_a_way_back
from tests.conformance.suite import Suite
from tests.portal_client import Asked
from tests.visitor import Visitor

MEDIA_TYPE = "application/oauth-authz-req+jwt"


def part(value: object) -> str:
    """Return a part of a JWT (RFC 7515 2)."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(asked: Asked) -> str:
    """Return `asked` as a request object with alg none (RFC 7519 6.1)."""
    return f"{part({'alg': 'none'})}.{part(asked.parameters)}."


class RequestObjects:
    """Processed or refused, never ignored."""

    def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
        self, suite: Suite, party: Party, browser: Visitor
    ) -> None:
        assert "none" not in suite.metadata()["request_object_signing_alg_values_supported"]
        asked = party.ask()
        asked.parameters["request"] = unsigned(asked)
        party.refused(party.answer(*party.open(browser, asked)), "request_not_supported")

    def test_oidcc_ensure_request_object_with_redirect_uri(self, suite: Suite, party: Party, browser: Visitor) -> None:
        # The suite skips this without unsigned request objects; with a signed one it must hold as well (Core 6.1).
        elsewhere = f"{party.redirect_uri}?unregistered=1"
        asked = party.ask()
        inside = party.request_object(asked) if party.variant.dynamic else unsigned(asked)
        outside = Asked({**asked.parameters, "redirect_uri": elsewhere, "request": inside}, asked.code_verifier)
        opened = party.open(browser, outside)
        if not party.variant.dynamic:
            # The plan's clients are registered without a key, and so cannot sign.
            is_page_without_a_way_back(opened[1], suite.address)
            return
        answer = party.finish(browser, (asked, opened[1]))
        assert answer.redirect_uri == party.redirect_uri
        party.complete(party.checked(answer))


class UnsignedByReference:
    """A request_uri that leads to an unsigned request object."""

    def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
        self, suite: Suite, party: Party, browser: Visitor
    ) -> None:
        path = f"/request-objects/unsigned-{party.variant.response_type.replace(' ', '-')}"
        registered = suite.party(party.variant, request_uris=[f"{suite.address}{path}"])
        asked = registered.ask()
        suite.serve(path, unsigned(asked), MEDIA_TYPE)
        asked.parameters["request_uri"] = f"{suite.address}{path}"
        registered.refused(registered.answer(*registered.open(browser, asked)), "request_uri_not_supported")

"""Modules about parameters in a JWT (Core 6). The suite skips those without a signature, which are refused here."""

from __future__ import annotations

import base64
import json

from tests.conformance.party import Party, is_page_without_a_way_back
from tests.conformance.plans import Variant
from tests.conformance.suite import Suite
from tests.portal_client import Asked, client_key
from tests.visitor import Visitor

MEDIA_TYPE = "application/oauth-authz-req+jwt"


def part(value: object) -> str:
    """Return a part of a JWT (RFC 7515 2)."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(asked: Asked) -> str:
    """Return `asked` as a request object with alg none (RFC 7519 6.1)."""
    return f"{part({'alg': 'none'})}.{part(asked.parameters)}."


def _refused_by_reference(suite: Suite, party: Party, browser: Visitor) -> None:
    """Send an unsigned request object behind a registered request_uri (Core 3.1.2.6)."""
    assert "none" not in suite.metadata()["request_object_signing_alg_values_supported"]
    path = f"/request-objects/unsigned/{party.client_id}"
    uri = f"{suite.address}{path}"
    registered = suite.party(party.variant, request_uris=[uri])
    asked = registered.ask()
    suite.serve(path, unsigned(asked), MEDIA_TYPE)
    asked.parameters["request_uri"] = uri
    registered.refused(registered.answer(*registered.open(browser, asked)), "request_uri_not_supported")
    assert suite.listener.received(path)


class RedirectUriInside:
    """Of two redirect URIs, the signed one counts (Core 6.1)."""

    def test_oidcc_ensure_request_object_with_redirect_uri(self, suite: Suite, party: Party, browser: Visitor) -> None:
        # The suite skips this without unsigned request objects; with a signed one it must hold as well.
        asked = party.ask()
        inside = party.request_object(asked) if party.variant.dynamic else unsigned(asked)
        elsewhere = f"{party.redirect_uri}?unregistered=1"
        outside = Asked({**asked.parameters, "redirect_uri": elsewhere, "request": inside}, asked.code_verifier)
        page = party.open(browser, outside)[1]
        if not party.variant.dynamic:
            # The plan's clients are registered without a key, and so cannot sign.
            is_page_without_a_way_back(page, suite.address)
            return
        answer = party.finish(browser, (asked, page))
        assert answer.redirect_uri == party.redirect_uri
        party.complete(party.checked(answer))


class RequestObjects(RedirectUriInside):
    """Processed or refused, never ignored."""

    def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
        self, suite: Suite, party: Party, browser: Visitor
    ) -> None:
        assert "none" not in suite.metadata()["request_object_signing_alg_values_supported"]
        asked = party.ask()
        asked.parameters["request"] = unsigned(asked)
        party.refused(party.answer(*party.open(browser, asked)), "request_not_supported")


class UnsignedByReference:
    """A request_uri that leads to an unsigned request object."""

    def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
        self, suite: Suite, party: Party, browser: Visitor
    ) -> None:
        _refused_by_reference(suite, party, browser)


class ByReference(RedirectUriInside):
    """What a plan asks that has request_uri among its duties."""

    def test_oidcc_request_uri_unsigned(self, suite: Suite, party: Party, browser: Visitor) -> None:
        _refused_by_reference(suite, party, browser)

    def test_oidcc_request_uri_signed_rs256(self, suite: Suite, variant: Variant, browser: Visitor) -> None:
        path = "/request-objects/signed"
        keys = [client_key("ES256", "client-1"), client_key("RS256", "client-rsa")]
        party = suite.party(
            variant,
            request_uris=[f"{suite.address}{path}"],
            request_object_signing_alg="RS256",
            jwks={"keys": [key.as_dict(private=False) for key in keys]},
        )
        asked = party.ask()
        suite.serve(path, party.request_object(asked, key=keys[1], header={"alg": "RS256"}), MEDIA_TYPE)
        outside = {name: asked.parameters[name] for name in ("client_id", "response_type", "scope")}
        outside["request_uri"] = f"{suite.address}{path}"
        page = party.open(browser, Asked(outside, asked.code_verifier))[1]
        party.complete(party.checked(party.finish(browser, (asked, page))))
        assert suite.listener.received(path)

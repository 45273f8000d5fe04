"""FAPI 2.0 modules about signed requests (RFC 9101, FAPI 2.0 Message Signing 5.3.1)."""

from __future__ import annotations

from typing import Any

from tests.conformance.fapi_party import FapiParty
from tests.conformance.modules.request_objects import unsigned
from tests.portal_client import client_key
from tests.visitor import Visitor


def _push(party: FapiParty, **changes: Any) -> Any:
    return party.call("/par", party.pushing(party.ask(), **changes))


def _refused(party: FapiParty, **changes: Any) -> None:
    party.refused_push(_push(party, **changes), "invalid_request_object")


class SignedRequests:
    """What the client signed, and nothing else, for this provider and for now."""

    def test_fapi2_security_profile_final_ensure_request_object_with_multiple_aud_succeeds(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        asked = party.ask()
        audience = ["https://other1.example.com", party.issuer, "invalid"]
        request_uri = party.request_uri(party.call("/par", party.pushing(asked, aud=audience)))
        party.complete(party.checked(party.finish(browser, party.visit(browser, asked, request_uri))))

    def test_fapi2_security_profile_final_ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(
        self, party: FapiParty
    ) -> None:
        party.request_uri(_push(party, nbf=int(party.clock()) + 8))

    def test_fapi2_security_profile_final_ensure_request_object_without_exp_fails(self, party: FapiParty) -> None:
        _refused(party, exp=None)

    def test_fapi2_security_profile_final_ensure_request_object_without_nbf_fails(self, party: FapiParty) -> None:
        _refused(party, nbf=None)

    def test_fapi2_security_profile_final_ensure_expired_request_object_fails(self, party: FapiParty) -> None:
        now = int(party.clock())
        _refused(party, iat=now - 400, nbf=now - 400, exp=now - 300)

    def test_fapi2_security_profile_final_ensure_request_object_with_bad_aud_fails(self, party: FapiParty) -> None:
        _refused(party, aud="https://other.example")

    def test_fapi2_security_profile_final_ensure_request_object_with_exp_over_60_fails(self, party: FapiParty) -> None:
        _refused(party, exp=int(party.clock()) + 70 * 60)

    def test_fapi2_security_profile_final_ensure_request_object_with_nbf_over_60_fails(self, party: FapiParty) -> None:
        _refused(party, nbf=int(party.clock()) - 70 * 60)

    def test_fapi2_security_profile_final_ensure_signed_request_object_with_rs256_fails(self, party: FapiParty) -> None:
        key = party.registration.key
        assert key.key_type == "RSA"
        _refused(party, header={"alg": "RS256"})

    def test_fapi2_security_profile_final_ensure_request_object_signature_algorithm_is_not_none(
        self, party: FapiParty
    ) -> None:
        response = party.call("/par", {"request": unsigned(party.ask())})
        party.refused_push(response, "invalid_request_object")

    def test_fapi2_security_profile_final_ensure_request_object_with_invalid_signature_fails(
        self, party: FapiParty
    ) -> None:
        first, second = (party.request_object(party.ask()) for _ in range(2))
        swapped = ".".join([*first.split(".")[:2], second.split(".")[2]])
        party.refused_push(party.call("/par", {"request": swapped}), "invalid_request_object")

    def test_fapi2_security_profile_final_ensure_matching_key_in_authorization_request(
        self, party: FapiParty, other: FapiParty
    ) -> None:
        by_other = other.request_object(party.ask(), iss=party.client_id)
        party.refused_push(party.call("/par", {"request": by_other}), "invalid_request_object")
        forged = client_key("PS256", str(party.registration.key.kid) + "-forged")
        _refused(party, key=forged, header={"kid": party.registration.key.kid})

    def test_fapi2_security_profile_final_ensure_unsigned_request_at_par_endpoint_fails(self, party: FapiParty) -> None:
        response = party.call("/par", dict(party.ask().parameters))
        party.refused_push(response, "invalid_request")

    def test_fapi2_security_profile_final_par_authorization_request_containing_request_uri(
        self, party: FapiParty
    ) -> None:
        _refused(party, request_uri="urn:ietf:params:oauth:request_uri:guessed")

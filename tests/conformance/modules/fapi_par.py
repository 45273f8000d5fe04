"""FAPI 2.0 modules about what may be pushed, and by whom (RFC 9126 2, FAPI 2.0 Security Profile 5.3.2)."""

from __future__ import annotations

from tests.conformance.fapi_party import FapiParty
from tests.visitor import Visitor

NO_CLIENT = ("invalid_client",)


class Pushed:
    """What is wrong with a request is told when it is pushed."""

    def test_fapi2_security_profile_final_ensure_request_object_without_redirect_uri_fails(
        self, party: FapiParty
    ) -> None:
        response = party.push(party.ask(redirect_uri=None))
        party.refused_push(response, "invalid_request", "invalid_request_object")

    def test_fapi2_security_profile_final_ensure_redirect_uri_in_authorization_request(self, party: FapiParty) -> None:
        party.refused_push(party.push(party.ask(redirect_uri=None)), "invalid_request")

    def test_fapi2_security_profile_final_plain_fapi_tolerate_unregistered_redirect_uri(self, party: FapiParty) -> None:
        # RFC 9126 2.4 lets servers take it; this one does not.
        elsewhere = f"{party.redirect_uri}/unregistered"
        party.refused_push(party.push(party.ask(redirect_uri=elsewhere)), "invalid_request")

    def test_fapi2_security_profile_final_ensure_response_type_code_idtoken_fails(self, party: FapiParty) -> None:
        response = party.push(party.ask(response_type="code id_token"))
        party.refused_push(response, "unsupported_response_type", "unauthorized_client", "invalid_request")

    def test_fapi2_security_profile_final_ensure_response_type_token_fails(self, party: FapiParty) -> None:
        response = party.push(party.ask(response_type="token"))
        party.refused_push(response, "unsupported_response_type", "unauthorized_client", "invalid_request")

    def test_fapi2_security_profile_final_par_ensure_pkce_required(self, party: FapiParty) -> None:
        response = party.push(party.ask(code_challenge=None, code_challenge_method=None))
        party.refused_push(response, "invalid_request")

    def test_fapi2_security_profile_final_par_plain_pkce_rejected(self, party: FapiParty) -> None:
        # As long as a hash, so that nothing but the method is wrong.
        plain = party.ask(code_challenge_method="plain")
        party.refused_push(party.push(plain), "invalid_request")

    def test_fapi2_security_profile_final_par_authorization_request_containing_request_uri_form_param(
        self, party: FapiParty
    ) -> None:
        beside = party.push(party.ask(), request_uri="urn:ietf:params:oauth:request_uri:guessed")
        party.refused_push(beside, "invalid_request")

    def test_fapi2_security_profile_final_par_attempt_invalid_http_method(self, party: FapiParty) -> None:
        for method in ("GET", "PUT"):
            answer = party.http.request(method, f"{party.issuer}/par", data=party.form(party.pushing(party.ask())))
            assert answer.status_code == 405
            assert answer.headers["allow"] == "POST"


class AssertionsAtPar:
    """A client assertion is for the issuer alone, and of now (FAPI 2.0 Security Profile 5.3.2.1)."""

    def test_fapi2_security_profile_final_par_test_array_as_audience_fails(self, party: FapiParty) -> None:
        response = party.push(party.ask(), client_assertion=party.assertion(aud=[party.issuer]))
        party.refused_push(response, *NO_CLIENT)

    def test_fapi2_security_profile_final_par_test_par_endpoint_url_as_audience_fails(self, party: FapiParty) -> None:
        response = party.push(party.ask(), client_assertion=party.assertion(aud=f"{party.issuer}/par"))
        party.refused_push(response, *NO_CLIENT)

    def test_fapi2_security_profile_final_par_test_token_endpoint_url_as_audience_fails(self, party: FapiParty) -> None:
        response = party.push(party.ask(), client_assertion=party.assertion(aud=f"{party.issuer}/token"))
        party.refused_push(response, *NO_CLIENT)

    def test_fapi2_security_profile_final_par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(
        self, party: FapiParty
    ) -> None:
        party.learn_nonce()
        soon = int(party.clock()) + 8
        assertion = party.assertion(iat=soon, nbf=soon, exp=soon + 60)
        party.request_uri(party.push(party.ask(), client_assertion=assertion))

    def test_fapi2_security_profile_final_par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails(
        self, party: FapiParty
    ) -> None:
        late = int(party.clock()) + 70
        response = party.push(party.ask(), client_assertion=party.assertion(iat=late, nbf=late, exp=late + 60))
        party.refused_push(response, *NO_CLIENT)


def _refused(party: FapiParty, browser: Visitor, **credentials: str | None) -> None:
    answer = party.go(browser)
    response = party.call("/token", {**party.redemption(answer), **credentials})
    party.refused_push(response, *NO_CLIENT)
    # The code is not used up by somebody who could not prove who it was.
    party.redeemed(answer)


class AssertionsAtToken:
    """Who redeems a code proves who it is (RFC 7523 3, FAPI 2.0 Security Profile 5.3.2.1, 5.4.1)."""

    def test_fapi2_security_profile_final_ensure_signed_client_assertion_with_rs256_fails(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        # With the key that it has, so that nothing but the algorithm is wrong.
        assert party.registration.key.key_type == "RSA"
        by_rs256 = party.assertion(header={"alg": "RS256"})
        _refused(party, browser, client_assertion=by_rs256)

    def test_fapi2_security_profile_final_ensure_client_assertion_in_token_endpoint(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        _refused(party, browser, client_assertion=None, client_assertion_type=None, client_id=party.client_id)

    def test_fapi2_security_profile_final_ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        past = int(party.clock()) - 300
        _refused(party, browser, client_assertion=party.assertion(iat=past - 60, exp=past))

    def test_fapi2_security_profile_final_ensure_client_assertion_with_wrong_aud_fails(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        _refused(party, browser, client_assertion=party.assertion(aud="https://other.example"))

    def test_fapi2_security_profile_final_ensure_client_assertion_with_no_sub_fails(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        _refused(party, browser, client_assertion=party.assertion(sub=None))

    def test_fapi2_security_profile_final_ensure_client_id_in_token_endpoint(
        self, party: FapiParty, other: FapiParty, browser: Visitor
    ) -> None:
        _refused(party, browser, client_id=other.client_id)

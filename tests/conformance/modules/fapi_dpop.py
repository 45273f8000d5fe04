"""FAPI 2.0 modules about proofs of the client's key (RFC 9449)."""

from __future__ import annotations

from typing import Any

from tests.conformance.fapi_party import FapiParty, proof_key, thumbprint
from tests.conformance.modules.request_objects import part
from tests.conformance.party import Answer
from tests.portal_client import client_key, refusal
from tests.visitor import Visitor

UNBOUND = ("invalid_dpop_proof", "invalid_grant")


def _whole_flow(party: FapiParty, browser: Visitor, **changes: Any) -> None:
    party.learn_nonce()
    asked = party.ask()
    request_uri = party.pushed(asked, {"dpop": party.dpop("/par", **changes)})
    answer = party.checked(party.finish(browser, party.visit(browser, asked, request_uri)))
    response = party.call("/token", party.redemption(answer), {"dpop": party.dpop("/token", **changes)})
    assert response.status_code == 200, response.text
    token = response.json()["access_token"]
    resource = party.reach(token, party.resource_proof(token, **changes))
    assert resource.status_code == 200, resource.text


class Times:
    """Clocks that differ a little, and members that need not be there (RFC 9449 4.3, 11.1)."""

    def test_fapi2_security_profile_final_ensure_dpopproof_with_iat_10seconds_before_succeeds(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        _whole_flow(party, browser, iat=int(party.clock()) - 10)

    def test_fapi2_security_profile_final_ensure_dpopproof_with_iat_10seconds_after_succeeds(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        _whole_flow(party, browser, iat=int(party.clock()) + 10)

    def test_fapi2_security_profile_final_check_dpop_proof_nbf_exp(self, party: FapiParty, browser: Visitor) -> None:
        now = int(party.clock())
        _whole_flow(party, browser, nbf=now, exp=now + 300)


def _bound(party: FapiParty, answer: Answer) -> None:
    other_key = party.with_key(proof_key("another"))
    assert refusal(other_key.exchange(answer)) in UNBOUND
    party.redeemed(answer)


class Binding:
    """The code is bound to the key that was named or proven when the request was pushed (RFC 9449 10)."""

    def test_fapi2_security_profile_final_ensure_mismatched_dpop_jkt_fails(self, party: FapiParty) -> None:
        response = party.push(party.ask(dpop_jkt=thumbprint(proof_key("another"))))
        party.refused_push(response, "invalid_request", "invalid_dpop_proof")

    def test_fapi2_security_profile_final_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        answer = party.go(browser)
        assert refusal(party.with_key(proof_key("another")).exchange(answer)) in UNBOUND

    def test_fapi2_security_profile_final_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        named = thumbprint(proof_key("another"))
        answer = party.silent("/par").go(browser, dpop_jkt=named)
        assert refusal(party.exchange(answer)) in UNBOUND

    def test_fapi2_security_profile_final_ensure_dpopproof_at_par_endpoint_binding_success(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        _bound(party, party.go(browser))

    def test_fapi2_security_profile_final_ensure_dpop_auth_code_binding_success(
        self, party: FapiParty, browser: Visitor
    ) -> None:
        assert party.dpop_key is not None
        named = thumbprint(party.dpop_key)
        _bound(party, party.silent("/par").go(browser, dpop_jkt=named))


class AtTheResource:
    """Each check of a proof, one at a time (RFC 9449 4.3, 7.1, 7.2)."""

    def test_fapi2_security_profile_final_dpop_negative_tests(self, party: FapiParty, browser: Visitor) -> None:
        outcome = party.flow(browser)
        token = outcome.access_token
        for name, good in _good_proofs(party, token).items():
            assert party.reach(token, good, query="?foo=bar").status_code == 200, name
        for name, bad in _bad_proofs(party, token).items():
            response = party.reach(token, *bad)
            assert (name, refusal(response, 401)) == (name, "invalid_dpop_proof")
            assert 'DPoP realm="' in response.headers["www-authenticate"]
        by_another = party.resource_proof(token, key=proof_key("another"))
        assert refusal(party.reach(token, by_another), 401) == "invalid_token"
        once = party.resource_proof(token)
        assert party.reach(token, once).status_code == 200
        assert refusal(party.reach(token, once), 401) == "invalid_dpop_proof"
        assert refusal(party.reach(token, silent=True), 401) == "invalid_dpop_proof"
        assert refusal(party.reach(token, silent=True, scheme="Bearer"), 401) == "invalid_token"
        assert refusal(party.reach(token, scheme="Bearer"), 401) == "invalid_token"
        in_the_query = party.http.get(f"{party.issuer}/userinfo?access_token={token}")
        assert refusal(in_the_query, 400) == "invalid_request"
        party.told(party.userinfo(token), outcome)


def _good_proofs(party: FapiParty, token: str) -> dict[str, str]:
    """Return proofs that are right, though not spelt as usual."""
    here = f"{party.issuer}/userinfo"
    return {
        "htu with query and fragment": party.resource_proof(token, htu=f"{here}?other=1#fragment"),
        "htu without the query": party.resource_proof(token),
        "members that nobody knows": party.resource_proof(token, header={"extra": "1"}, extra="2"),
        "scheme and host in capitals": party.resource_proof(token, htu=here.replace("https://idp", "HTTPS://IDP")),
    }


def _bad_proofs(party: FapiParty, token: str) -> dict[str, tuple[str, ...]]:
    """Return what to send as proofs, by what is wrong with it."""
    assert party.dpop_key is not None
    now, good = int(party.clock()), party.resource_proof(token)
    head, payload, signature = good.split(".")
    rsa = client_key("RS256", "proves-rs256")
    private = {name: value for name, value in party.dpop_key.as_dict(private=True).items() if name != "kid"}
    unsigned = part({"alg": "none", "typ": "dpop+jwt", "jwk": party.dpop_key.as_dict(private=False)})

    def proof(**changes: Any) -> tuple[str, ...]:
        return (party.resource_proof(token, **changes),)

    return {
        "two proofs": (party.resource_proof(token), party.resource_proof(token)),
        "no JWT": ("not-a-jwt",),
        "no typ": proof(header={"typ": None}),
        "another typ": proof(header={"typ": "JWT"}),
        "no alg": (f"{part({'typ': 'dpop+jwt', 'jwk': party.dpop_key.as_dict(private=False)})}.{payload}.{signature}",),
        "no jwk": proof(header={"jwk": None}),
        "a private jwk": proof(header={"jwk": private}),
        "no jti": proof(jti=None),
        "no htm": proof(htm=None),
        "another htm": proof(htm="POST"),
        "no htu": proof(htu=None),
        "another htu": proof(htu=f"{party.issuer}/token"),
        "no iat": proof(iat=None),
        "iat in an hour": proof(iat=now + 3600),
        "iat an hour ago": proof(iat=now - 3600),
        "no ath": proof(ath=None),
        "another ath": proof(ath="fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"),
        "RS256": proof(key=rsa, header={"alg": "RS256"}),
        "alg none": (f"{unsigned}.{payload}.",),
        "another signature": (f"{head}.{payload}.{party.resource_proof(token).split('.')[2]}",),
    }

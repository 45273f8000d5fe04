"""oidcc-rp-initiated-logout-certification-test-plan: RP-Initiated Logout 1.0, 2 to 4."""

from __future__ import annotations

import pytest

from tests.conformance.modules.discovery import document, what_every_plan_needs
from tests.conformance.modules.logout import STATE, SignedIn, without_signature
from tests.conformance.party import signed
from tests.conformance.plans import Variant
from tests.conformance.suite import Suite
from tests.portal_client import client_key

PLANS = ("oidcc-rp-initiated-logout",)


@pytest.fixture
def signed_in(suite: Suite, variant: Variant) -> SignedIn:
    return SignedIn.at(suite, variant)


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(suite: Suite, variant: Variant) -> None:
    told = document(suite)
    what_every_plan_needs(suite, told)
    assert told["end_session_endpoint"] == f"{suite.issuer}/end_session"


def test_oidcc_rp_initiated_logout(signed_in: SignedIn) -> None:
    signed_in.is_sent_back(signed_in.log_out(), STATE)
    signed_in.is_over()


def test_oidcc_rp_initiated_logout_no_state(signed_in: SignedIn) -> None:
    signed_in.is_sent_back(signed_in.log_out(state=None), None)
    signed_in.is_over()


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(suite: Suite, signed_in: SignedIn) -> None:
    elsewhere = f"{suite.address}/not-registered"
    page = signed_in.log_out(post_logout_redirect_uri=elsewhere)
    signed_in.stays_here(page)
    assert elsewhere not in page.text


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(signed_in: SignedIn) -> None:
    page = signed_in.log_out(post_logout_redirect_uri=f"{signed_in.afterwards}?foo=bar")
    signed_in.stays_here(page)


def test_oidcc_rp_initiated_logout_modified_id_token_hint(signed_in: SignedIn) -> None:
    page = signed_in.log_out(id_token_hint=without_signature(signed_in.outcome.id_token))
    signed_in.stays_here(signed_in.is_asked(page))


def test_oidcc_rp_initiated_logout_bad_id_token_hint(signed_in: SignedIn) -> None:
    foreign = signed(signed_in.outcome.claims, client_key("ES256", "the-suite"), {"typ": "JWT"})
    signed_in.stays_here(signed_in.is_asked(signed_in.log_out(id_token_hint=foreign)))


def test_oidcc_rp_initiated_logout_no_id_token_hint(signed_in: SignedIn) -> None:
    signed_in.stays_here(signed_in.is_asked(signed_in.log_out(id_token_hint=None)))


def test_oidcc_rp_initiated_logout_no_params(signed_in: SignedIn) -> None:
    page = signed_in.log_out(id_token_hint=None, post_logout_redirect_uri=None, state=None)
    signed_in.stays_here(signed_in.is_asked(page))
    signed_in.is_over()


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(signed_in: SignedIn) -> None:
    signed_in.stays_here(signed_in.log_out(post_logout_redirect_uri=None))
    signed_in.is_over()


def test_oidcc_rp_initiated_logout_only_state(signed_in: SignedIn) -> None:
    page = signed_in.log_out(id_token_hint=None, post_logout_redirect_uri=None)
    signed_in.stays_here(signed_in.is_asked(page))
    signed_in.is_over()

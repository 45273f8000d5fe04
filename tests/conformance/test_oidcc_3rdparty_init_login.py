"""oidcc-3rdparty-init-login-certification-test-plan: initiate_login_uri at registration (Core 4, Registration 2)."""

from __future__ import annotations

from tests.conformance.plans import Variant
from tests.conformance.suite import Suite

PLANS = ("oidcc-3rdparty-init-login",)


def test_oidcc_3rd_party_init_login(suite: Suite, variant: Variant) -> None:
    uri = f"{suite.address}/initiate-login"
    registered = suite.register(**suite.usual_metadata(variant), initiate_login_uri=uri)
    assert registered.status_code == 201
    told = registered.json()
    assert told["initiate_login_uri"] == uri
    headers = {"authorization": f"Bearer {told['registration_access_token']}"}
    read = suite.http.get(told["registration_client_uri"], headers=headers)
    assert read.status_code == 200
    assert read.headers["content-type"].partition(";")[0] == "application/json"
    assert (read.json()["client_id"], read.json()["initiate_login_uri"]) == (told["client_id"], uri)


def test_oidcc_3rd_party_init_login_nohttps(suite: Suite, variant: Variant) -> None:
    uri = f"{suite.address.replace('https:', 'http:')}/initiate-login"
    refused = suite.register(**suite.usual_metadata(variant), initiate_login_uri=uri)
    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_client_metadata"

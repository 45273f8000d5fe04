"""Whatever comes in anywhere in a running region: never a fault, always a page or JSON with an incident number."""

from __future__ import annotations

import string
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.region import RegionThread
from tests.journeys.conftest import PersonFactory
from tests.person import Person, Seen

PORTAL_PATHS = (
    "/", "/items/BJ-0101", "/items/x", "/login", "/callback", "/me", "/inspect", "/logout", "/backchannel-logout",
    "/jwks", "/api/whoami", "/healthz", "/look.css", "/language/en", "/language/xx", "/static/manyou.css", "/static/no",
    "/nowhere", "//", "/%00", "/..%2f..%2fetc",
)  # fmt: skip
PROVIDER_PATHS = (
    "/", "/login", "/consent", "/consent/withdraw", "/authorize", "/token", "/userinfo", "/introspect", "/revoke",
    "/end_session", "/jwks", "/.well-known/openid-configuration", "/language/en", "/healthz", "/nowhere", "/%00",
)  # fmt: skip
NAMES = (
    "client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code", "code_challenge", "resource",
    "code_challenge_method", "prompt", "max_age", "id_token_hint", "login_hint", "acr_values", "ui_locales", "claims",
    "request", "request_uri", "response_mode", "display", "interaction", "username", "password", "csrf", "decision",
    "grant_type", "client_assertion", "client_assertion_type", "token", "refresh_token", "logout_token", "iss", "error",
    "target_link_uri", "item", "post_logout_redirect_uri", "access_token", "back", "notice", "registration",
)  # fmt: skip
RIGHT = (
    "beijing", "code", "openid", "openid profile real_name", "login", "none", "0", "-1", "99999999999999999999", "yes",
    "allow", "S256", "authorization_code", "refresh_token", "BJ-0101", "/me", "//x", "zh-CN", "a" * 43, "{}",
    "eyJh.e30.", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
)  # fmt: skip
values = st.one_of(
    st.sampled_from(RIGHT),
    st.text(max_size=40),
    st.text(alphabet="\x00\x1f\x7f\r\n\ud7ff中𬎆'\"<>\\%&=;,.", max_size=20),
    st.integers(1, 20_000).map(lambda size: "x" * size),
)
parameters = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=10)), values), max_size=12)
raw_queries = st.text(alphabet=string.ascii_letters + string.digits + "%&=+;?/.", max_size=80)
cookies = st.dictionaries(
    st.sampled_from(["beijing_session", "beijing_flow", "manyou_session", "manyou_browser", "manyou_language", "x"]),
    st.text(alphabet=string.ascii_letters + string.digits + "_-%\"'", max_size=60),
    max_size=3,
)
requests = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "GET", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"]),
        "query": st.one_of(parameters, raw_queries),
        "form": st.one_of(st.none(), parameters, st.binary(max_size=200)),
        "media_type": st.sampled_from(["application/x-www-form-urlencoded", "application/json", "text/plain", ""]),
        "cookies": cookies,
        "authorization": st.one_of(st.none(), st.sampled_from(["Bearer", "Bearer x", "Basic eA==", "DPoP e30.e30.x"])),
        "dpop": st.lists(
            st.sampled_from(["", "x", "e30.e30.", "eyJ0eXAiOiJkcG9wK2p3dCJ9.e30.x", "[" * 9000]), max_size=2
        ),
    }
)
several = settings(
    max_examples=100, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _encoded(pairs: Any) -> str:
    if isinstance(pairs, str):
        return pairs
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def sent(caller: Person, address: str, path: str, request: dict[str, Any]) -> httpx.Response:
    """Send a request exactly as it is; nothing is followed."""
    headers = {} if request["authorization"] is None else {"authorization": request["authorization"]}
    form = request["form"]
    body = form if form is None or isinstance(form, bytes) else _encoded(form).encode()
    if body is not None and request["media_type"]:
        headers["content-type"] = request["media_type"]
    if request["cookies"]:
        headers["cookie"] = "; ".join(f"{name}={value}" for name, value in request["cookies"].items())
    url = httpx.URL(address).copy_with(raw_path=f"{path}?{_encoded(request['query'])}".encode())
    sent_headers = [*headers.items(), *(("dpop", proof) for proof in request["dpop"])]
    return caller.browser.request(request["method"], url, headers=sent_headers, content=body)


def assert_specified(answer: httpx.Response) -> None:
    """Hold an answer against what every answer owes: no fault, and a refusal that can be asked about."""
    where = f"{answer.request.method} {str(answer.url)[:300]}: {answer.status_code}"
    assert answer.status_code < 500, where
    if answer.is_redirect:
        onward = answer.url.join(answer.headers["location"])
        assert onward.host.endswith(".localhost"), where
    if answer.status_code < 400 or answer.request.method == "HEAD":
        return
    media_type = answer.headers["content-type"].partition(";")[0]
    if media_type == "application/json":
        body = answer.json()
        assert body["error"] == "no_token" or body["incident"], where
    else:
        assert media_type == "text/html", where
        assert Seen(answer.text).text("incident"), where
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], where


@pytest.fixture(params=["a stranger", "somebody signed in"])
def caller(request: pytest.FixtureRequest, region: RegionThread, person: PersonFactory) -> Person:
    """Who sends it: nobody known, or a person with sessions at provider and portal."""
    walker = person(region)
    if request.param != "a stranger":
        walker.visit("beijing")
    return walker


@several
@given(path=st.sampled_from(PORTAL_PATHS), request=requests)
def test_a_portal_answers_anything(region: RegionThread, caller: Person, path: str, request: dict[str, Any]) -> None:
    assert_specified(sent(caller, region.address("beijing"), path, request))


@several
@given(path=st.sampled_from(PROVIDER_PATHS), request=requests)
def test_the_provider_answers_anything(
    region: RegionThread, caller: Person, path: str, request: dict[str, Any]
) -> None:
    assert_specified(sent(caller, region.issuer, path, request))


@settings(parent=several, max_examples=60)
@given(changes=st.dictionaries(st.sampled_from(NAMES), st.one_of(st.none(), values), min_size=1, max_size=4))
def test_a_right_authorization_request_with_a_few_things_wrong_is_answered(
    region: RegionThread, caller: Person, changes: dict[str, str | None]
) -> None:
    start = caller.browser.get(f"{region.address('beijing')}/login?target_link_uri=/me", follow_redirects=False)
    right = dict(httpx.URL(start.headers["location"]).params)
    pairs = {name: value for name, value in {**right, **changes}.items() if value is not None}
    url = httpx.URL(region.issuer).copy_with(raw_path=f"/authorize?{_encoded(pairs.items())}".encode())
    answer = caller.browser.get(url)
    assert_specified(answer)
    if answer.is_redirect and answer.url.join(answer.headers["location"]).host == "beijing.localhost":
        assert_specified(caller.browser.get(answer.headers["location"]))


@pytest.mark.parametrize("size", [20_000, 100_000])
def test_too_much_is_refused_by_a_page(region: RegionThread, person: PersonFactory, size: int) -> None:
    walker = person(region)
    walker.visit("beijing")
    walker.at("beijing", "/logout")
    form = {**dict(walker.seen.forms[0].fields), "x": "y" * size}
    walker.at("beijing", "/logout", method="POST", data=form)
    assert (walker.page.status_code == 413) == (size > 65_536)
    walker.at("idp", "/login", method="POST", data={"username": "x" * size, "password": "p", "csrf": "c"})
    assert walker.page.status_code in (403, 413)
    assert walker.read("incident")


def test_an_incident_number_is_found_by_the_operator(
    region: RegionThread, person: PersonFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    walker = person(region)
    walker.at("idp", "/authorize", params={"client_id": "nobody"})
    number = walker.read("incident")
    rows = region.run(region.app("idp").state.parts.stores.audit.latest(5, incident=number))
    assert [row.event for row in rows] == ["page.refused"]
    walker.at("beijing", "/callback", params={"state": "nobody's"})
    number = walker.read("incident")
    assert [line for line in caplog.messages if number in line and "flow_unknown" in line]

"""What FAPI 2.0 adds to a sign-in: a request that is pushed, tokens that are bound to a key, nonces as servers want."""

from __future__ import annotations

import html
import logging
import stat

import pytest
from starlette.responses import JSONResponse

from tests.portals.conftest import BEIJING, Running, problem
from tests.web.dpop_signer import OTHER_KEY
from web.dpop_nonces import Nonces


async def test_the_browser_carries_nothing_but_a_reference_rfc9126_4(portal: Running) -> None:
    url = await portal.begin()
    assert set(portal.provider.asked(url)) > {"state", "nonce", "code_challenge", "client_assertion"}
    assert not [value for value in portal.provider.asked(url).values() if value in url and value != "beijing"]


@pytest.mark.parametrize(
    ("error", "status", "answered", "code"),
    [
        ("invalid_scope", 400, 400, "provider_refused"),
        ("invalid_client", 401, 400, "provider_refused"),
        ("<b>said</b>", 400, 400, "provider_refused"),
        ("temporarily_unavailable", 400, 503, "provider_unreachable"),
        ("server_error", 503, 503, "provider_unreachable"),
    ],
)
async def test_a_refusal_at_par_is_a_page_whose_reason_is_in_the_log(
    portal: Running, caplog: pytest.LogCaptureFixture, error: str, status: int, answered: int, code: str
) -> None:
    portal.provider.failing["/par"] = JSONResponse({"error": error, "error_description": "Said so."}, status)
    with caplog.at_level(logging.WARNING, "portals"):
        answer = await portal.http.get("/login?target_link_uri=/me")
    assert (answer.status_code, problem(answer)) == (answered, code)
    assert 'href="/login?target_link_uri=%2Fme"' in answer.text
    assert "said" not in answer.text.lower()
    incident = answer.text.split('id="incident">')[1].split("<")[0]
    assert any(incident in line and (error in line or status == 503) for line in caplog.messages)


@pytest.mark.parametrize(
    "told", [{}, {"request_uri": 7}, {"request_uri": None, "expires_in": 60}, {"error": "invalid_scope"}]
)
async def test_an_answer_of_par_without_a_request_uri_is_no_answer(portal: Running, told: dict[str, object]) -> None:
    portal.provider.failing["/par"] = JSONResponse(told, 201)
    assert problem(await portal.http.get("/login")) == "provider_unreachable"


async def test_the_nonce_that_par_brings_is_good_at_token_and_userinfo_rfc9449_8_2(portal: Running) -> None:
    assert (await portal.sign_in()).status_code == 303
    assert [portal.provider.seen.count(path) for path in ("/par", "/token", "/userinfo")] == [1, 1, 1]


async def test_a_nonce_that_was_not_known_is_asked_for_and_sent_at_the_second_try_rfc9449_8(portal: Running) -> None:
    portal.provider.hands_out.clear()
    assert (await portal.sign_in()).status_code == 303
    assert [portal.provider.seen.count(path) for path in ("/token", "/userinfo")] == [2, 1]


async def test_a_nonce_that_userinfo_does_not_know_is_changed_there_rfc9449_9(portal: Running) -> None:
    def forget() -> None:
        portal.provider.nonces = Nonces(b"another secret than the one before")

    portal.provider.after["/token"] = forget
    assert (await portal.sign_in()).status_code == 303
    assert portal.provider.seen.count("/userinfo") == 2


async def test_a_server_that_is_content_with_no_nonce_is_asked_twice_and_no_more(portal: Running) -> None:
    refusal = JSONResponse({"error": "use_dpop_nonce"}, 400, {"dpop-nonce": "never-the-right-one"})
    portal.provider.failing["/token"] = refusal
    answer = await portal.sign_in()
    assert (answer.status_code, problem(answer)) == (400, "provider_refused")
    assert portal.provider.seen.count("/token") == 2


async def test_a_token_that_anybody_could_use_is_not_taken_rfc9449_5(portal: Running) -> None:
    portal.provider.token_changes = {"token_type": "Bearer"}
    answer = await portal.sign_in()
    assert (answer.status_code, problem(answer)) == (503, "provider_unreachable")
    assert (await portal.http.get("/me")).status_code == 303


async def test_a_renewal_whose_answer_is_lost_costs_nothing_fapi_2_5_3_2_1(portal: Running) -> None:
    await portal.sign_in()
    portal.clock.advance(280)
    for _ in range(2):
        portal.provider.token_changes = {"access_token": None}
        assert (await portal.http.get("/inspect")).status_code == 503
    portal.provider.token_changes = {}
    assert (await portal.http.get("/inspect")).status_code == 200
    portal.clock.advance(280)
    assert (await portal.http.get("/inspect")).status_code == 200


async def test_inspect_says_what_the_binding_means(portal: Running) -> None:
    await portal.sign_in()
    jkt = portal.parts.dpop_key.thumbprint()
    for language in ("zh-CN", "en"):
        page = (await portal.http.get("/inspect", headers={"accept-language": language})).text
        assert page.count('id="bound"') == 1
        assert portal.parts.pages.catalogue.text(language, "inspect.bound") in html.unescape(page)
        assert jkt in page
    for result, code in (("pass", "token.cnf"), ("pass", "proof.key"), ("not_checked", "proof")):
        assert f'class="{result}" data-code="{code}"' in page


async def test_a_token_that_is_bound_to_another_key_is_shown_as_refused(portal: Running) -> None:
    await portal.sign_in()
    connection = portal.parts.database.connection
    token = portal.provider.access_token(f"{BEIJING}/api", cnf={"jkt": OTHER_KEY.thumbprint()})
    connection.execute("UPDATE sessions SET access_token = ?", (token,))
    assert "<code>proof.key.other</code>" in (await portal.http.get("/inspect")).text


async def test_the_two_keys_of_a_portal_are_its_own_and_only_one_is_published(portal: Running) -> None:
    folder = portal.parts.settings.var / "portals" / "beijing"
    for name in ("client-key.json", "dpop-key.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert portal.parts.key.thumbprint() != portal.parts.dpop_key.thumbprint()
    [published] = (await portal.http.get("/jwks")).json()["keys"]
    assert published["kid"] == portal.parts.key.kid

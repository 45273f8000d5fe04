"""A sign-in: what is sent to the provider, what is made of its answer, and each way in which it can go wrong."""

from __future__ import annotations

import asyncio
import logging
from urllib.parse import urlencode

import pytest
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from tests.portals.conftest import BEIJING, Running, problem
from tests.portals.provider_double import LI, WANG
from tests.portals.verdicts.signer import Signer


async def test_login_pushes_all_that_the_contract_names(portal: Running) -> None:
    url = await portal.begin("/login?login_hint=li.beijing")
    sent = portal.provider.asked(url)
    assert url.startswith(f"{portal.provider.issuer}/authorize?")
    assert sent["response_type"] == "code"
    assert sent["client_id"] == "beijing"
    assert sent["redirect_uri"] == f"{BEIJING}/callback"
    assert sent["scope"] == "openid profile real_name"
    assert sent["resource"] == f"{BEIJING}/api"
    assert sent["code_challenge_method"] == "S256"
    assert sent["login_hint"] == "li.beijing"
    assert sent["ui_locales"] == "zh-CN"
    assert sent["dpop_jkt"] == portal.parts.dpop_key.thumbprint()
    assert min(len(sent[name]) for name in ("state", "nonce", "code_challenge")) >= 43


async def test_an_item_asks_for_its_scopes_and_level(portal: Running) -> None:
    sent = portal.provider.asked(await portal.begin("/login?item=BJ-0104"))
    assert sent["scope"] == "openid profile real_name id_number"
    assert sent["acr_values"] == "urn:manyou:loa:4"


async def test_a_sign_in_ends_where_it_was_going_and_shows_the_person(portal: Running) -> None:
    answer = await portal.sign_in("/login?target_link_uri=/me")
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    page = await portal.http.get("/me")
    assert '<dd id="person-name">李京生</dd>' in page.text
    level = portal.parts.pages.catalogue.text("zh-CN", "level.3")
    assert f'<span id="person-level">{level}</span>' in page.text
    assert 'id="person-home">北京' in page.text
    assert "在归属地" in page.text


async def test_a_person_of_another_region_roams_and_other_pages_show_the_mask_only(portal: Running) -> None:
    portal.provider.person = dict(WANG)
    await portal.sign_in()
    page = await portal.http.get("/")
    assert "王*" in page.text
    assert "王津" not in page.text
    assert "漫游到北京" in page.text


@pytest.mark.parametrize(
    ("target", "lands"),
    [
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/%5cevil.example", "/"),
        ("javascript:alert(1)", "/"),
        (f"{BEIJING}/me", "/me"),
        ("http://beijing.localhost:8001.evil.example/me", "/"),
        ("/items/BJ-0101", "/items/BJ-0101"),
    ],
)
async def test_only_own_paths_are_gone_to(portal: Running, target: str, lands: str) -> None:
    answer = await portal.sign_in(f"/login?target_link_uri={target}")
    assert answer.headers["location"] == lands


@pytest.mark.parametrize(
    ("query", "lands"),
    [("", "/"), ("?iss={issuer}", "/me"), ("?iss={issuer}&target_link_uri=/items/BJ-0101", "/items/BJ-0101")],
)
async def test_who_is_sent_here_by_another_lands_on_their_own_page_core_4(
    portal: Running, query: str, lands: str
) -> None:
    answer = await portal.sign_in(f"/login{query.format(issuer=portal.provider.issuer)}")
    assert answer.headers["location"] == lands


async def test_tabs_can_sign_in_at_once(portal: Running) -> None:
    first = await portal.begin("/login?target_link_uri=/me")
    second = await portal.begin("/login?target_link_uri=/items/BJ-0101")
    answer = await portal.http.get(f"/callback?{portal.provider.respond(first)}")
    assert answer.headers["location"] == "/me"
    answer = await portal.http.get(f"/callback?{portal.provider.respond(second)}")
    assert answer.headers["location"] == "/items/BJ-0101"


async def test_each_sign_in_has_a_new_session_id_and_ends_the_old(portal: Running) -> None:
    await portal.sign_in()
    first = portal.http.cookies["beijing_session"]
    await portal.sign_in()
    assert portal.http.cookies["beijing_session"] != first
    async with portal.browser() as other:
        other.cookies.set("beijing_session", first)
        assert (await other.get("/me")).status_code == 303


async def test_a_reload_of_the_callback_goes_where_it_led(portal: Running) -> None:
    query = portal.provider.respond(await portal.begin("/login?target_link_uri=/me"))
    await portal.http.get(f"/callback?{query}")
    again = await portal.http.get(f"/callback?{query}")
    assert (again.status_code, again.headers["location"]) == (303, "/me")
    assert portal.provider.seen.count("/token") == 1


async def test_a_response_in_another_browser_is_refused(portal: Running) -> None:
    query = portal.provider.respond(await portal.begin())
    async with portal.browser() as other:
        answer = await other.get(f"/callback?{query}")
        assert (answer.status_code, problem(answer)) == (400, "flow_unknown")
    assert (await portal.http.get(f"/callback?{query}")).status_code == 303


@pytest.mark.parametrize("iss", [None, "http://evil.example", "http://idp.localhost:8000/"])
async def test_a_response_without_the_issuer_is_refused_and_burns_nothing(portal: Running, iss: str | None) -> None:
    url = await portal.begin()
    answer = await portal.http.get(f"/callback?{portal.provider.respond(url, iss=iss)}")
    assert (answer.status_code, problem(answer)) == (400, "foreign_issuer")
    answer = await portal.http.get(f"/callback?{portal.provider.respond(url, code=None, error='x', iss=iss)}")
    assert problem(answer) == "foreign_issuer"
    assert (await portal.http.get(f"/callback?{portal.provider.respond(url)}")).status_code == 303


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ("access_denied", 403, "declined"),
        ("login_required", 403, "not_signed_in"),
        ("consent_required", 403, "not_signed_in"),
        ("temporarily_unavailable", 503, "provider_unreachable"),
        ("invalid_scope", 400, "provider_refused"),
        ("<b>", 400, "provider_refused"),
    ],
)
async def test_an_error_of_the_provider_is_a_page_with_its_reason(
    portal: Running, error: str, status: int, code: str
) -> None:
    answer = await portal.sign_in(code=None, error=error, error_description="<script>said</script>")
    assert (answer.status_code, problem(answer)) == (status, code)
    assert "said" not in answer.text


async def test_who_declines_an_item_comes_back_to_it(portal: Running) -> None:
    answer = await portal.sign_in("/login?item=BJ-0101", code=None, error="access_denied")
    assert 'href="/items/BJ-0101"' in answer.text


async def test_a_flow_that_took_too_long_offers_a_new_one(portal: Running) -> None:
    query = portal.provider.respond(await portal.begin("/login?target_link_uri=/me"))
    portal.clock.advance(901)
    answer = await portal.http.get(f"/callback?{query}")
    assert problem(answer) == "flow_ended"
    assert 'href="/login?target_link_uri=%2Fme"' in answer.text


@pytest.mark.parametrize(
    "query", ["", "state=a", "code=a", "state=a&code=b&state=c", "state=%ff", "error=x", "a" * 17_000]
)
async def test_a_callback_that_answers_nothing_is_a_page(portal: Running, query: str) -> None:
    assert (await portal.http.get(f"/callback?{query}")).status_code == 400


async def test_a_wrong_code_is_a_page_that_offers_a_new_sign_in(portal: Running) -> None:
    answer = await portal.sign_in(code="never-issued")
    assert (answer.status_code, problem(answer)) == (400, "code_refused")
    assert "/login?" in answer.text


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"nonce": "other"}, "token.nonce.other"),
        ({"aud": "tianjin"}, "token.aud.other_portal"),
        ({"iss": "http://evil.example"}, "token.iss.other"),
        ({"exp": 1}, "token.exp.past"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "token.at_hash.wrong"),
        ({"sid": None}, "token.sid.missing"),
        ({"acr": None}, "token.acr.missing"),
        ({"acr": "urn:manyou:loa:9"}, "token.acr.not_accepted"),
    ],
)
async def test_a_wrong_id_token_is_refused_and_the_log_has_the_code(
    portal: Running, caplog: pytest.LogCaptureFixture, changes: dict[str, object], verdict: str
) -> None:
    portal.provider.id_token_changes = changes
    with caplog.at_level(logging.WARNING, "portals"):
        answer = await portal.sign_in()
    assert (answer.status_code, problem(answer)) == (403, "token_refused")
    incident = answer.text.split('id="incident">')[1].split("<")[0]
    line = next(record.message for record in caplog.records if incident in record.message)
    assert f"verdict='{verdict}'" in line
    assert verdict not in answer.text
    assert (await portal.http.get("/me")).status_code == 303


async def test_userinfo_about_somebody_else_is_refused(portal: Running) -> None:
    portal.provider.failing["/userinfo"] = JSONResponse({**LI, "sub": "somebody-else"})
    answer = await portal.sign_in()
    assert (answer.status_code, problem(answer)) == (502, "userinfo_refused")


@pytest.mark.parametrize("path", ["/par", "/token", "/userinfo", "/jwks"])
@pytest.mark.parametrize(
    "failing",
    [
        HTMLResponse("<h1>busy</h1>", 502),
        HTMLResponse("<h1>busy</h1>", 200),
        RedirectResponse("http://evil.example/"),
        JSONResponse([1]),
        Response(b"[" * 100_000, 200, media_type="application/json"),
        Response(b" " * 300_000 + b"{}", 200, media_type="application/json"),
    ],
    ids=["502", "html", "redirect", "list", "deep", "large"],
)
async def test_a_provider_that_answers_nonsense_is_a_page_and_no_session(
    portal: Running, path: str, failing: Response
) -> None:
    portal.provider.failing[path] = failing
    answer = await portal.http.get("/login") if path == "/par" else await portal.sign_in()
    assert answer.status_code in (403, 502, 503)
    assert problem(answer) in ("provider_unreachable", "token_refused", "userinfo_refused")
    assert (await portal.http.get("/me")).status_code == 303


async def test_the_portal_lives_while_the_provider_is_down(portal: Running) -> None:
    portal.provider.stop()
    assert (await portal.http.get("/healthz")).status_code == 200
    assert (await portal.http.get("/")).status_code == 200
    answer = await portal.http.get("/login?target_link_uri=/me")
    assert (answer.status_code, problem(answer)) == (503, "provider_unreachable")
    assert 'href="/login?target_link_uri=%2Fme"' in answer.text


async def test_a_new_key_of_the_provider_is_fetched_once_in_a_while(portal: Running) -> None:
    await portal.sign_in()
    portal.provider.signer = Signer.new("key-2")
    portal.provider.signers.append(portal.provider.signer)
    assert (await portal.sign_in()).status_code == 303
    assert portal.provider.seen.count("/jwks") == 2
    portal.provider.signer = Signer.new("key-of-a-forger")
    for _ in range(3):
        assert problem(await portal.sign_in()) == "token_refused"
    assert portal.provider.seen.count("/jwks") == 2
    portal.clock.advance(31)
    assert problem(await portal.sign_in()) == "token_refused"
    assert portal.provider.seen.count("/jwks") == 3


async def test_a_key_that_the_provider_removed_is_believed_for_five_minutes_at_most(portal: Running) -> None:
    await portal.sign_in()
    removed = portal.provider.signer
    portal.provider.signers[:] = [Signer.new("key-2")]
    portal.clock.advance(301)
    portal.provider.signer = removed
    assert problem(await portal.sign_in()) == "token_refused"


@pytest.mark.parametrize("hint", ["li.beijing", "李明", "é ü&=+%", "\x80"])
async def test_a_login_hint_is_pushed_as_it_is_in_any_script_core_3_1_2_1(portal: Running, hint: str) -> None:
    await portal.begin(f"/login?{urlencode({'login_hint': hint})}")
    [pushed] = portal.provider.pushed.values()
    assert pushed["login_hint"] == hint


async def test_metadata_expires(portal: Running) -> None:
    await portal.begin()
    await portal.begin()
    assert portal.provider.seen.count("/.well-known/openid-configuration") == 1
    portal.clock.advance(3601)
    await portal.begin()
    assert portal.provider.seen.count("/.well-known/openid-configuration") == 2


async def test_a_session_ends_when_idle_and_in_any_case(portal: Running) -> None:
    await portal.sign_in()
    portal.clock.advance(1790)
    assert (await portal.http.get("/me")).status_code == 200
    portal.clock.advance(1801)
    assert (await portal.http.get("/me")).status_code == 303
    await portal.sign_in()
    seen = []
    for _ in range(17):
        portal.clock.advance(1700)
        seen.append((await portal.http.get("/me")).status_code)
    assert seen == [200] * 16 + [303]


async def test_tokens_are_renewed_before_expired_ones_are_shown(portal: Running) -> None:
    await portal.sign_in()
    first = (await portal.http.get("/inspect")).text
    portal.clock.advance(280)
    pages = await asyncio.gather(*(portal.http.get("/inspect") for _ in range(4)))
    assert {page.status_code for page in pages} == {200}
    # The code, then one renewal, whose first try had a nonce from the time of the log-in.
    assert portal.provider.seen.count("/token") == 3
    assert pages[0].text.split('id="access-token">')[1][:2000] != first.split('id="access-token">')[1][:2000]
    assert 'data-code="token.accepted"' not in pages[0].text
    assert "badge-error" not in pages[0].text


async def test_a_refused_refresh_ends_the_session(portal: Running) -> None:
    await portal.sign_in()
    portal.provider.refresh_tokens.clear()
    portal.clock.advance(280)
    assert (await portal.http.get("/inspect")).headers["location"] == "/login?target_link_uri=%2Finspect"
    assert (await portal.http.get("/me")).status_code == 303


async def test_a_refreshed_id_token_about_somebody_else_ends_the_session(portal: Running) -> None:
    await portal.sign_in()
    portal.provider.id_token_changes = {"sub": "somebody-else"}
    portal.clock.advance(280)
    assert (await portal.http.get("/inspect")).status_code == 303
    assert (await portal.http.get("/me")).status_code == 303


async def test_a_provider_that_is_down_at_refresh_leaves_the_session(portal: Running) -> None:
    await portal.sign_in()
    portal.provider.stop()
    portal.clock.advance(280)
    assert (await portal.http.get("/inspect")).status_code == 503
    assert (await portal.http.get("/me")).status_code == 200


async def test_an_id_token_need_not_tell_when_the_person_signed_in(portal: Running) -> None:
    portal.provider.id_token_changes = {"auth_time": None}
    assert (await portal.sign_in()).status_code == 303
    portal.clock.advance(280)
    assert (await portal.http.get("/inspect")).status_code == 200

"""Log-out at a portal: the question, the way to the provider, and what the back channel ends."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import Response

from tests.portals.conftest import BEIJING, Running, problem
from tests.portals.provider_double import WANG
from tests.portals.verdicts.signer import Signer


async def csrf_of(portal: Running) -> str:
    page = await portal.http.get("/logout")
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert found
    return found.group(1)


async def tell(portal: Running, token: str, **headers: str) -> int:
    answer = await portal.http.post("/backchannel-logout", data={"logout_token": token}, headers=headers)
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code


async def test_the_question_changes_nothing_and_lets_its_form_reach_the_provider(portal: Running) -> None:
    await portal.sign_in()
    page = await portal.http.get("/logout")
    assert f"form-action 'self' {portal.provider.issuer};" in page.headers["content-security-policy"]
    assert (await portal.http.get("/me")).status_code == 200


async def test_log_out_ends_the_session_and_goes_to_end_session_with_the_hint(portal: Running) -> None:
    await portal.sign_in()
    answer = await portal.http.post("/logout", data={"csrf": await csrf_of(portal)})
    url = urlsplit(answer.headers["location"])
    sent = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (answer.status_code, url.path) == (303, "/end_session")
    assert sent["id_token_hint"].count(".") == 2
    assert sent["client_id"] == "beijing"
    assert sent["post_logout_redirect_uri"] == f"{BEIJING}/"
    assert (await portal.http.get("/me")).status_code == 303
    for other in ("", "other", "%C3%A9"):
        assert "notice-good" not in (await portal.http.get(f"/?state={other}")).text
    back = await portal.http.get(f"/?state={sent['state']}")
    assert "notice-good" in back.text
    assert "notice-good" not in (await portal.http.get(f"/?state={sent['state']}")).text


@pytest.mark.parametrize("csrf", [None, "", "0" * 64, "é" * 10])
async def test_a_form_without_its_csrf_token_is_refused(portal: Running, csrf: str | None) -> None:
    await portal.sign_in()
    answer = await portal.http.post("/logout", data={"csrf": csrf} if csrf is not None else {"other": "1"})
    assert (answer.status_code, problem(answer)) == (403, "stale_form")
    assert (await portal.http.get("/me")).status_code == 200


async def test_a_form_of_another_session_is_refused(portal: Running) -> None:
    await portal.sign_in()
    old = await csrf_of(portal)
    await portal.sign_in()
    assert (await portal.http.post("/logout", data={"csrf": old})).status_code == 403


async def test_who_is_not_signed_in_is_sent_home(portal: Running) -> None:
    assert (await portal.http.get("/logout")).headers["location"] == "/"
    assert (await portal.http.post("/logout", data={"csrf": "x"})).headers["location"] == "/"


async def test_without_the_provider_log_out_ends_here_and_says_what_it_did_not_do(portal: Running) -> None:
    await portal.sign_in()
    csrf = await csrf_of(portal)
    portal.provider.stop()
    for _ in range(5):
        # Long enough for the metadata to be forgotten, never so long that the session ends by itself.
        portal.clock.advance(1700)
        assert (await portal.http.get("/me")).status_code == 200
    answer = await portal.http.post("/logout", data={"csrf": csrf})
    assert answer.status_code == 503
    assert (await portal.http.get("/me")).status_code == 303


async def test_a_logout_token_ends_the_session_that_it_names_and_no_other(portal: Running) -> None:
    await portal.sign_in()
    async with portal.browser() as other:
        portal.provider.sid = "sid-of-another-session1"
        query = portal.provider.respond((await other.get("/login")).headers["location"])
        await other.get(f"/callback?{query}")
        assert await tell(portal, portal.provider.logout_token()) == 200
        assert (await other.get("/me")).status_code == 303
    assert (await portal.http.get("/me")).status_code == 200


async def test_a_logout_token_of_an_unknown_session_is_accepted(portal: Running) -> None:
    assert await tell(portal, portal.provider.logout_token(sid="sid-never-seen-here-012")) == 200


async def test_a_logout_token_works_once(portal: Running) -> None:
    token = portal.provider.logout_token()
    assert await tell(portal, token) == 200
    assert await tell(portal, token) == 400


async def test_an_ended_session_is_not_brought_back_by_a_late_callback(portal: Running) -> None:
    query = portal.provider.respond(await portal.begin())
    await tell(portal, portal.provider.logout_token())
    answer = await portal.http.get(f"/callback?{query}")
    assert (answer.status_code, problem(answer)) == (403, "session_ended")
    assert (await portal.http.get("/me")).status_code == 303


async def test_a_logout_that_comes_while_userinfo_is_asked_for_wins(portal: Running) -> None:
    query = portal.provider.respond(await portal.begin())
    sid = portal.provider.sid
    end = "INSERT INTO ended_sids VALUES (?, ?)"
    portal.provider.after["/userinfo"] = lambda: _from_outside(portal, end, (sid, portal.clock()))
    answer = await portal.http.get(f"/callback?{query}")
    assert problem(answer) == "session_ended"


def _from_outside(portal: Running, statement: str, values: tuple[object, ...]) -> None:
    portal.parts.database.connection.execute(statement, values)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "tianjin"},
        {"iss": "http://evil.example"},
        {"exp": 1},
        {"events": None},
        {"events": {}},
        {"jti": None},
        {"nonce": "n"},
        {"sub": None, "sid": None},
        {"iat": None},
    ],
    ids=str,
)
async def test_a_wrong_logout_token_is_400_and_ends_nothing(portal: Running, changes: dict[str, object]) -> None:
    await portal.sign_in()
    assert await tell(portal, portal.provider.logout_token(**changes)) == 400
    assert (await portal.http.get("/me")).status_code == 200


async def test_an_id_token_or_a_forged_token_is_no_logout_token(portal: Running) -> None:
    await portal.sign_in()
    page = (await portal.http.get("/inspect")).text
    id_token = page.split('id="id-token">')[1].split("<")[0]
    assert await tell(portal, id_token) == 400
    portal.provider.signer = Signer.new("key-1")
    assert await tell(portal, portal.provider.logout_token()) == 400
    assert (await portal.http.get("/me")).status_code == 200


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"", "application/x-www-form-urlencoded", 400),
        (b"logout_token=a&logout_token=b", "application/x-www-form-urlencoded", 400),
        (b"logout_token=%ff", "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 415),
        (b"logout_token=" + b"a" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
    ],
)
async def test_what_is_no_form_is_refused_in_json(portal: Running, body: bytes, media_type: str, status: int) -> None:
    answer = await portal.http.post("/backchannel-logout", content=body, headers={"content-type": media_type})
    assert answer.status_code == status
    assert answer.json()["error"] == "invalid_request"


async def test_without_keys_a_logout_token_is_to_be_sent_again(portal: Running) -> None:
    portal.provider.failing["/jwks"] = Response("busy", 500)
    answer = await portal.http.post("/backchannel-logout", data={"logout_token": portal.provider.logout_token()})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_signing_in_again_after_a_log_out_works(portal: Running) -> None:
    await portal.sign_in()
    await tell(portal, portal.provider.logout_token())
    portal.provider.sid = "sid-of-the-next-session"
    portal.provider.person = dict(WANG)
    assert (await portal.sign_in()).status_code == 303
    assert "王津" in (await portal.http.get("/me")).text


async def test_a_logout_token_without_sid_ends_all_sessions_of_its_subject(portal: Running) -> None:
    await portal.sign_in()
    token = portal.provider.access_token(f"{BEIJING}/api", sid="sid-of-a-third-session1")
    late = portal.provider.respond(await portal.begin())
    async with portal.browser() as other:
        portal.provider.sid = "sid-of-another-session1"
        query = portal.provider.respond((await other.get("/login")).headers["location"])
        await other.get(f"/callback?{query}")
        assert await tell(portal, portal.provider.logout_token(sid=None)) == 200
        assert (await other.get("/me")).status_code == 303
    assert (await portal.http.get("/me")).status_code == 303
    answer = await portal.http.get("/api/whoami", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    portal.provider.id_token_changes = {"iat": int(portal.clock()) - 1}
    assert problem(await portal.http.get(f"/callback?{late}")) == "session_ended"
    portal.clock.advance(60)
    portal.provider.id_token_changes = {}
    portal.provider.sid = "sid-of-the-next-session"
    assert (await portal.sign_in()).status_code == 303

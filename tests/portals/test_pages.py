"""The pages of a portal: what is on them, in both languages, and that nothing that comes in ends in a 500."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portals.client_key import BadClientKey, load_or_make
from tests.portals.conftest import Running, problem

PAGES = ["/", "/me", "/inspect", "/logout", "/items/BJ-0101", "/items/BJ-0104", "/items/BJ-0107", "/nowhere"]
LANGUAGES = ["zh-CN", "en"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
async def test_each_page_says_where_and_who_one_is(portal: Running, path: str, language: str) -> None:
    await portal.sign_in()
    page = await portal.http.get(path, headers={"accept-language": language})
    assert page.headers["content-language"] == language
    assert page.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert portal.parts.portal.name[language] in page.text
    assert "李*" in page.text
    assert ("李京生" in page.text) is (path == "/me")
    assert {"zh-CN": "演示系统", "en": "Demonstration"}[language] in page.text
    assert "<script" not in page.text
    assert len(re.findall("<h1", page.text)) == 1


async def test_me_tells_what_was_released_and_on_which_basis(portal: Running) -> None:
    portal.provider.person |= {"id_number": "110000190001010012", "phone_number": "10000000001"}
    await portal.sign_in("/login?item=BJ-0102")
    page = await portal.http.get("/me", headers={"accept-language": "en"})
    basis = dict(re.findall(r'data-scope="(\w+)">.*?<span class="badge[^>]*>([^<]*)<', page.text, re.DOTALL))
    assert basis["profile"] == basis["real_name"] != basis["id_number"] == basis["phone"]
    assert "110000190001010012" not in page.text
    assert "110*************12" in page.text
    assert "L3" in page.text.split('id="record"')[1]


async def test_an_item_says_what_stands_before_it(portal: Running) -> None:
    async def step(code: str) -> str:
        page = await portal.http.get(f"/items/{code}")
        return page.text.split('data-gate="')[1].split('"')[0]

    assert await step("BJ-0106") == "sign_in"
    await portal.sign_in()
    assert await step("BJ-0106") == "ready"
    assert await step("BJ-0101") == "consent"
    assert await step("BJ-0104") == "raise_level"
    assert await step("BJ-0107") == "legal_only"
    await portal.sign_in("/login?item=BJ-0101")
    assert await step("BJ-0101") == "no_data"
    portal.provider.person["id_number"] = "110000190001010012"
    await portal.sign_in("/login?item=BJ-0101")
    assert await step("BJ-0101") == "ready"


async def test_signed_out_no_page_of_a_person_answers_200(portal: Running) -> None:
    for path in ("/me", "/inspect", "/logout"):
        assert (await portal.http.get(path)).status_code == 303


async def test_inspect_shows_the_tokens_and_every_check(portal: Running) -> None:
    await portal.sign_in()
    page = (await portal.http.get("/inspect")).text
    for name in ("id-token", "access-token"):
        token = page.split(f'id="{name}">')[1].split("<")[0]
        assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token)
    assert page.count('class="pass"') > 30
    assert 'class="fail"' not in page


async def test_where_tokens_are_not_shown_inspect_still_has_the_verdict(portal: Running) -> None:
    await portal.sign_in()
    hidden = portal.parts.settings.model_copy(update={"portal_show_tokens": False})
    object.__setattr__(portal.parts, "settings", hidden)
    page = (await portal.http.get("/inspect")).text
    assert 'id="verdict"' in page
    assert "eyJ" not in page


async def test_language_switch_comes_back(portal: Running) -> None:
    answer = await portal.http.get("/language/en?back=%2Fitems%2FBJ-0101")
    assert answer.headers["location"] == "/items/BJ-0101"
    assert "Who may do it" in (await portal.http.get("/items/BJ-0101")).text
    assert (await portal.http.get("/language/en?back=https://evil.example")).headers["location"] == "/"


async def test_look_keys_and_health(portal: Running) -> None:
    assert "--colour:#9e2a2b" in (await portal.http.get("/look.css")).text
    key = (await portal.http.get("/jwks")).json()["keys"][0]
    assert (key["alg"], key["use"], key["crv"]) == ("ES256", "sig", "P-256")
    assert key["kid"]
    assert "d" not in key
    assert (await portal.http.get("/healthz")).text == "ok\n"
    assert (await portal.http.get("/static/manyou.css")).status_code == 200


async def test_state_is_for_its_owner_alone(portal: Running) -> None:
    folder = portal.parts.settings.var / "portals" / "beijing"
    assert {path.name for path in folder.iterdir()} >= {"portal.db", "client-key.json"}
    assert {oct(path.stat().st_mode & 0o077) for path in folder.iterdir()} == {"0o0"}
    key = load_or_make(folder / "client-key.json")
    assert key.thumbprint() == portal.parts.key.thumbprint()
    (folder / "client-key.json").write_text("{}")
    with pytest.raises(BadClientKey, match=r"client-key\.json"):
        load_or_make(folder / "client-key.json")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/me", 405),
        ("PUT", "/", 405),
        ("GET", "/backchannel-logout", 405),
        ("DELETE", "/logout", 405),
        ("HEAD", "/", 200),
        ("HEAD", "/me", 303),
        ("GET", "/items/none", 404),
        ("GET", "/items/%ff", 404),
        ("GET", "/login?iss=http://evil.example", 400),
        ("GET", "/login?item=none", 404),
        ("GET", "/login?item=a&item=b", 400),
        ("GET", "/?state=%ff", 400),
        ("GET", "/login?target_link_uri=%00", 400),
        ("GET", "/static/../portal.toml", 404),
    ],
)
async def test_what_makes_no_sense_is_a_page(portal: Running, method: str, path: str, status: int) -> None:
    answer = await portal.http.request(method, path)
    assert answer.status_code == status


async def test_a_page_that_does_not_exist_says_so_with_an_incident(portal: Running) -> None:
    answer = await portal.http.get("/nowhere", headers={"accept-language": "en"})
    assert problem(answer) == "not_found"
    assert re.search(r'id="incident">[0-9A-Z]{4}-[0-9A-Z]{4}<', answer.text)


async def test_a_login_by_post_goes_on_by_get(portal: Running) -> None:
    answer = await portal.http.post("/login", data={"iss": portal.provider.issuer, "target_link_uri": "/me"})
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/login")
    assert (await portal.http.get(answer.headers["location"])).headers["location"].startswith(portal.provider.issuer)


words = st.sampled_from(
    [
        "state",
        "code",
        "iss",
        "error",
        "target_link_uri",
        "item",
        "login_hint",
        "csrf",
        "logout_token",
        "access_token",
        "back",
    ]
)
values = st.one_of(st.text(max_size=40), st.binary(max_size=20).map(lambda raw: raw.decode("latin-1")))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["/", "/login", "/callback", "/logout", "/backchannel-logout", "/api/whoami", "/language/en"]),
    method=st.sampled_from(["GET", "POST", "HEAD"]),
    pairs=st.lists(st.tuples(words, values), max_size=6),
    cookie=st.sampled_from(["", "a" * 43, "\x7f", '"', "ü"]),
    authorization=st.one_of(st.none(), st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)),
)
async def test_nothing_that_comes_in_ends_in_a_500(
    portal: Running, path: str, method: str, pairs: list[tuple[str, str]], cookie: str, authorization: str | None
) -> None:
    headers = [(b"cookie", f"beijing_session={cookie}; beijing_flow={cookie}".encode("latin-1"))]
    if authorization is not None:
        headers.append((b"authorization", authorization.encode("latin-1")))
    if method == "POST":
        answer = await portal.http.request(method, path, data=dict(pairs), headers=headers)
    else:
        answer = await portal.http.request(method, f"{path}?{urlencode(pairs)}", headers=headers)
    assert answer.status_code < 500, answer.text

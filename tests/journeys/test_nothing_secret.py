"""A full journey, errors included, leaves nothing secret in any log, in the audit, on any page, or in the log file.

The log is the product's own, turned up to DEBUG, and read before the net that takes out what looks like a secret.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from lab.region import RegionThread
from tests.conftest import RegionFactory
from tests.journeys.as_portal import parts_of, whoami
from tests.journeys.conftest import PersonFactory
from tests.journeys.eventually import eventually
from tests.person import PASSWORD, Person
from tests.scrape import SHOWN, TOKEN
from tests.web.dpop_signer import OTHER_KEY
from web import logs
from web.clock import Clock, SettableClock

JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass
class Journey:
    """What a journey left behind: log lines before any net, the log file, audit rows, answers, and its secrets."""

    lines: list[str] = field(default_factory=list)
    log_file: str = ""
    audit: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    answers: list[httpx.Response] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)

    def learn(self, name: str, value: str | None) -> None:
        """Note a secret by its value."""
        if value:
            assert len(value) >= 10, f"{name} is too short to look for"
            self.secrets[value] = name


class _Raw(logging.Handler):
    """Keeps every record as the caller wrote it, its traceback and its extra fields too."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        fields = {name: str(value) for name, value in record.__dict__.items()}
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self._lines.append(f"{record.name}: {record.getMessage()} {fields} {trace}")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[tuple[list[str], Path]]:
    """The product's log, to a file, with all of ours at DEBUG; what libraries may say is the product's choice."""
    root, names = logging.getLogger(), ("idp", "portals", "web", "lab", *logs.QUIET)
    before = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in names}
    root.handlers = []
    lines: list[str] = []
    path = tmp_path / "manyou.log"
    logs.to_file(path, logging.DEBUG)
    root.addHandler(_Raw(lines))
    yield lines, path
    for handler in root.handlers:
        handler.close()
    root.handlers, root.level = before[:2]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def journey(make_region: RegionFactory, person: PersonFactory, log: tuple[list[str], Path]) -> Journey:
    """Log in, consent, roam, refresh, look, go wrong in every way people do, log out."""
    clock = SettableClock(time())
    told = {"metrics_token": TOKEN}
    region: RegionThread = make_region(clock=clock, idp_values=told, portal_values=told)
    walker = person(region)
    left = Journey(lines=log[0], answers=walker.hops)
    walker.at("beijing")
    walker.log_in("not-the-password-1")
    walker.log_in()
    _remember(left, walker)
    walker.roam(region.portal_names)
    walker.at("beijing", "/login?item=BJ-0101")
    walker.press("consent-allow")
    walker.at("tianjin", "/login?item=TJ-0101")
    walker.press("consent-deny")
    _remember(left, walker)
    for portal in region.portal_names:
        walker.tokens(portal)
    clock.advance(290)
    for portal in region.portal_names:
        walker.tokens(portal)
    _remember(left, walker)
    _go_wrong(region, walker, clock)
    region.stop_service("hebei")
    walker.log_out("xiongan")
    region.start_service("hebei")
    clock.advance(5)
    assert eventually(lambda: not walker.is_signed_in("hebei"))
    walker.at("beijing")
    walker.log_in()
    walker.log_out_everywhere()
    walker.at("idp", "/")
    _remember(left, walker)
    left.learn("metrics token", TOKEN)
    for name in ("idp", *region.portal_names):
        walker.at(name, "/metrics", headers={"authorization": f"Bearer {TOKEN[::-1]}"})
        left.metrics.append(walker.at(name, "/metrics", headers=SHOWN).text)
    rows = region.run(region.app("idp").state.parts.stores.audit.latest(10_000))
    left.audit = [str(row) for row in rows]
    region.stop()
    left.log_file = log[1].read_text(encoding="utf-8")
    return left


def _go_wrong(region: RegionThread, walker: Person, clock: Clock) -> None:
    _, access_token = walker.tokens("beijing")
    walker.at("tianjin", "/api/whoami", headers={"authorization": f"Bearer {access_token}"})
    for portal in ("beijing", "tianjin"):
        whoami(walker, portal, access_token, clock=clock)
        whoami(walker, portal, access_token, key=OTHER_KEY, clock=clock)
    walker.at("beijing", "/api/whoami", params={"access_token": access_token})
    walker.at("idp", "/userinfo", params={"access_token": access_token})
    walker.at("idp", "/userinfo", headers={"authorization": f"Bearer {access_token}x"})
    code = next(hop for hop in reversed(walker.hops) if "code=" in str(hop.url)).url
    walker.go(str(code))
    walker.go(str(code).replace("code=", "code=x"))
    walker.at("idp", "/token", method="POST", data={"grant_type": "authorization_code", "code": "c" * 43})
    walker.at("idp", "/authorize", params={"client_id": "nobody", "state": "s" * 43})
    walker.at("beijing", "/callback", params={"code": "c" * 43, "state": "s" * 43})
    walker.at("beijing", "/backchannel-logout", method="POST", data={"logout_token": access_token})
    walker.at("idp", "/end_session", params={"id_token_hint": access_token})
    walker.at("idp", "/login", method="POST", data={"username": "li.beijing", "password": PASSWORD, "csrf": "0" * 64})


def _remember(left: Journey, walker: Person) -> None:
    """Learn every secret that there is by now."""
    region = walker.region
    left.learn("password", PASSWORD)
    left.learn("a wrong password", "not-the-password-1")
    for hop in walker.hops:
        onward = parse_qs(urlsplit(hop.headers.get("location", "")).query)
        for code in onward.get("code", []):
            left.learn("authorization code", code)
    for cookie in walker.browser.cookies.jar:
        if cookie.name not in ("manyou_language", "manyou_ended"):
            left.learn(f"cookie {cookie.name}", cookie.value)
    provider = region.app("idp").state.parts
    for alg in ("ES256", "RS256"):
        left.learn(f"private {alg} key", provider.keys.signing(alg).as_dict(private=True)["d"])
    for name in ("csrf", "pairwise", "login-accounts"):
        left.learn(f"provider's secret {name}", region.run(provider.keys.secret(name)).hex())
    left.learn("key secret", (region.var / "key-secret").read_text().strip())
    for portal in region.portal_names:
        parts = parts_of(region, portal)
        for key in (parts.key, parts.dpop_key):
            left.learn(f"private key of {portal}", str(key.as_dict(private=True)["d"]))
        left.learn(
            f"csrf secret of {portal}",
            parts.database.connection.execute("SELECT value FROM secrets").fetchone()[0].hex(),
        )
        for row in parts.database.connection.execute("SELECT refresh_token, id_token, access_token FROM sessions"):
            for name, value in dict(row).items():
                left.learn(name, value)
        for row in parts.database.connection.execute("SELECT code_verifier FROM flows"):
            left.learn("code_verifier", row["code_verifier"])


def found(left: Journey, text: str) -> set[str]:
    """Return the names of the secrets that occur in `text`."""
    return {name for secret, name in left.secrets.items() if secret in text}


def test_a_full_journey_leaves_no_secret_anywhere(journey: Journey) -> None:
    kinds = {name.split(" of ")[0] for name in journey.secrets.values()}
    assert {"password", "authorization code", "code_verifier", "refresh_token", "access_token", "id_token"} <= kinds
    assert {"key secret", "private key", "csrf secret", "cookie manyou_session", "cookie beijing_session"} <= kinds
    for told in ("idp.audit: login.failed", "portals: signed_in", "verdict=", "page.refused", "token.refused"):
        assert any(told in line for line in journey.lines), told
    assert len(journey.audit) > 20
    assert all("manyou_http_request_seconds_count" in text for text in journey.metrics)
    for line in (*journey.lines, *journey.audit, *journey.metrics):
        assert not found(journey, line), line
        assert not JWT.search(line), line
    assert not found(journey, journey.log_file)
    assert not JWT.search(journey.log_file)
    # Nor who was there: metrics are about no person.
    assert not any(person in text for text in journey.metrics for person in ("110000", "beijing-", "127.0.0.1"))
    assert "[redacted]" not in journey.log_file
    assert "[token]" not in journey.log_file
    for answer in journey.answers:
        _check_answer(journey, answer)


def _check_answer(journey: Journey, answer: httpx.Response) -> None:
    """A page holds none of them; /inspect is this session's own, and the log-in page of the demo tells its password."""
    where = f"{answer.request.method} {answer.url.copy_with(query=None)} {answer.status_code}"
    allowed: set[str] = set()
    if answer.url.path == "/inspect":
        allowed = {"id_token", "access_token"}
        assert answer.headers["cache-control"] == "no-store"
    elif answer.url.path == "/login" and answer.url.host == "idp.localhost":
        allowed = {"password"}
    assert found(journey, answer.text) <= allowed, where
    if "access_token" not in allowed:
        assert not JWT.search(answer.text), where
    for name in ("set-cookie", "location"):
        assert PASSWORD not in answer.headers.get(name, ""), where


def test_what_is_kept_of_codes_cookies_and_refresh_tokens_at_the_provider_is_a_hash(
    make_region: RegionFactory, person: PersonFactory
) -> None:
    region: RegionThread = make_region()
    walker = person(region)
    walker.roam(["beijing", "tianjin"])
    left = Journey()
    _remember(left, walker)
    kept = b"".join(path.read_bytes() for path in sorted(region.var.glob("idp.db*")))
    assert len(kept) > 10_000
    at_rest = {secret: name for secret, name in left.secrets.items() if name != "code_verifier"}
    for secret, name in at_rest.items():
        assert secret.encode() not in kept, name
        if "secret" in name and name != "key secret":
            assert bytes.fromhex(secret) not in kept, name


def test_files_with_secrets_are_their_owners_alone(region: RegionThread) -> None:
    for path in (region.var / "key-secret", *region.var.glob("portals/*/*-key.json")):
        assert path.stat().st_mode & 0o077 == 0, path
    for path in (*region.var.glob("idp.db*"), *region.var.glob("portals/*/portal.db*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_token_is_shown_at_inspect_only_where_the_setting_allows_it(
    make_region: RegionFactory, person: PersonFactory
) -> None:
    region: RegionThread = make_region(portal_values={"portal_show_tokens": False})
    walker = person(region)
    walker.visit("beijing")
    walker.at("beijing", "/inspect")
    assert "id-token" not in walker.seen.attributes
    assert not JWT.search(walker.page.text)
    assert "verdict" in walker.seen.attributes


def test_what_is_public_is_public_only(region: RegionThread, person: PersonFactory) -> None:
    caller = person(region)
    for name in ("idp", *region.portal_names):
        keys: list[dict[str, Any]] = caller.at(name, "/jwks").json()["keys"]
        assert keys
        for key in keys:
            assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key), json.dumps(sorted(key))

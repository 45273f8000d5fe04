"""The log: one JSON object a line, and no secret in it even where a caller was careless."""

from __future__ import annotations

import contextvars
import json
import logging
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from web import logs, trace

TOKEN = "eyJ" + "hbGciOiJFUzI1NiJ9" + ".eyJ" + "pc3MiOiJpZHAifQ" + ".c2lnbmF0dXJl"


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """A log that is written to a file during the test."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []
    path = tmp_path / "var" / "manyou.log"
    logs.to_file(path)
    # A region of another test may be at work in this process, and write of its own.
    here = threading.get_ident()
    for handler in root.handlers:
        handler.addFilter(lambda record: record.thread == here)
    yield path
    for handler in root.handlers:
        handler.close()
    root.handlers, root.level = before, level


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (f"refused {TOKEN} here", "refused [token] here"),
        ("GET /callback?code=kq9Zabcdefghijklmnop&iss=x", "GET /callback?code=[redacted]&iss=x"),
        ("{'password': 'manyou-demo'}", "{'password': '[redacted]'}"),
        ('"refresh_token":"r1_Abcdefghijklmnop"', '"refresh_token":"[redacted]"'),
        ("Authorization: Basic dXNlcg==", "Authorization: Basic [redacted]"),
        ("authorization: DPoP opaque", "authorization: DPoP [redacted]"),
        ("COOKIE: manyou_session=abc; other", "COOKIE: [redacted]; other"),
        ("Csrf=abc&x", "Csrf=[redacted]&x"),
        ("new_password=hunter2", "new_password=[redacted]"),
        ("code_verifier=Abcdefghijklmnopq", "code_verifier=[redacted]"),
        ("state: Abcdefghijklmnopq", "state: [redacted]"),
        ("NONCE=Abcdefghijklmnopq", "NONCE=[redacted]"),
        ("id_token_hint=Abcdefghijklmnopq", "id_token_hint=[redacted]"),
        ("client_assertion=Abcdefghijklmnopq", "client_assertion=[redacted]"),
        ("client_secret=Abcdefghijklmnopq", "client_secret=[redacted]"),
        ("authorization.granted client_id='beijing'", "authorization.granted client_id='beijing'"),
        ("code: token.aud.other_portal", "code: token.aud.other_portal"),
        ("error code=invalid_redirect_uri", "error code=invalid_redirect_uri"),
    ],
)
def test_secrets_are_taken_out_and_codes_stay(said: str, written: str) -> None:
    assert logs.redact(said) == written


def test_a_record_is_one_line_with_its_fields(log_file: Path) -> None:
    logging.getLogger("idp.audit").info("login.failed", extra={"username": "li.beijing", "attempts": 3, "token": TOKEN})
    [line] = log_file.read_text(encoding="utf-8").splitlines()
    entry = json.loads(line)
    assert entry.pop("time").endswith("+00:00")
    assert entry == {
        "level": "info",
        "logger": "idp.audit",
        "message": "login.failed",
        "username": "li.beijing",
        "attempts": 3,
        "token": "[token]",
    }


def test_a_line_of_a_request_has_its_trace_and_others_have_none(log_file: Path) -> None:
    def act() -> None:
        trace.begin([(b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")])
        logging.getLogger("portals").info("within")

    contextvars.Context().run(act)
    contextvars.Context().run(logging.getLogger("portals").info, "outside")
    within, outside = (json.loads(line) for line in log_file.read_text(encoding="utf-8").splitlines())
    assert within["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert "trace_id" not in outside


def test_a_traceback_stays_in_its_line_without_its_secrets(log_file: Path) -> None:
    try:
        raise ValueError(f"bad token {TOKEN}\nand a second line")
    except ValueError:
        logging.getLogger("portals").exception("failed")
    text = log_file.read_text(encoding="utf-8")
    assert len(text.splitlines()) == 1
    assert "[token]" in json.loads(text)["error"]
    assert TOKEN not in text


def test_only_the_owner_reads_the_log(log_file: Path) -> None:
    assert stat.S_IMODE(log_file.stat().st_mode) == 0o600


def test_libraries_that_tell_urls_and_tokens_are_quiet(log_file: Path) -> None:
    for name in ("httpx", "httpx2", "authlib", "uvicorn.error"):
        logging.getLogger(name).info("HTTP Request: GET http://idp.localhost/authorize?state=abc")
    assert log_file.read_text(encoding="utf-8") == ""

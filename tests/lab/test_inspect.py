"""`manyou inspect`: exit codes, the verdict as JSON and as a table, and where the keys come from."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from lab.claim_meanings import meaning, printable, readable
from lab.inspect import inspect_command
from portals.checks.claims import CLAIM_TYPES
from portals.checks.header import FOREIGN_KEYS
from tests.portals.verdicts.signer import Facts, Signer, good_claims, good_header, good_token
from tests.portals.verdicts.tokens import with_claims, wrong_access_tokens, wrong_tokens
from tests.portals.verdicts.visit import USES
from web.language import LANGUAGES

NOW = 1_800_000_000
AT = ("--at", "2027-01-15T08:00:00Z")
SIGNER = Signer.new("published")


@dataclass
class Provider:
    """A provider that only publishes: its issuer, what it answers by path, and which paths were asked for."""

    issuer: str
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider at idp.localhost on a free port, to which the settings of this region point."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            published.asked.append(self.path)
            answer = published.answers.get(self.path)
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    port = server.server_address[1]
    published = Provider(f"http://idp.localhost:{port}")
    published.answers["/.well-known/openid-configuration"] = {
        "issuer": published.issuer,
        "jwks_uri": f"{published.issuer}/jwks",
    }
    published.answers["/jwks"] = {"keys": [SIGNER.jwk()]}
    monkeypatch.setenv("MANYOU_PORT_BASE", str(port))
    yield published
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def facts(provider: Provider) -> Facts:
    """A visit to Hebei."""
    base = int(provider.issuer.rsplit(":", 1)[1])
    return Facts(
        issuer=provider.issuer, audience=f"http://hebei.localhost:{base + 3}/api", client_id="hebei",
        sid="session-0123456789abcdef", now=NOW, other_audience=f"http://tianjin.localhost:{base + 2}/api",
    )  # fmt: skip


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    """Run the command."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(inspect_command)
    return CliRunner(env={"COLUMNS": "300"}).invoke(app, arguments, input=stdin)


def run_json(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Run it with --json; return exit code and document."""
    done = run(*arguments, "--json")
    document: dict[str, Any] = json.loads(done.stdout)
    return done.exit_code, document


@pytest.mark.parametrize("use", [use for use in USES if use != "refreshed_id_token"])
def test_a_good_token_is_accepted_with_exit_code_0(use: Any, facts: Facts) -> None:
    exit_code, document = run_json(good_token(use, SIGNER, facts), *AT)
    assert exit_code == 0
    assert document["accepted"] is True
    assert document["code"] == "token.accepted"
    assert document["use"] == use
    assert document["portal"] == "hebei"
    assert document["header"] == good_header(use, SIGNER)
    assert document["claims"] == good_claims(use, facts)
    assert {frozenset(check) for check in document["checks"]} == {frozenset(("code", "result", "expected", "found"))}
    assert {check["result"] for check in document["checks"]} == {"pass", "not_checked"}


def test_what_needs_a_session_is_not_checked(facts: Facts) -> None:
    _, document = run_json(good_token("id_token", SIGNER, facts), *AT)
    results = {check["code"]: check["result"] for check in document["checks"]}
    assert results["token.nonce"] == results["token.sid.live"] == results["token.at_hash"] == "not_checked"
    assert results["token.signature"] == results["token.aud"] == results["token.acr"] == "pass"


def test_the_binding_is_shown_and_the_proof_is_not_checked_without_its_request(facts: Facts) -> None:
    token = good_token("access_token", SIGNER, facts)
    _, document = run_json(token, *AT)
    results = {check["code"]: check["result"] for check in document["checks"]}
    assert (results["token.cnf"], results["proof"], results["proof.key"]) == ("pass", "not_checked", "not_checked")
    assert document["claims"]["cnf"] == {"jkt": facts.jkt}
    assert document["meanings"]["claims"]["cnf"]["section"] == "RFC 7800 3.1; RFC 9449 6"
    for language, words in (("zh-CN", "没有会话和请求可对照"), ("en", "for want of the session and the request")):
        told = run(token, *AT, "--language", language).stdout
        assert words in told
        assert told.rstrip().splitlines()[-2].endswith("proof, proof.key")


def test_wrong_access_tokens_are_refused_with_their_codes(facts: Facts) -> None:
    one_of_each = {wrong.code.rsplit(".", 1)[0]: wrong for wrong in wrong_access_tokens(SIGNER, facts)}
    del one_of_each["token.typ"]  # by typ it is taken for another kind of token
    for wrong in one_of_each.values():
        code = wrong.code
        exit_code, document = run_json(wrong.token, *AT, "--portal", "hebei")
        assert (document["code"], document["accepted"]) == (code, False), wrong.name
        assert exit_code == (2 if "error" in document else 1)
        assert code.startswith(("token.size.", "token.shape.", "token.header.")) or exit_code == 1, wrong.name


def test_a_token_of_one_kind_relabelled_as_another_is_refused(facts: Facts) -> None:
    header = {**good_header("access_token", SIGNER), "typ": "JWT"}
    exit_code, document = run_json(SIGNER.token(header, good_claims("access_token", facts)), *AT)
    assert (exit_code, document["use"], document["code"]) == (1, "id_token", "token.aud.unknown")
    del header["typ"]
    exit_code, document = run_json(SIGNER.token(header, good_claims("access_token", facts)), *AT)
    assert (exit_code, document["use"], document["code"]) == (1, "access_token", "token.typ.missing")


def test_a_token_for_another_portal_is_refused_when_the_portal_is_named(facts: Facts) -> None:
    token = good_token("access_token", SIGNER, facts)
    exit_code, document = run_json(token, *AT, "--portal", "tianjin")
    assert (exit_code, document["code"], document["portal"]) == (1, "token.aud.other_portal", "tianjin")
    assert set(document["cause"]) == set(document["remedy"]) == set(document["title"]) == set(LANGUAGES)


def test_a_token_for_no_portal_of_the_region_is_refused(facts: Facts) -> None:
    stranger = replace(facts, audience="https://shop.example/api", client_id="shop")
    exit_code, document = run_json(good_token("access_token", SIGNER, stranger), *AT)
    assert (exit_code, document["code"], document["portal"]) == (1, "token.aud.unknown", None)


def test_the_time_of_judgement_can_be_set(facts: Facts) -> None:
    token = good_token("access_token", SIGNER, facts)
    assert run_json(token, "--at", str(NOW + 149))[0] == 0
    assert run_json(token, "--at", str(NOW + 150))[1]["code"] == "token.exp.past"
    assert run_json(token, "--at", "2027-01-15T16:00:00+08:00")[0] == 0
    assert run_json(token, "--at", "2027-01-15T08:00:00")[0] == 0
    assert run_json(token, "--at", "2027-01-15T07:00:00Z")[1]["code"] == "token.iat.future"


def test_now_is_the_time_unless_another_is_named(facts: Facts) -> None:
    then = replace(facts, now=int(datetime.now(UTC).timestamp()))
    assert run_json(good_token("access_token", SIGNER, then))[0] == 0


def test_the_token_can_come_from_standard_input(facts: Facts) -> None:
    token = good_token("access_token", SIGNER, facts)
    assert run("-", *AT, stdin=f"  {token}\n".encode()).exit_code == 0
    assert run("-", *AT, stdin=b"\xff\xfe\x00").exit_code == 2
    assert run("-", *AT, stdin=b"").exit_code == 2


def test_keys_come_from_the_named_issuer(provider: Provider, facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANYOU_ISSUER", "http://idp.localhost:1")
    base = provider.issuer.rsplit(":", 1)[1]
    monkeypatch.setenv("MANYOU_PORT_BASE", base)
    token = good_token("access_token", SIGNER, facts)
    assert run_json(token, *AT)[0] == 2
    assert run_json(token, *AT, "--issuer", provider.issuer)[0] == 0


def test_no_connection_is_opened_to_where_the_token_says(provider: Provider, facts: Facts) -> None:
    token = with_claims("access_token", SIGNER, facts, {"iss": f"{provider.issuer}/elsewhere"})
    assert run_json(token, *AT)[1]["code"] == "token.iss.other"
    assert set(provider.asked) == {"/.well-known/openid-configuration", "/jwks"}


def test_a_token_refused_by_its_form_needs_no_keys(provider: Provider, facts: Facts) -> None:
    wrong = next(token for token in wrong_tokens("id_token", SIGNER, facts) if token.code == "token.alg.none")
    exit_code, document = run_json(wrong.token, *AT)
    assert (exit_code, document["code"]) == (1, "token.alg.none")
    assert provider.asked == []


@pytest.mark.parametrize(
    "token",
    ["", "garbage", "not.a.token", "a.b.c", "..", "eyJ", "7.7.7", "W10.e30.", "{}", "密码", "[" * 3000, "é.é.é"],
)
def test_what_is_no_token_is_unusable(token: str, provider: Provider) -> None:
    done = run(token)
    assert done.exit_code == 2
    assert done.stderr.strip().endswith("joined by dots.")
    assert done.stderr.count("\n") == 1
    exit_code, document = run_json(token)
    assert exit_code == 2
    assert document["accepted"] is False
    assert document["error"]
    assert document["code"].startswith(("token.size.", "token.shape.", "token.header."))
    assert provider.asked == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--at", "yesterday"), "--at should be"),
        (("--at", "nan"), "--at should be"),
        (("--at", "1e400"), "--at should be"),
        (("--portal", "shanghai"), "no portal called shanghai"),
        (("--language", "fr"), "--language should be"),
        (("--issuer", "idp.localhost"), "--issuer should be"),
        (("--issuer", "http://[::1"), "--issuer should be"),
        (("--issuer", "ftp://idp.localhost"), "--issuer should be"),
    ],
)
def test_a_bad_option_is_unusable(arguments: Sequence[str], said: str, facts: Facts) -> None:
    token = good_token("id_token", SIGNER, facts)
    done = run(token, *arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    exit_code, document = run_json(token, *arguments)
    assert (exit_code, document["accepted"], document["checks"]) == (2, False, [])
    assert said in document["error"]


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/.well-known/openid-configuration", None, "answered 404"),
        ("/.well-known/openid-configuration", b"<html>", "did not answer with JSON"),
        ("/.well-known/openid-configuration", b"\xff", "did not answer with JSON"),
        ("/.well-known/openid-configuration", [], "did not answer with a JSON object"),
        ("/.well-known/openid-configuration", {"issuer": "https://idp.example"}, "calls itself"),
        ("/jwks", None, "answered 404"),
        ("/jwks", b"[" * 100_000, "did not answer with JSON"),
        ("/jwks", b" " * 1_100_000, "more than 1000000 bytes"),
    ],
)
def test_keys_that_are_not_to_be_had_make_it_unusable(
    provider: Provider, facts: Facts, path: str, answer: Any, said: str
) -> None:
    provider.answers[path] = answer
    done = run(good_token("id_token", SIGNER, facts), *AT)
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize("jwks_uri", [None, 7, "file:///etc/hosts", "http://"])
def test_keys_without_a_place_make_it_unusable(provider: Provider, facts: Facts, jwks_uri: Any) -> None:
    provider.answers["/.well-known/openid-configuration"]["jwks_uri"] = jwks_uri
    assert run(good_token("id_token", SIGNER, facts), *AT).exit_code == 2


def test_a_provider_that_is_not_running_makes_it_unusable(facts: Facts) -> None:
    done = run(good_token("id_token", SIGNER, facts), *AT, "--issuer", "http://idp.localhost:1")
    assert done.exit_code == 2
    assert "keys are not to be had from http://idp.localhost:1" in done.stderr


def test_the_table_shows_each_claim_with_its_meaning_and_section_in_both_languages(facts: Facts) -> None:
    token = with_claims("id_token", SIGNER, facts, {"x": "unknown"})
    done = run(token, *AT)
    assert done.exit_code == 0
    for name in good_claims("id_token", facts):
        about = meaning("claim", name)
        assert name in done.stdout
        assert all(about.text[language].split("；")[0][:20] in done.stdout for language in LANGUAGES)
        assert about.section in done.stdout
    assert "2027-01-15T08:02:00Z (+2m)" in done.stdout
    assert "token.accepted" in done.stdout
    assert "Not used here" in done.stdout


def test_the_table_shows_cause_and_remedy_of_a_refusal(facts: Facts) -> None:
    token = good_token("id_token", SIGNER, facts)
    chinese = run(token, "--at", str(NOW + 500), "--language", "zh-CN").stdout
    english = run(token, "--at", str(NOW + 500), "--language", "en").stdout
    assert "拒绝：token.exp.past" in chinese
    assert "办法：" in chinese
    assert "Remedy" not in chinese
    assert "REFUSED: token.exp.past" in english
    assert "Remedy: " in english
    assert "办法" not in english


def test_the_text_of_a_token_cannot_steer_the_terminal(facts: Facts) -> None:
    token = with_claims("id_token", SIGNER, facts, {"acr": "\x1b[31m\x9b\u202e[bold]red", "\x1b[2J": 1})
    done = run(token, *AT)
    assert done.exit_code == 1
    assert not {"\x1b", "\x9b", "\u202e"} & set(done.stdout)
    assert "\\x1b[31m\\x9b\\u202e[bold]red" in done.stdout
    assert run(token, *AT, "--json").stdout.isascii()


def test_every_name_that_the_verdict_looks_at_has_a_meaning() -> None:
    for name in ("alg", "kid", "typ", "crit", "b64", *FOREIGN_KEYS):
        assert meaning("header", name).section
    for name in CLAIM_TYPES:
        assert meaning("claim", name).section


def test_times_are_readable_and_impossible_ones_do_no_harm() -> None:
    assert readable("exp", NOW - 90_061, NOW) == f"{NOW - 90_061} = 2027-01-14T06:58:59Z (-1d 1h)"
    assert readable("exp", NOW, NOW) == f"{NOW} = 2027-01-15T08:00:00Z (+0s)"
    assert readable("exp", 10**30, NOW) == str(10**30)
    assert readable("exp", "soon", NOW) == "soon"
    assert printable("李\ud800") == "李\\ud800"

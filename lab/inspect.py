"""`manyou inspect`: one token, what it says, what that means, and the verdict of the portal it is for."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from typing import Annotated, Any, BinaryIO
from urllib.parse import urlsplit

import typer

from lab.claim_meanings import meaning
from lab.inspect_print import print_inspection
from lab.inspection import Inspection, Unusable, inspect
from portals.finding import Verdict
from portals.settings import BadSettings, from_environment
from web.addresses import BadPortalFile
from web.language import LANGUAGES

INPUT_LIMIT = 1_000_000
ACCEPTED, REFUSED, UNUSABLE = 0, 1, 2


def inspect_command(
    token: Annotated[
        str, typer.Argument(help="The token, or - to read it from standard input. 令牌，或 - 从标准输入读取。")
    ],
    portal: Annotated[
        str | None,
        typer.Option(help="Judge as this portal does; else as the one in aud or client_id. 由哪个门户核验。"),
    ] = None,
    issuer: Annotated[
        str | None, typer.Option(help="Whose keys to use; else those of this region's provider. 由哪个平台取密钥。")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="Judge at this time: ISO 8601 (UTC unless it says) or Unix seconds. 核验时间。")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON. 输出 JSON。")] = False,
    language: Annotated[str | None, typer.Option(help="zh-CN or en; else both. 语言，默认两种。")] = None,
) -> None:
    """Explain and judge a token; the exit code is 0 accepted, 1 refused, 2 unusable. 解读并核验令牌。"""
    try:
        languages = _languages(language)
        found = inspect(_token(token), from_environment(), _time(at), portal, _issuer(issuer))
    except (Unusable, BadSettings, BadPortalFile) as error:
        typer.echo(error, err=True)
        if as_json:
            verdict = error.verdict if isinstance(error, Unusable) else None
            typer.echo(json.dumps({"error": str(error), **_verdict(verdict)}, indent=2))
        raise typer.Exit(UNUSABLE) from error
    if as_json:
        typer.echo(json.dumps(as_document(found), indent=2))
    else:
        print_inspection(found, languages)
    raise typer.Exit(ACCEPTED if found.verdict.accepted else REFUSED)


def as_document(found: Inspection) -> dict[str, Any]:
    """Return what `--json` prints: the verdict, what it was judged for, the token's parts and their meaning."""
    verdict = found.verdict
    failure = verdict.failure
    document = {
        **_verdict(verdict),
        "use": found.use,
        "portal": found.portal,
        "issuer": found.issuer,
        "at": found.now,
        "header": dict(verdict.header),
        "claims": dict(verdict.claims),
        "meanings": {
            "header": {name: _meaning("header", name) for name in verdict.header},
            "claims": {name: _meaning("claim", name) for name in verdict.claims},
        },
    }
    if failure is not None:
        for word, text in (("title", failure.title), ("cause", failure.cause), ("remedy", failure.remedy)):
            document[word] = {language: text(language) for language in LANGUAGES}
    return document


def _verdict(verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {"accepted": False, "code": None, "checks": []}
    checks = [
        {"code": line.code, "result": line.result, "expected": line.expected, "found": line.found}
        for line in verdict.findings
    ]
    return {"accepted": verdict.accepted, "code": verdict.code, "checks": checks}


def _meaning(kind: Any, name: str) -> dict[str, str]:
    found = meaning(kind, name)
    return {**found.text, "section": found.section}


def _token(argument: str) -> bytes:
    if argument == "-":
        source: BinaryIO = sys.stdin.buffer
        raw = source.read(INPUT_LIMIT)
    else:
        raw = argument.encode("utf-8", "surrogateescape")
    return raw.strip()


def _languages(wanted: str | None) -> tuple[str, ...]:
    if wanted is None:
        return LANGUAGES
    if wanted not in LANGUAGES:
        raise Unusable(f"--language should be {' or '.join(LANGUAGES)}.")
    return (wanted,)


def _issuer(url: str | None) -> str | None:
    try:
        parts = urlsplit(url or "http://unset")
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
    except ValueError:
        usable = False
    if not usable:
        raise Unusable("--issuer should be an address like http://idp.localhost:8000.")
    return url


def _time(text: str | None) -> float:
    if text is None:
        return time.time()
    try:
        moment = datetime.fromtimestamp(float(text), UTC) if _is_number(text) else datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise Unusable("--at should be a time like 2026-11-23T10:00:00Z, or seconds since 1970.") from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

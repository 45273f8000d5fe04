"""`manyou audit`: the provider's security events, by name, newest last; `manyou audit verify`: whether all is there."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from idp.audit import Event
from idp.audit_chain import SECRET
from idp.audit_verify import Head, Report, verify
from idp.model import AuditEvent
from idp.operator import operator
from idp.settings import BadSettings, load_or_exit
from lab.tables import moment, show
from web.unavailable import StoreUnavailable

audit_group = typer.Typer(invoke_without_command=True)


@audit_group.callback()
def audit_command(
    context: typer.Context,
    event: Annotated[str | None, typer.Option(help="Only events of this name. 只看此事件。")] = None,
    incident: Annotated[str | None, typer.Option(help="Only this incident number. 只看此编号。")] = None,
    most: Annotated[int, typer.Option(help="How many. 条数。", min=1, max=10_000)] = 50,
) -> None:
    """List security events. 列出安全事件。"""
    if context.invoked_subcommand is not None:
        return
    names = [one.value for one in Event]
    if event is not None and event not in names:
        typer.echo(f"--event is one of: {', '.join(names)}.", err=True)
        raise typer.Exit(2)
    settings = load_or_exit()

    async def read() -> list[AuditEvent]:
        async with operator(settings) as at:
            return list(await at.stores.audit.latest(most, event, incident))

    try:
        events = asyncio.run(read())
    except BadSettings as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    if incident is not None and not events:
        # Portals keep no audit; what they refuse is in the log, under the same kind of number.
        lines = _in_log(settings.var / "manyou.log", incident)
        if not lines:
            typer.echo(f"Nothing is known about {incident}, neither in the audit nor in {settings.var}.", err=True)
            raise typer.Exit(1)
        typer.echo("\n".join(lines))
        return
    rows = []
    for one in reversed(events):
        detail = " ".join(f"{name}={value}" for name, value in one.detail.items())
        who = (one.client_id or "", one.user_id or "", one.address or "", one.incident or "")
        rows.append((moment(one.at), one.event, *who, detail))
    show(("time", "event", "client", "person", "address", "incident", "detail"), rows)


@audit_group.command("verify")
def verify_command(
    head: Annotated[
        list[str] | None,
        typer.Option(help="A seal noted earlier, CHAIN:NUMBER:SEAL. 以前记下的封印。"),
    ] = None,
) -> None:
    """Look for entries that were changed, taken away, moved or put in; exit code 1 if any. 核验审计链。"""
    try:
        known = [_head(one) for one in head or ()]
    except ValueError as error:
        typer.echo("--head is like 0123456789abcdef:42:..., as this command prints it.", err=True)
        raise typer.Exit(2) from error
    settings = load_or_exit()

    async def look() -> Report:
        async with operator(settings) as at:
            return await verify(at.stores, await at.keys.secret(SECRET), time.time(), known)

    try:
        report = asyncio.run(look())
    except (BadSettings, StoreUnavailable) as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    show(("chain", "seals", "last seal"), [(one.chain, str(one.number), one.seal) for one in report.heads])
    for chain, number in report.unsealed.items():
        typer.echo(f"{number} entries of chain {chain} are not sealed yet. 尚未封印。", err=True)
    typer.echo(
        f"{report.sealed} entries are as they were sealed; {report.swept} went after their time; "
        f"{report.unchained} are from before there were chains.",
        err=True,
    )
    for finding in report.findings:
        typer.echo(finding, err=True)
    if report.findings:
        raise typer.Exit(1)
    typer.echo("Nothing is wrong. 一切正常。", err=True)


def _head(text: str) -> Head:
    chain, number, seal = text.split(":")
    return Head(chain, int(number), seal)


def _in_log(file: Path, incident: str) -> list[str]:
    """Return the lines of the log, older files of it first, that hold the incident's number."""
    files = sorted(file.parent.glob(f"{file.name}*"), reverse=True)
    found = []
    for one in files:
        with one.open(encoding="utf-8", errors="replace") as lines:
            found += [line.rstrip("\n") for line in lines if incident in line]
    return found

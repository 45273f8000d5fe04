"""`manyou audit`: the provider's security events, by name, newest last."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from idp.audit import Event
from idp.model import AuditEvent
from idp.operator import operator
from idp.settings import BadSettings, load_or_exit
from lab.tables import moment, show


def audit_command(
    event: Annotated[str | None, typer.Option(help="Only events of this name. 只看此事件。")] = None,
    incident: Annotated[str | None, typer.Option(help="Only this incident number. 只看此编号。")] = None,
    most: Annotated[int, typer.Option(help="How many. 条数。", min=1, max=10_000)] = 50,
) -> None:
    """List security events. 列出安全事件。"""
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


def _in_log(file: Path, incident: str) -> list[str]:
    """Return the lines of the log, older files of it first, that hold the incident's number."""
    files = sorted(file.parent.glob(f"{file.name}*"), reverse=True)
    found = []
    for one in files:
        with one.open(encoding="utf-8", errors="replace") as lines:
            found += [line.rstrip("\n") for line in lines if incident in line]
    return found

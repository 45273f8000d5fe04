"""`manyou audit`: the provider's security events, by name, newest last."""

from __future__ import annotations

import asyncio
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
    rows = []
    for one in reversed(events):
        detail = " ".join(f"{name}={value}" for name, value in one.detail.items())
        who = (one.client_id or "", one.user_id or "", one.address or "", one.incident or "")
        rows.append((moment(one.at), one.event, *who, detail))
    show(("time", "event", "client", "person", "address", "incident", "detail"), rows)

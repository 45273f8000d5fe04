"""`manyou keys list|rotate|retire|revoke`: the provider's signing keys, also while it runs."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import typer

from idp.audit import Event
from idp.keys import ALGORITHMS
from idp.operator import Operator, operator
from idp.settings import BadSettings, Settings, load_or_exit
from lab.tables import moment, show

keys_group = typer.Typer(no_args_is_help=True)


PUBLISHED_SECONDS = 60
"""How long /jwks may be kept by who fetched it: a key younger than that may not be known yet (Core 10.1.1)."""


def _refuse_unpublished(at: Operator, algorithms: tuple[str, ...]) -> None:
    for key in at.keys.rows():
        age = time.time() - key.created_at
        if key.alg in algorithms and key.state == "next" and age < PUBLISHED_SECONDS:
            wait = round(PUBLISHED_SECONDS - age) + 1
            raise BadSettings(f"The next {key.alg} key was made just now; wait {wait} s until everybody can know it.")


async def _revoke(at: Operator, kid: str) -> None:
    row = await at.keys.revoke(kid)
    if row is None:
        raise BadSettings(f"There is no key {kid}; `manyou keys list` shows those that are there.")
    successor = at.keys.signing(row.alg).kid or ""
    await at.auditor.record(Event.KEY_REVOKED, alg=row.alg, kid=kid, state=row.state, current=successor)


def _run(settings: Settings, action: str, algorithms: tuple[str, ...] = (), overlap: float = 0, kid: str = "") -> None:
    async def act() -> None:
        async with operator(settings) as at:
            if action == "revoke":
                await _revoke(at, kid)
            if action == "rotate":
                _refuse_unpublished(at, algorithms)
                for alg in algorithms:
                    await at.keys.rotate(alg)
                    await at.auditor.record(Event.KEY_ROTATED, alg=alg, kid=at.keys.signing(alg).kid or "")
            if action == "retire":
                for retired in await at.keys.retire(overlap):
                    await at.auditor.record(Event.KEY_REMOVED, kid=retired)
            rows = [
                (key.kid, key.alg, key.state, *map(moment, (key.created_at, key.activated_at, key.retired_at)))
                for key in at.keys.rows()
            ]
            show(("kid", "alg", "state", "made", "in use since", "retired"), rows)

    try:
        asyncio.run(act())
    except BadSettings as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


@keys_group.command("list")
def list_command() -> None:
    """List the keys: next, current, retired. 列出密钥。"""
    _run(load_or_exit(), "list")


@keys_group.command("rotate")
def rotate_command(
    alg: Annotated[str | None, typer.Option(help="Only this algorithm, RS256 or ES256. 只轮换此算法。")] = None,
) -> None:
    """Make the next key current; the old one stays published until it is retired. 轮换密钥。"""
    if alg is not None and alg not in ALGORITHMS:
        typer.echo(f"--alg is one of {', '.join(ALGORITHMS)}.", err=True)
        raise typer.Exit(2)
    _run(load_or_exit(), "rotate", (alg,) if alg else ALGORITHMS)


@keys_group.command("retire")
def retire_command(
    overlap: Annotated[
        int | None, typer.Option(help="Seconds since rotation; default: a session's life. 重叠秒数。", min=0)
    ] = None,
) -> None:
    """Throw away retired keys whose tokens have all expired. 清除已退役密钥。"""
    settings = load_or_exit()
    # Not the life of a token: an expired ID token is still a hint of who logs out, as long as the session may last.
    longest = settings.idp_session_seconds
    _run(settings, "retire", overlap=longest if overlap is None else overlap)


@keys_group.command("revoke")
def revoke_command(kid: Annotated[str, typer.Argument(help="As `keys list` shows it. 密钥编号。")]) -> None:
    """End all trust in a key that may be known to others; the next one takes over. 吊销泄露的密钥。"""
    _run(load_or_exit(), "revoke", kid=kid)

"""`manyou people list|freeze|unfreeze|level`: what an office does to an account; sign-ins that rested on it end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from idp.model import LEVELS, Person
from idp.operator import Operator, operator
from idp.people.names import mask_name
from idp.settings import BadSettings, load_or_exit
from lab.tables import show

people_group = typer.Typer(no_args_is_help=True)
Username = Annotated[str, typer.Argument(help="The user name, for instance li.beijing. 用户名。")]


class NoSuchPerson(Exception):
    """Nobody has that user name."""


def _with_operator(action: Callable[[Operator], Awaitable[None]]) -> None:
    settings = load_or_exit()

    async def act() -> None:
        async with operator(settings) as at:
            await action(at)

    try:
        asyncio.run(act())
    except BadSettings as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    except NoSuchPerson as error:
        typer.echo(f"Nobody has the user name {error}; `manyou people list` lists all.", err=True)
        raise typer.Exit(1) from error


async def _person(at: Operator, username: str) -> Person:
    found = await at.stores.people.for_login(username)
    if found is None:
        raise NoSuchPerson(username)
    return found[0]


@people_group.command("list")
def list_command() -> None:
    """List the people, names masked. 列出人员。"""

    async def list_people(at: Operator) -> None:
        rows = []
        for username in sorted(await at.stores.people.usernames()):
            person = await _person(at, username)
            visits = await at.stores.sign_ins.live_of_person(person.user_id)
            visited = {visit.client_id for visit in visits}
            where = " ".join(client.client_id for client in at.clients if client.client_id in visited)
            frozen = "frozen" if person.frozen else ""
            who = (username, mask_name(person.real_name), person.home_region, str(person.level))
            rows.append((*who, frozen, where))
        show(("user name", "name", "home region", "level", "frozen", "logged in at"), rows)

    _with_operator(list_people)


@people_group.command("freeze")
def freeze_command(username: Username) -> None:
    """Freeze an account: its sessions end everywhere, and it cannot log in. 冻结账户。"""

    async def freeze(at: Operator) -> None:
        await at.sign_outs.freeze(await _person(at, username))
        typer.echo(f"{username} is frozen.")

    _with_operator(freeze)


@people_group.command("unfreeze")
def unfreeze_command(username: Username) -> None:
    """Let a person log in again. 解冻账户。"""

    async def unfreeze(at: Operator) -> None:
        await at.sign_outs.unfreeze(await _person(at, username))
        typer.echo(f"{username} can log in again.")

    _with_operator(unfreeze)


@people_group.command("level")
def level_command(
    username: Username,
    level: Annotated[
        int,
        typer.Argument(
            help="1 registered to 4 checked in person. 认证级别：1 注册，2 实名，3 实人，4 实证。",
            min=1,
            max=len(LEVELS),
        ),
    ],
) -> None:
    """Set a level; where it is lowered, sign-ins that claimed more end. 调整认证级别。"""

    async def set_level(at: Operator) -> None:
        await at.sign_outs.set_level(await _person(at, username), level)
        typer.echo(f"{username} is at level {level}.")

    _with_operator(set_level)

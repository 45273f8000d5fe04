"""`manyou db migrate|check|backup|restore`: the provider's database as a whole, SQLite or PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from idp.settings import load_or_exit
from idp.stores.care import BadBackup, Care
from idp.stores.opening import care_of
from lab.tables import show
from web.unavailable import StoreUnavailable

db_group = typer.Typer(no_args_is_help=True)
Result = TypeVar("Result")
Backup = Annotated[Path, typer.Argument(help="The backup's file. 备份文件。")]


def _do(action: Callable[[Care], Coroutine[Any, Any, Result]]) -> Result:
    care = care_of(load_or_exit().idp_database)
    try:
        return asyncio.run(action(care))
    except FileExistsError as error:
        typer.echo(f"{error.filename} is there already; choose another name.", err=True)
    except (StoreUnavailable, BadBackup, RuntimeError, OSError) as error:
        typer.echo(error, err=True)
    raise typer.Exit(1)


def _show_rows(rows: Mapping[str, int]) -> None:
    show(("table", "rows"), [(table, str(number)) for table, number in rows.items()])


@db_group.command("migrate")
def migrate_command() -> None:
    """Make the tables, or bring them forward to this version. 建表或升级。"""
    before, after = _do(lambda care: care.migrate())
    typer.echo(
        f"Version {after} already. 已是最新版本。" if before == after else f"Version {before} -> {after}. 已升级。"
    )


@db_group.command("check")
def check_command() -> None:
    """Look for what must never be so; exit code 1 if there is any. 检查一致性。"""
    found = _do(lambda care: care.check())
    _show_rows(found.rows)
    for fault in found.faults:
        typer.echo(f"Fault: {fault}. 有误。", err=True)
    if found.faults:
        raise typer.Exit(1)
    typer.echo(f"Version {found.version}; nothing is wrong. 一切正常。", err=True)


@db_group.command("backup")
def backup_command(file: Backup) -> None:
    """Copy everything to a file, as it is at one moment; the provider may run. 备份。"""
    _show_rows(_do(lambda care: care.backup(file)))


@db_group.command("restore")
def restore_command(
    file: Backup,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. 不再询问。")] = False,
) -> None:
    """Put a backup in the place of everything; stop the provider before. 恢复。"""
    if not yes:
        typer.confirm(f"Replace everything in the database by {file}? 用备份替换数据库的全部内容？", abort=True)
    _show_rows(_do(lambda care: care.restore(file)))

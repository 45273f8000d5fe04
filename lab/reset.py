"""`manyou reset`: begin anew, without sessions, consents, accounts and keys."""

from __future__ import annotations

from typing import Annotated

import typer

from idp import settings
from lab.state_folder import NotAStateFolder, StateFolderBusy, empty


def reset_command(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. 不再询问。")] = False,
) -> None:
    """Empty the folder of state. 清空状态目录。"""
    folder = settings.load_or_exit().var
    if not yes:
        typer.confirm(f"Remove everything in {folder}? 删除其中的全部内容？", abort=True)
    try:
        removed = empty(folder)
    except (NotAStateFolder, StateFolderBusy) as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{folder} is empty. 已清空。" if removed else f"{folder} was empty already. 本来就是空的。")

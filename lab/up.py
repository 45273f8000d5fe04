"""`manyou up`: the provider and every portal in one process, and a screen that says what to try."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import idp.settings
import portals.settings
from idp.people import demo_people
from lab.region import Region
from lab.state_folder import StateFolderBusy, hold
from web import logs, serve
from web.addresses import BadPortalFile


def up_command(
    port_base: Annotated[
        int | None, typer.Option(help="The provider's port; the portals' follow it. 起始端口。", min=1, max=65000)
    ] = None,
    portal_places: Annotated[
        Path | None, typer.Option("--portals", help="The folder of portal folders. 门户目录。", exists=True)
    ] = None,
) -> None:
    """Start the provider and the four portals. 启动整个区域。"""
    # The options are the settings of the same names: what is started below reads one environment.
    if port_base is not None:
        os.environ["MANYOU_PORT_BASE"] = str(port_base)
    if portal_places is not None:
        os.environ["MANYOU_PORTALS"] = str(portal_places)
    try:
        raise typer.Exit(_run())
    except (BadPortalFile, StateFolderBusy, serve.CannotListen) as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


def _run() -> int:
    idp_settings = idp.settings.load_or_exit()
    try:
        portal_settings = portals.settings.from_environment()
    except portals.settings.BadSettings as error:
        typer.echo(error, err=True)
        return 1
    log_file = idp_settings.var / "manyou.log"
    with hold(idp_settings.var):
        logs.to_file(log_file)
        region = Region.assemble(idp_settings, portal_settings)
        return serve.run_blocking(
            region.services,
            ready=lambda: show(Console(), region, log_file, demo=idp_settings.demo),
            trusted_proxies=idp_settings.trusted_proxies,
        )


def show(console: Console, region: Region, log_file: Path, *, demo: bool) -> None:
    """Print where everything is, who can log in, and what to try, in Chinese and English."""
    console.print("\n[bold]Manyou 漫游[/]  一次登录,区域漫游  ·  Log in once, roam the region\n")
    addresses = Table(box=None, show_header=False, padding=(0, 2))
    for part in region.parts:
        addresses.add_row(f"  {part.title['zh']}  {part.title['en']}", f"[bold]{part.address}[/]")
    console.print(addresses)
    if demo:
        _show_people(console)
    first = region.portal_names[0] if region.portal_names else ""
    if first:
        console.print(
            f"\n  试一试  Try: 打开 open [bold]{region.address(first)}[/], 登录 log in, "
            f"再打开其他门户 then visit the others. [bold]{region.issuer}[/] 显示去过哪里 shows where you have been."
        )
    console.print(
        f"  日志  Log: {log_file}    结束  End: Ctrl-C    检查令牌  Inspect a token: [bold]manyou inspect -[/]\n",
        highlight=False,
    )


def _show_people(console: Console) -> None:
    password, people = demo_people.read()
    table = Table(box=None, show_header=False, padding=(0, 2))
    for one in people:
        table.add_row(f"  [bold]{one.person.username}[/]", one.note["zh"], one.note["en"])
    console.print(f"\n  演示人员  Demo people (虚构 synthetic), 密码 password [bold]{password}[/]")
    console.print(table)

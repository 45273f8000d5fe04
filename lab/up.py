"""`manyou up`: the provider and every portal in one process, and a screen that says what to try."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

import idp.settings
import portals.settings
from lab.region import Region
from lab.state_folder import NotAStateFolder, StateFolderBusy, hold
from web import logs, serve
from web.addresses import BadPortalFile

# Each says in one sentence what is wrong and where to set it right.
MISTAKES = (
    idp.settings.BadSettings,
    portals.settings.BadSettings,
    BadPortalFile,
    StateFolderBusy,
    NotAStateFolder,
    serve.CannotListen,
)


def up_command(
    port_base: Annotated[
        int | None, typer.Option(help="The provider's port; the portals' follow it. 起始端口。", min=1, max=65000)
    ] = None,
    portal_places: Annotated[
        Path | None, typer.Option("--portals", help="The folder of portal folders. 门户目录。", exists=True)
    ] = None,
    tls: Annotated[bool, typer.Option("--tls", help="Speak https. 使用 https。")] = False,
) -> None:
    """Start the provider and the four portals. 启动整个区域。"""
    if tls:
        os.environ["MANYOU_TLS"] = "true"
    # The options are the settings of the same names: what is started below reads one environment.
    if port_base is not None:
        os.environ["MANYOU_PORT_BASE"] = str(port_base)
    if portal_places is not None:
        os.environ["MANYOU_PORTALS"] = str(portal_places)
    try:
        raise typer.Exit(_run())
    except MISTAKES as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


def _run() -> int:
    idp_settings = idp.settings.load()
    portal_settings = portals.settings.from_environment()
    log_file = idp_settings.var / "manyou.log"
    with hold(idp_settings.var):
        logs.to_file(log_file)
        region = Region.assemble(idp_settings, portal_settings)
        return serve.run_blocking(
            region.services,
            ready=lambda: _show(region, log_file, idp_settings),
            trusted_proxies=idp_settings.trusted_proxies,
            drain_seconds=idp_settings.drain_seconds,
        )


def _show(region: Region, log_file: Path, settings: idp.settings.Settings) -> None:
    # Imported when every service answers already: rich alone is a tenth of the start.
    from lab import start_screen

    start_screen.show(region, log_file, settings)

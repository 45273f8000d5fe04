"""`manyou certificates`: what services that run apart need for https, each in a folder that nobody else has to see."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

import idp.settings
import portals.settings
from web.addresses import BadPortalFile, portal_folders, read_portal_file
from web.tls import LocalAuthority

MISTAKES = (idp.settings.BadSettings, portals.settings.BadSettings, BadPortalFile, OSError)


def certificates_command(
    folder: Annotated[Path, typer.Argument(help="Where the folders are or are made. 目录。", file_okay=False)],
) -> None:
    """Make a local authority, and a certificate for the provider and for each portal. 本地证书。

    FOLDER/authority has the authority and its key, FOLDER/trust its certificate alone; FOLDER/idp and FOLDER/<portal>
    have that and their own certificate and key. What is there and lasts another month is kept.
    """
    try:
        hosts = _hosts()
        local = LocalAuthority(folder / "authority")
        for name, host in hosts.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            local.certificate_for([host], folder=folder / name)
            typer.echo(f"{folder / name}: {host}")
        (folder / "trust").mkdir(exist_ok=True)
        for name in ("trust", *hosts):
            shutil.copyfile(local.certificate, folder / name / local.certificate.name)
    except MISTAKES as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


def _hosts() -> dict[str, str]:
    """Return the host name of each service: the provider's, and every portal's by its folder's name."""
    settings = portals.settings.from_environment()
    addresses = {"idp": idp.settings.load().issuer}
    for folder in portal_folders(settings.portals):
        file = read_portal_file(folder, settings.port_base, settings.scheme, settings.addresses)
        addresses[file.client_id] = file.address
    return {name: urlsplit(address).hostname or "" for name, address in addresses.items()}

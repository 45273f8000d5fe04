"""From a portal's [client] table to a Client; what the entries may hold is checked as for anybody's metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from idp.features import REGION
from idp.model import Client, Display
from idp.oauth.client_metadata import Terms, registered
from idp.oauth.client_metadata_shapes import BadMetadata
from idp.oauth.registered_client import operators_client
from idp.settings import Settings
from web.addresses import BadPortalFile, PortalFile, portal_folders, read_portal_file

REGION_TERMS = Terms(REGION, demo=True, operator=True)


def load_clients(settings: Settings) -> list[Client]:
    """Read the [client] table of every portal folder. Raises BadPortalFile."""
    scheme = "https" if settings.secure else "http"
    terms = Terms(settings.features, settings.demo, operator=True)
    folders = portal_folders(settings.portals)
    return [client_from(read_portal_file(folder, settings.port_base, scheme), terms) for folder in folders]


def client_from(portal: PortalFile, terms: Terms = REGION_TERMS) -> Client:
    """Return the client that the portal's table describes. Raises BadPortalFile with a sentence."""
    table = portal.table.get("client")
    path = portal.folder / "portal.toml"
    if not isinstance(table, dict):
        raise BadPortalFile(f"{path}: needs a [client] table; docs/add-a-portal.md lists its entries.")
    if "client_secret" in table:
        raise BadPortalFile(f"{path}: [client] must not hold a secret; client_secret_sha256 takes its hash.")
    try:
        metadata = registered(table, terms)
    except BadMetadata as error:
        raise BadPortalFile(f"{path}: [client] {error.text}") from error
    return operators_client(portal.client_id, metadata, portal.address, _display(path.as_posix(), portal.table))


_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def _display(path: str, table: Mapping[str, Any]) -> Display:
    for name in ("short", "greeting", "look", "region"):
        if not isinstance(table.get(name, {}), dict):
            raise BadPortalFile(f"{path}: [{name}] must be a table.")
    region = table.get("region", {})
    for name, colour in table.get("look", {}).items():
        # Goes into a style element.
        if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
            raise BadPortalFile(f"{path}: [look] {name} must be a colour such as #1f3a5f.")
    if not isinstance(region.get("order", 99), int):
        raise BadPortalFile(f"{path}: [region] order must be a number.")
    return Display(
        short=table.get("short", {}),
        greeting=table.get("greeting", {}),
        look=table.get("look", {}),
        region=str(region.get("code", "")),
        order=region.get("order", 99),
    )

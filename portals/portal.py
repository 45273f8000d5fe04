"""What one portal is: a folder's portal.toml read into a dataclass, every mistake explained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portals.dialect import Dialect, load_dialect
from portals.items import MODES, WHO, Item
from portals.settings import Settings
from web.addresses import BadPortalFile, PortalFile, portal_folders, read_portal_file

SIGN_IN_SCOPE = ("openid", "profile", "real_name")
LANGUAGES = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True)
class Portal:
    """One portal: names by language, look by CSS variable, items in the file's order, its [client] words.

    `order` is its place among the portals wherever people see several.
    """

    folder: Path
    client_id: str
    address: str
    port: int
    region: str
    order: int
    name: Mapping[str, str]
    short: Mapping[str, str]
    greeting: Mapping[str, str]
    look: Mapping[str, str]
    items: tuple[Item, ...]
    client: Mapping[str, Any]
    legal_basis: str
    dialect: Dialect
    others: Mapping[str, str]

    @property
    def audience(self) -> str:
        """The identifier of this portal's API: `aud` of the access tokens that it accepts (RFC 8707)."""
        return f"{self.address}/api"

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends the authorization response."""
        return f"{self.address}/callback"

    @property
    def after_logout(self) -> str:
        """Where the provider sends a person who logged out here (`post_logout_redirect_uri`)."""
        return f"{self.address}/"

    @property
    def signing_alg(self) -> str:
        """The `alg` of all tokens that the provider signs for this portal: FAPI 2.0 has no RS256 (5.4.1 there)."""
        return "ES256"

    @property
    def secure(self) -> bool:
        """Whether this portal is reached over https, so that its cookies can be `__Host-`."""
        return self.address.startswith("https:")

    def item(self, code: str | None) -> Item | None:
        """Return the item of `code`, or None."""
        return next((item for item in self.items if item.code == code), None)


def find(name: str, settings: Settings) -> Path:
    """Return the folder of the portal called `name`. Raises BadPortalFile with the names there are."""
    folders = portal_folders(settings.portals)
    for folder in folders:
        if folder.name == name:
            return folder
    names = ", ".join(folder.name for folder in folders) or "none"
    raise BadPortalFile(f"There is no portal called {name} in {settings.portals}. There are: {names}.")


def load(folder: Path, settings: Settings) -> Portal:
    """Read the portal in `folder`. Raises BadPortalFile: which file, which entry, and what it should be."""
    file = read_portal_file(folder, settings.port_base, settings.scheme, settings.addresses)
    table = _Table(folder / "portal.toml", file.table)
    client = _client(table, file)
    scope = tuple(str(client["scope"]).split())
    return Portal(
        folder=folder,
        client_id=file.client_id,
        address=file.address,
        port=file.port,
        region=table.matching("region.code", r"[0-9]{6}", "a six-digit GB/T 2260 code in quotes"),
        order=table.number("region.order", 99),
        name=table.both("name"),
        short=table.both("short"),
        greeting=table.both("greeting"),
        look={
            word: table.matching(f"look.{word}", r"#[0-9a-fA-F]{6}", "a colour like #9e2a2b")
            for word in ("colour", "deep", "tint")
        },
        items=_items(table, scope),
        client=client,
        legal_basis=table.one_of("client.legal_basis", ("legal_duty", "consent")),
        dialect=load_dialect(folder),
        others=_others(file, settings),
    )


def _others(own: PortalFile, settings: Settings) -> dict[str, str]:
    """Other portals' API identifiers and client_ids, only to say whose a wrong token is."""
    found: dict[str, str] = {}
    for folder in portal_folders(settings.portals):
        if folder.name == own.client_id:
            continue
        try:
            other = read_portal_file(folder, settings.port_base, settings.scheme, settings.addresses)
        except BadPortalFile:
            # A neighbour's broken file is the neighbour's start to stop, not this one's.
            continue
        found[f"{other.address}/api"] = other.client_id
        found[other.client_id] = other.client_id
    return found


class _Table:
    """A portal.toml whose entries are named by dotted paths in what it says about mistakes."""

    def __init__(self, path: Path, table: Mapping[str, Any]) -> None:
        self.path = path
        self.table = table

    def wrong(self, entry: str, should: str) -> BadPortalFile:
        return BadPortalFile(f"{self.path}: {entry} should be {should}.")

    def entry(self, name: str) -> Any:
        value: Any = self.table
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def matching(self, name: str, pattern: str, should: str) -> str:
        value = self.entry(name)
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise self.wrong(name, should)
        return value

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.entry(name)
        if value not in choices:
            raise self.wrong(name, " or ".join(choices))
        return str(value)

    def number(self, name: str, otherwise: int) -> int:
        value = self.entry(name)
        if value is None:
            return otherwise
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(name, "a whole number")
        return value

    def both(self, name: str) -> dict[str, str]:
        return self.languages(name, self.entry(name))

    def languages(self, name: str, value: Any) -> dict[str, str]:
        if not isinstance(value, dict) or not all(
            isinstance(value.get(word), str) and value[word] for word in LANGUAGES
        ):
            raise self.wrong(name, "a text in zh and in en")
        return {language: value[word] for word, language in LANGUAGES.items()}


def _client(table: _Table, file: PortalFile) -> Mapping[str, Any]:
    client = table.entry("client")
    if not isinstance(client, dict):
        raise table.wrong("[client]", "a table of RFC 7591 words")
    scope = client.get("scope")
    if not isinstance(scope, str) or not set(SIGN_IN_SCOPE) <= set(scope.split()):
        raise table.wrong("client.scope", f"a text that holds at least: {' '.join(SIGN_IN_SCOPE)}")
    must = {
        "redirect_uris": f"{file.address}/callback",
        "post_logout_redirect_uris": f"{file.address}/",
        "resources": f"{file.address}/api",
    }
    for word, value in must.items():
        if not isinstance(client.get(word), list) or value not in client[word]:
            raise table.wrong(f"client.{word}", f"a list that holds {value}")
    if client.get("id_token_signed_response_alg", "ES256") != "ES256":
        raise table.wrong("client.id_token_signed_response_alg", "ES256")
    if client.get("token_endpoint_auth_method") != "private_key_jwt":
        raise table.wrong("client.token_endpoint_auth_method", "private_key_jwt: a portal has a key and no secret")
    if client.get("profile") != "fapi2":
        raise table.wrong("client.profile", "fapi2: a portal pushes its requests, and its tokens are bound to its key")
    return client


def _items(table: _Table, scope: tuple[str, ...]) -> tuple[Item, ...]:
    rows = table.entry("items")
    if not isinstance(rows, list) or not rows:
        raise table.wrong("[[items]]", "at least one item")
    items = tuple(_item(table, f"items[{number}]", row, scope) for number, row in enumerate(rows, 1))
    codes = [item.code for item in items]
    for number, code in enumerate(codes):
        if code in codes[:number]:
            raise table.wrong(f"items[{number + 1}].code", f"a code of its own; {code} is used twice")
    return items


def _item(table: _Table, place: str, row: Any, scope: tuple[str, ...]) -> Item:
    if not isinstance(row, dict):
        raise table.wrong(place, "a table")
    code, who, level, mode = (row.get(word) for word in ("code", "who", "level", "mode"))
    if not isinstance(code, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}", code):
        raise table.wrong(f"{place}.code", "letters, digits and hyphens, at most 32, like BJ-0101")
    if not isinstance(who, list) or not who or not set(map(str, who)) <= set(WHO):
        raise table.wrong(f"{place}.who", 'a list of "natural" and "legal"')
    if level not in (1, 2, 3, 4) or isinstance(level, bool):
        raise table.wrong(f"{place}.level", "a level: 1, 2, 3 or 4")
    if mode not in MODES:
        raise table.wrong(f"{place}.mode", f"one of {', '.join(MODES)}")
    needs, where = row.get("needs", []), row.get("where", [])
    if not isinstance(needs, list) or not set(map(str, needs)) <= set(scope):
        raise table.wrong(f"{place}.needs", f"a list of scopes that client.scope holds: {' '.join(scope)}")
    if not isinstance(where, list) or not all(re.fullmatch(r"[0-9]{6}", str(region)) for region in where):
        raise table.wrong(f"{place}.where", "a list of six-digit GB/T 2260 codes")
    name = table.languages(f"{place}.name", row.get("name"))
    return Item(code, name, tuple(who), level, mode, tuple(needs), tuple(map(str, where)))

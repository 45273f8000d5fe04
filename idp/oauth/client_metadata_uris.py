"""URIs in client metadata: where browsers and the provider itself are sent, so none is taken that could mislead.

RFC 6749 3.1.2, RFC 8252 7, OpenID Registration 2, RP-Initiated Logout 3.1, Front-Channel Logout 2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv6Address
from typing import Any

from idp.oauth.client_metadata_shapes import OPERATORS_LISTS, URIS, BadMetadata, bad_redirect_uri
from web.addresses import LOOPBACK_NAMES, is_loopback

# Host, port, path and query spelt out: no user name, no wildcard, nothing but the characters of RFC 3986.
_WEB = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|(?=[^/:?#]{1,253}(?:[/:?#]|$))[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?P<query>\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
    r"(?P<fragment>#[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
# RFC 8252 7.1, 8.4: the name of a domain backwards, so that it has a dot.
_PRIVATE_USE = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+):/?[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
_LISTS = ("post_logout_redirect_uris", "request_uris", *OPERATORS_LISTS)


def taken_apart(uri: str) -> re.Match[str] | None:
    """Return scheme, host, port, path, query and fragment of an http or https URI; None for anything else."""
    found = _WEB.fullmatch(uri)
    if found is None or (found["port"] is not None and not 0 < int(found["port"]) <= 65535):
        return None
    if found["host"].startswith("["):
        try:
            IPv6Address(found["host"][1:-1])
        except AddressValueError:
            return None
    return found


def origin_of(uri: str) -> str | None:
    """Return scheme, host and port of an http or https URI in one spelling; None for one of an application."""
    found = taken_apart(uri)
    if found is None:
        return None
    port = found["port"] or {"http": "80", "https": "443"}[found["scheme"]]
    return f"{found['scheme']}://{found['host'].lower()}:{int(port)}"


def check(table: Mapping[str, Any], *, operator: bool, demo: bool) -> None:
    """Check every URI of the metadata. Raises BadMetadata."""
    for uri in table["redirect_uris"]:
        _check_redirect(table, uri, operator, demo)
    for name in _LISTS:
        for uri in table.get(name, ()):
            if name == "post_logout_redirect_uris" and table["application_type"] == "native":
                _check_native(name, uri, "invalid_client_metadata")
            else:
                # Core 6.2: the fragment of a request_uri tells whether its contents have changed.
                _check_web(name, uri, operator, demo, fragment=name == "request_uris")
    for name, uri in table.items():
        if name.partition("#")[0] in URIS:
            _check_web(name.partition("#")[0], uri, operator, demo)
    _check_frontchannel(table)


def _check_redirect(table: Mapping[str, Any], uri: str, operator: bool, demo: bool) -> None:
    if table["application_type"] == "native":
        _check_native("redirect_uris", uri, "invalid_redirect_uri")
        return
    _check_web("redirect_uris", uri, operator, demo, code="invalid_redirect_uri")
    host = _host(uri)
    if table["profile"] == "fapi2" and not uri.startswith("https:") and not (demo and is_loopback(host)):
        raise bad_redirect_uri("must begin with https:// (FAPI 2.0 Security Profile 5.3.2.2)")
    if not operator and not demo and is_loopback(host):
        raise bad_redirect_uri("of a web application must not lead to localhost (OpenID Registration 2)")


def _check_web(
    name: str, uri: str, operator: bool, demo: bool, *, fragment: bool = False, code: str = "invalid_client_metadata"
) -> None:
    found = taken_apart(uri)
    if found is None or (found["fragment"] is not None and not fragment):
        raise BadMetadata(name, "must be an http(s) address without user name, wildcard and fragment", code)
    # Where an operator's own portals stand is the operator's affair, and settings hold them to https.
    if found["scheme"] != "https" and not operator and not (demo and is_loopback(found["host"])):
        raise BadMetadata(name, "must begin with https://", code)


def _check_native(name: str, uri: str, code: str) -> None:
    """OpenID Registration 2: a scheme of its own, or http on a loopback name."""
    found = taken_apart(uri)
    loopback = found is not None and found["scheme"] == "http" and is_loopback(found["host"]) and not found["fragment"]
    if not loopback and not _PRIVATE_USE.fullmatch(uri):
        raise BadMetadata(
            name, "of a native application must be http on a loopback name or a scheme such as com.example.app:", code
        )


def redirects_to(uri: str, registered: tuple[str, ...], application_type: str) -> bool:
    """Tell whether answers may go to `uri`: it equals a registered one, character by character (RFC 9700 2.1).

    For a native application the port of a loopback address is left out of that: its system gives it another one each
    time (RFC 8252 7.3, 8.4).
    """
    if uri in registered:
        return True
    asked = _but_for_the_port(uri) if application_type == "native" else None
    return asked is not None and any(_but_for_the_port(one) == asked for one in registered)


def _but_for_the_port(uri: str) -> tuple[str, ...] | None:
    """Return all of an http URI on loopback but its port; None of any other URI."""
    found = taken_apart(uri)
    if found is None or found["scheme"] != "http" or found["host"] not in LOOPBACK_NAMES:
        return None
    return found["host"], _rest(found)


def _check_frontchannel(table: Mapping[str, Any]) -> None:
    """Front-Channel Logout 2: on scheme, host and port of a redirect_uri."""
    uri = table.get("frontchannel_logout_uri")
    if uri is not None and origin_of(uri) not in {origin_of(one) for one in table["redirect_uris"]}:
        raise BadMetadata("frontchannel_logout_uri", "must have scheme, host and port of a redirect_uri")


def _host(uri: str) -> str:
    found = taken_apart(uri)
    return found["host"].lower() if found is not None else ""


def hosts(uris: list[str]) -> set[str]:
    """Return the hosts of these URIs; those of applications have none."""
    return {_host(uri) for uri in uris} - {""}


def home(uris: list[str]) -> str:
    """Return where people find a client that does not say so; the provider's own pages for an application."""
    origins = [found.group().removesuffix(_rest(found)) for uri in uris if (found := taken_apart(uri)) is not None]
    return origins[0] if origins else "/"


def place(uris: list[str]) -> str:
    """Return the host that people are sent to, or the scheme of the application: what they can tell a client by."""
    return min(hosts(uris), default=uris[0].partition(":")[0])


def places(uris: list[str]) -> set[str]:
    """Return all that people may be sent to: hosts, and schemes of applications."""
    return {_host(uri) or uri.partition(":")[0] for uri in uris}


def _rest(found: re.Match[str]) -> str:
    return "".join(found[part] or "" for part in ("path", "query", "fragment"))

"""One hop of the journey: a request and its answer, without anything secret, and what it means in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urljoin, urlsplit

PROVIDER = "idp"

# Values may be shown only of these; a name that is not listed keeps its value to itself.
SHOWN = frozenset({"client_id", "target_link_uri", "prompt", "error"})
NAMED = frozenset({"code", "state", "interaction", "id_token_hint"})


@dataclass(frozen=True)
class Hop:
    """A request to `service` (a portal's client_id, or idp) and its answer; `meaning` is a key of the tour's texts."""

    service: str
    method: str
    path: str
    url: str
    status: int
    milliseconds: float
    meaning: str
    onward: str = ""

    @property
    def is_page_of_provider(self) -> bool:
        """Whether the provider showed something here, so that the person was stopped."""
        return self.service == PROVIDER and not 300 <= self.status < 400


def hop(
    names: Mapping[str, str],
    method: str,
    url: str,
    status: int,
    milliseconds: float,
    location: str | None = None,
    meaning: str | None = None,
) -> Hop:
    """Return the hop of a request to `url`; `names` maps host:port to the service there, `location` is the redirect's.

    `meaning` is given where the request alone does not tell it.
    """
    parts = urlsplit(url)
    service = names.get(parts.netloc, parts.netloc)
    onward = urlsplit(urljoin(url, location)).path if location else ""
    # An authorization request that had to wait for the person goes on under the number of its interaction.
    resumed = parts.query.startswith("interaction=")
    return Hop(
        service=service,
        method=method,
        path=parts.path,
        url=short(url),
        status=status,
        milliseconds=round(milliseconds, 1),
        meaning=meaning or _meaning(service == PROVIDER, method, parts.path, status, onward, resumed),
        onward=onward,
    )


def short(url: str) -> str:
    """Return path and query of `url` with the values of all but a few harmless parameters left out."""
    parts = urlsplit(url)
    told, hidden = [], False
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name in SHOWN:
            told.append(f"{name}={value if value.isprintable() and len(value) <= 24 else '…'}")
        elif name in NAMED:
            told.append(f"{name}=…")
        else:
            hidden = True
    if hidden:
        told.append("…")
    return parts.path + (f"?{'&'.join(told)}" if told else "")


def _meaning(at_provider: bool, method: str, path: str, status: int, onward: str, resumed: bool) -> str:
    if status >= 400:
        return "hop.refused"
    if at_provider and path == "/authorize":
        code = "hop.code_after" if resumed else "hop.code"
        return {"/callback": code, "/login": "hop.please_log_in"}.get(onward, "hop.asked")
    wanted = ("idp" if at_provider else "portal", method, path)
    return _MEANINGS.get(wanted, "hop.page")


_MEANINGS = {
    ("portal", "GET", "/"): "hop.home",
    ("portal", "GET", "/login"): "hop.to_provider",
    ("portal", "GET", "/callback"): "hop.callback",
    ("portal", "GET", "/me"): "hop.me",
    ("portal", "GET", "/inspect"): "hop.inspect",
    ("portal", "GET", "/api/whoami"): "hop.whoami",
    ("portal", "GET", "/logout"): "hop.log_out_asked",
    ("portal", "POST", "/logout"): "hop.log_out",
    ("idp", "GET", "/login"): "hop.log_in_page",
    ("idp", "POST", "/login"): "hop.password",
    ("idp", "GET", "/consent"): "hop.asked",
    ("idp", "GET", "/end_session"): "hop.end_session",
    ("idp", "GET", "/"): "hop.zone",
    ("idp", "GET", "/jwks"): "hop.jwks",
}

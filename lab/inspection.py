"""What `manyou inspect` finds out about a token: which use it has, which portal it is for, and that portal's verdict.

Keys come from the issuer that this region is set to, or the one the caller names; never from where the token says.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from portals.checks.header import TYPES
from portals.levels import ACR_VALUES
from portals.portal import Portal, find, load
from portals.settings import Settings
from portals.verdict import Expectation, Use, Verdict, VerificationKeys, judge
from web.addresses import portal_folders
from web.connect import MappedSyncTransport
from web.tls import calling

SECONDS = 5.0
DOCUMENT_LIMIT = 1_000_000
NO_PORTAL = "(a portal of this region)"


class Unusable(Exception):
    """Nothing can be said about the token; the text is one sentence, `verdict` what could be said after all."""

    def __init__(self, reason: str, verdict: Verdict | None = None) -> None:
        super().__init__(reason)
        self.verdict = verdict


@dataclass(frozen=True)
class Inspection:
    """The use and the portal (None: of no portal here) a token was judged for, when, and the verdict."""

    use: Use
    portal: str | None
    issuer: str
    now: float
    verdict: Verdict


Fetch = Callable[[str], VerificationKeys]


def inspect(token: bytes, settings: Settings, now: float, portal: str | None, issuer: str | None) -> Inspection:
    """Judge `token` as its portal would at `now`. Raises Unusable, web.addresses.BadPortalFile.

    A token that is refused by its form is judged without asking the provider for its keys.
    """
    at = issuer or settings.provider
    first = judge(token, Expectation("id_token", at, "", "", now), VerificationKeys.from_jwks({}))
    use = recognised_use(first.header, first.claims)
    where = _portal(settings, portal, first.claims)
    expect = _expectation(use, at, where, now)
    verdict = judge(token, expect, VerificationKeys.from_jwks({}))
    if not is_token(token):
        raise Unusable("This is not a token: a token is three texts of letters and digits joined by dots.", verdict)
    if verdict.code == "token.kid.unknown":
        verdict = judge(token, expect, published_keys(at, settings))
    return Inspection(use, where.client_id if where else None, at, now, verdict)


def is_token(token: bytes) -> bool:
    """Tell whether the first segment reads as a JOSE header, however loosely: else there is nothing to judge."""
    first, dot, _ = token.strip().partition(b".")
    try:
        header = json.loads(base64.urlsafe_b64decode(first.rstrip(b"=") + b"=" * (-len(first.rstrip(b"=")) % 4)))
    except (ValueError, RecursionError):
        return False
    return bool(dot) and isinstance(header, dict)


def recognised_use(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Use:
    """Tell an ID token, access token and logout token apart by `typ`, else by the claims that only one has."""
    uses: tuple[Use, ...] = ("access_token", "logout_token", "id_token")
    for use in uses:
        if header.get("typ") in TYPES[use]:
            return use
    if "events" in claims:
        return "logout_token"
    return "access_token" if "client_id" in claims or "scope" in claims else "id_token"


def published_keys(issuer: str, settings: Settings) -> VerificationKeys:
    """Fetch the keys that `issuer` publishes (Discovery 4). Raises Unusable with what went wrong."""
    transport = MappedSyncTransport(settings.connect_map, verify=calling(settings))
    with httpx.Client(transport=transport, timeout=SECONDS) as client:
        metadata = _document(client, issuer.rstrip("/") + "/.well-known/openid-configuration")
        if metadata.get("issuer") != issuer:
            raise Unusable(f"The provider at {issuer} calls itself {metadata.get('issuer')!r:.200}.")
        jwks_uri = metadata.get("jwks_uri")
        if not isinstance(jwks_uri, str) or urlsplit(jwks_uri).scheme not in ("http", "https"):
            raise Unusable(f"The provider at {issuer} does not say where its keys are.")
        return VerificationKeys.from_jwks(_document(client, jwks_uri))


def _document(client: httpx.Client, url: str) -> dict[str, Any]:
    try:
        with client.stream("GET", url) as response:
            if response.status_code != 200:
                raise Unusable(f"{url} answered {response.status_code}, so the provider's keys are not to be had.")
            body = b""
            for piece in response.iter_bytes():
                body += piece
                if len(body) > DOCUMENT_LIMIT:
                    raise Unusable(f"{url} answered with more than {DOCUMENT_LIMIT} bytes.")
        document = json.loads(body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unusable(
            f"The provider's keys are not to be had from {url}: {str(error) or type(error).__name__}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{url} did not answer with JSON.") from error
    if not isinstance(document, dict):
        raise Unusable(f"{url} did not answer with a JSON object.")
    return document


def _portal(settings: Settings, name: str | None, claims: Mapping[str, Any]) -> Portal | None:
    """Find the portal that the caller names, else the one that the token is for or was issued to."""
    if name is not None:
        return load(find(name, settings), settings)
    aud = claims.get("aud")
    named = [*(aud if isinstance(aud, list) else [aud]), claims.get("client_id"), claims.get("azp")]
    portals = [load(folder, settings) for folder in portal_folders(settings.portals)]
    for value in named:
        for portal in portals:
            if value in (portal.client_id, portal.audience):
                return portal
    return None


def _expectation(use: Use, issuer: str, portal: Portal | None, now: float) -> Expectation:
    if portal is None:
        return Expectation(use, issuer, NO_PORTAL, NO_PORTAL, now)
    acr = ACR_VALUES if use == "id_token" else ()
    others = portal.others
    return Expectation(
        use, issuer, portal.client_id, portal.audience, now, acr=acr, algs=(portal.signing_alg,), other_portals=others
    )  # fmt: skip

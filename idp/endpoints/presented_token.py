"""The access token that comes with a request, taken as it must be presented (RFC 6750 2, RFC 9449 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request

from idp.endpoints.parts import Parts
from idp.errors import TokenRefusal
from idp.oauth.access_token import ActiveToken, Inactive
from web.dpop import ALGORITHMS, REASONS
from web.forms import FORM, BadForm, form_parameters, query_parameters

Scheme = Literal["Bearer", "DPoP"]
_SCHEMES: dict[str, Scheme] = {"bearer": "Bearer", "dpop": "DPoP"}
_NO_TOKEN = "no token"


@dataclass(frozen=True)
class Presented:
    """A token and the way in which it came; one in a form counts as Bearer."""

    scheme: Scheme
    token: str


def scheme_of(request: Request) -> Scheme:
    """Return the scheme that the client tries; without any it is Bearer."""
    tried = [header.partition(" ")[0].lower() for header in request.headers.getlist("authorization")]
    return "DPoP" if "dpop" in tried else "Bearer"


async def presented(request: Request) -> Presented:
    """Return the token from the header or, by POST, from the form; never from the query, never from two places.

    Raises TokenRefusal.
    """
    try:
        return await _presented(request)
    except BadForm as error:
        # RFC 6750 3.1: a malformed request is refused with a challenge like any other.
        raise TokenRefusal("invalid_request", error.reason, status=error.status) from error


async def _presented(request: Request) -> Presented:
    if query_parameters(request).get("access_token") is not None:
        # RFC 9700 4.3.2, FAPI 2.0 Security Profile 5.3.4: addresses end up in logs.
        raise TokenRefusal("invalid_request", "An access token in the query is refused.")
    found: list[Presented] = []
    for header in request.headers.getlist("authorization"):
        name, _, value = header.partition(" ")
        scheme = _SCHEMES.get(name.lower())
        if scheme is None:
            # RFC 6750 3.1: another scheme is as good as no token.
            continue
        if not value.strip() or "," in value:
            raise TokenRefusal("invalid_request", f"Authorization must be {scheme} and one token.")
        found.append(Presented(scheme, value.strip()))
    if request.method == "POST" and request.headers.get("content-type", "").lower().startswith(FORM):
        parameters = await form_parameters(request)
        found += [Presented("Bearer", token) for token in parameters.all("access_token")]
    if not found:
        # RFC 6750 3.1: a request without any token learns no error code.
        raise TokenRefusal("invalid_token", "An access token is needed.", reason=_NO_TOKEN, status=401)
    if len(found) > 1:
        raise TokenRefusal("invalid_request", "More than one access token was sent.")
    return found[0]


async def accepted(shop: Parts, request: Request) -> ActiveToken:
    """Return the request's token if it is active, meant for us, and of whoever sends it. Raises TokenRefusal."""
    shown = await presented(request)
    try:
        active = await shop.access_tokens.active(shown.token)
    except Inactive as inactive:
        raise _invalid("The access token is not valid.", str(inactive)) from inactive
    if shop.issuer not in active.audience:
        raise _invalid("The access token is not meant for this.", f"aud is {active.audience}")
    await _check_binding(shop, request, shown, active)
    return active


async def _check_binding(shop: Parts, request: Request, shown: Presented, active: ActiveToken) -> None:
    """RFC 9449 7.1, 7.2: a bound token only with a proof of its key, a plain one only as Bearer."""
    if active.jkt is None:
        if shown.scheme == "DPoP":
            raise _invalid("The access token is not bound to a key: Authorization must be Bearer.")
        return
    if shown.scheme == "Bearer":
        raise _invalid("The access token is bound to a key: Authorization must be DPoP.")
    url = f"{shop.issuer}{request.url.path}"
    try:
        proof = await shop.proofs.check(request.headers, method=request.method, url=url, access_token=shown.token)
    except TokenRefusal as refusal:
        refusal.status = 401
        raise
    if proof is None:
        raise TokenRefusal("invalid_dpop_proof", REASONS["proof.missing"], status=401, headers=shop.proofs.headers())
    if proof.jkt != active.jkt:
        raise _invalid("The access token is bound to another key than that of the DPoP proof.")


def _invalid(public: str, reason: str = "") -> TokenRefusal:
    return TokenRefusal("invalid_token", public, reason=reason, status=401)


def challenges(issuer: str, refusal: TokenRefusal, scheme: Scheme) -> str:
    """Return WWW-Authenticate: both schemes, what was wrong with the one that was tried (RFC 6750 3, RFC 9449 7.1)."""
    wrong = ""
    if refusal.reason != _NO_TOKEN:
        scope = ', scope="openid"' if refusal.code == "insufficient_scope" else ""
        wrong = f', error="{refusal.code}", error_description="{refusal.public}"{scope}'
    told = {
        "Bearer": f'Bearer realm="{issuer}"',
        "DPoP": f'DPoP realm="{issuer}", algs="{" ".join(ALGORITHMS)}"',
    }
    other: Scheme = "DPoP" if scheme == "Bearer" else "Bearer"
    return f"{told[scheme]}{wrong}, {told[other]}"

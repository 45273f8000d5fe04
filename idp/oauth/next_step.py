"""What has to happen next for an authorization request: log in, ask for consent, refuse, or grant (Core 3.1.2.3-6).

A pure decision: everything it depends on is handed in.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from idp.errors import RedirectRefusal
from idp.model import AuthorizationRequest, Interaction, Wish
from idp.oauth import acr
from idp.people.sessions import SignedIn


class Step(Struct, frozen=True):
    """The next step; `scopes` are those to ask consent for; `reauthenticate` asks even someone who is signed in."""

    kind: Literal["login", "consent", "grant"]
    scopes: tuple[str, ...] = ()
    reauthenticate: bool = False


def next_step(
    request: AuthorizationRequest,
    signed_in: SignedIn | None,
    sub: str | None,
    interaction: Interaction | None,
    consent_wanted: tuple[str, ...],
    now: float,
) -> Step:
    """Return the next step.

    `sub` is the signed-in person's subject at this client; `consent_wanted` the scopes that rest on consent and have
    none yet. Raises RedirectRefusal where the client must be told instead.
    """
    session_id = signed_in.session.session_id if signed_in is not None else None
    decision = interaction.decision if interaction is not None and interaction.decided_by == session_id else None
    if decision == "deny":
        raise RedirectRefusal("access_denied", "The person did not consent.")
    just_logged_in = (
        signed_in is not None and interaction is not None and interaction.authenticated == signed_in.session.session_id
    )
    login = _login(request, signed_in, sub, just_logged_in, now)
    if login is None and signed_in is not None and not acr.met(request.claims, signed_in.level):
        # There is no way to be known better than that here (Unmet Authentication Requirements 2).
        public = "The person is not known as well as is required."
        raise RedirectRefusal("unmet_authentication_requirements", public, reason=f"acr is {signed_in.acr}")
    if login is not None:
        if "none" in request.prompt:
            raise RedirectRefusal("login_required", "The person has to log in.", reason=login)
        if login == "another person" and just_logged_in:
            raise RedirectRefusal("login_required", "Another person than the one hinted at is logged in.", reason=login)
        return Step("login", reauthenticate=signed_in is not None)
    # RFC 8252 8.6, RFC 6749 10.2: nobody can tell who asks, so that no earlier consent answers for it.
    asks_anyway = "consent" in request.prompt or request.client.impersonable
    if consent_wanted or (asks_anyway and decision != "allow"):
        if "none" in request.prompt:
            raise RedirectRefusal("consent_required", "The person has to consent.")
        return Step("consent", scopes=consent_wanted)
    return Step("grant")


def _login(
    request: AuthorizationRequest, signed_in: SignedIn | None, sub: str | None, just_logged_in: bool, now: float
) -> str | None:
    """Return why a log-in is needed, or None."""
    if signed_in is None:
        return "no session"
    if not _is_meant(request, sub):
        return "another person"
    if just_logged_in:
        return None
    if not acr.met(request.claims, signed_in.session.level) and acr.met(request.claims, signed_in.person.level):
        return "the person's level has risen since"
    if request.prompt & {"login", "select_account"}:
        return "prompt asks for it"
    if request.max_age is not None and now - signed_in.session.auth_time > request.max_age:
        return "max_age has passed"
    if request.max_age == 0:
        return "max_age is 0"
    return None


def _is_meant(request: AuthorizationRequest, sub: str | None) -> bool:
    """Tell whether it is the person that the hint or the claim `sub` asks for (Core 3.1.2.2, 5.5.1)."""
    wishes = [claims.get("sub", Wish()).values for claims in (request.claims.id_token, request.claims.userinfo)]
    return request.hinted_sub in (None, sub) and all(not values or sub in values for values in wishes)

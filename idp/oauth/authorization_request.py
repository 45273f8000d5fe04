"""The checks of an authorization request, in order; what passes them is one AuthorizationRequest.

Our own instead of Authlib's: its authorization endpoint leaves `iss` off early errors, answers some bad input with an
exception and reads neither max_age nor resource (docs/decisions/0003-authlib.md names the tests).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from idp.clients import Clients
from idp.errors import PageRefusal, RedirectRefusal
from idp.keys import KeyRing
from idp.model import SCOPES, AuthorizationRequest, Client
from idp.oauth import hints
from web.forms import Parameters

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_NUMBER = re.compile(r"[0-9]{1,19}")
PROMPTS = frozenset({"none", "login", "consent", "select_account"})


@dataclass
class Draft:
    """A request on its way through the checks: each check reads parameters and fills in what it has checked."""

    parameters: Parameters
    clients: Clients
    keys: KeyRing
    issuer: str
    client: Client | None = None
    redirect_uri: str | None = None
    scope: tuple[str, ...] = ()
    resource: str | None = None
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    code_challenge: str | None = None
    hinted_sub: str | None = None
    acr_values: tuple[str, ...] = field(default_factory=tuple)

    def known(self) -> Client:
        """Return the client that the first check found."""
        assert self.client is not None
        return self.client


def client_is_known(draft: Draft) -> None:
    """RFC 6749 4.1.2.1: without a known client nothing is redirected."""
    if "client_id" in draft.parameters.repeated():
        raise PageRefusal("bad_request", "client_id is repeated.")
    client_id = draft.parameters.get("client_id")
    if client_id is None:
        raise PageRefusal("unknown_client", "client_id is missing.")
    draft.client = draft.clients.get(client_id)
    if draft.client is None:
        raise PageRefusal(
            "unknown_client", "This client is not registered.", reason=f"unknown client {client_id[:80]!r}"
        )


def redirect_uri_is_registered(draft: Draft) -> None:
    """Core 3.1.2.1, RFC 9700 4.1.3: present, and equal to a registered one, character by character."""
    if "redirect_uri" in draft.parameters.repeated():
        raise PageRefusal("bad_redirect_uri", "redirect_uri is repeated.")
    redirect_uri = draft.parameters.get("redirect_uri")
    if redirect_uri is None:
        raise PageRefusal("bad_redirect_uri", "redirect_uri is missing.")
    if redirect_uri not in draft.known().redirect_uris:
        raise PageRefusal(
            "bad_redirect_uri",
            "redirect_uri is not registered for this client.",
            reason=f"{draft.known().client_id} has not registered {redirect_uri[:200]!r}",
        )
    draft.redirect_uri = redirect_uri


def no_parameter_is_repeated(draft: Draft) -> None:
    """RFC 6749 3.1; only `resource` may be sent more than once (RFC 8707 2)."""
    repeated = sorted(draft.parameters.repeated() - {"resource"})
    if repeated:
        raise RedirectRefusal("invalid_request", f"The parameter {repeated[0][:40]} is repeated.")


def request_objects_are_refused(draft: Draft) -> None:
    """Core 6: what is not supported is refused with its own error, never ignored."""
    for name in ("request", "request_uri", "registration"):
        if draft.parameters.get(name) is not None:
            raise RedirectRefusal(f"{name}_not_supported", f"The parameter {name} is not supported.")


def response_type_is_code(draft: Draft) -> None:
    """RFC 6749 3.1.1."""
    response_type = draft.parameters.get("response_type")
    if response_type is None:
        raise RedirectRefusal("invalid_request", "response_type is missing.")
    if response_type != "code":
        raise RedirectRefusal("unsupported_response_type", "Only response_type code is supported.")
    if "code" not in draft.known().response_types:
        raise RedirectRefusal("unauthorized_client", "This client is not registered for response_type code.")


def response_mode_is_query(draft: Draft) -> None:
    """Multiple Response Types 2.1."""
    if draft.parameters.get("response_mode") not in (None, "query"):
        raise RedirectRefusal("invalid_request", "Only response_mode query is supported.")


def scope_is_readable(draft: Draft) -> None:
    """RFC 6749 3.3, Core 3.1.2.1: scopes that are unknown or not registered for the client are left out."""
    scope = draft.parameters.get("scope")
    if scope is None:
        raise RedirectRefusal("invalid_request", "scope is missing.")
    words = scope.split(" ")
    if not all(_SCOPE.fullmatch(word) for word in words):
        raise RedirectRefusal("invalid_scope", "scope must be words separated by single spaces.")
    draft.scope = tuple(one for one in SCOPES if one in words and one in draft.known().scope)
    if not draft.scope:
        raise RedirectRefusal("invalid_scope", "None of these scopes can be granted to this client.")


def pkce_is_s256(draft: Draft) -> None:
    """RFC 7636 4.3, RFC 9700 2.1.1: S256 only, and required unless the client is registered without."""
    challenge = draft.parameters.get("code_challenge")
    method = draft.parameters.get("code_challenge_method")
    if challenge is None:
        if method is not None or draft.known().require_pkce:
            raise RedirectRefusal("invalid_request", "code_challenge is missing: PKCE with S256 is required.")
        return
    if method != "S256":
        raise RedirectRefusal("invalid_request", "code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(challenge):
        raise RedirectRefusal("invalid_request", "code_challenge must be 43 characters of base64url.")
    draft.code_challenge = challenge


def resource_is_the_clients(draft: Draft) -> None:
    """RFC 8707 2: one API that this client is registered for."""
    resources = draft.parameters.all("resource")
    if not resources:
        return
    if len(set(resources)) > 1:
        raise RedirectRefusal("invalid_target", "Only one resource can be asked for at a time.")
    if resources[0] not in draft.known().resources:
        raise RedirectRefusal("invalid_target", "This client is not registered for that resource.")
    draft.resource = resources[0]


def prompt_makes_sense(draft: Draft) -> None:
    """Core 3.1.2.1: none stands alone; values that we do not know are left out."""
    values = frozenset((draft.parameters.get("prompt") or "").split())
    if "none" in values and len(values) > 1:
        raise RedirectRefusal("invalid_request", "prompt none cannot be combined with other values.")
    draft.prompt = values & PROMPTS
    # Core 11: offline_access counts only where the person is asked for it.
    if "offline_access" in draft.scope and "consent" not in draft.prompt:
        draft.scope = tuple(one for one in draft.scope if one != "offline_access")


def max_age_is_a_number(draft: Draft) -> None:
    """Core 3.1.2.1: seconds, not negative."""
    max_age = draft.parameters.get("max_age")
    if max_age is None:
        return
    if not _NUMBER.fullmatch(max_age):
        raise RedirectRefusal("invalid_request", "max_age must be a number of seconds.")
    draft.max_age = int(max_age)


def id_token_hint_is_ours(draft: Draft) -> None:
    """Core 3.1.2.1: an ID token that we issued to this client, expired or not."""
    token = draft.parameters.get("id_token_hint")
    if token is None:
        return
    hint = hints.read(draft.keys, draft.issuer, token)
    if hint is None or hint.client_id != draft.known().client_id:
        raise RedirectRefusal("invalid_request", "id_token_hint is not an ID token issued to this client.")
    draft.hinted_sub = hint.sub


PAGE_CHECKS: tuple[Callable[[Draft], None], ...] = (client_is_known, redirect_uri_is_registered)
"""Until these have passed, a refusal is a page; after them it goes to the redirect_uri."""

REDIRECT_CHECKS: tuple[Callable[[Draft], None], ...] = (
    no_parameter_is_repeated,
    request_objects_are_refused,
    response_type_is_code,
    response_mode_is_query,
    scope_is_readable,
    pkce_is_s256,
    resource_is_the_clients,
    prompt_makes_sense,
    max_age_is_a_number,
    id_token_hint_is_ours,
)


@dataclass(frozen=True)
class Destination:
    """Where a refusal may go: the client, its redirect_uri, and the state to return (RFC 6749 4.1.2.1)."""

    client: Client
    redirect_uri: str
    state: str | None


def destination(draft: Draft) -> Destination:
    """Run the checks that decide where the answer may go. Raises PageRefusal."""
    for check in PAGE_CHECKS:
        check(draft)
    assert draft.redirect_uri is not None
    states = draft.parameters.all("state")
    return Destination(draft.known(), draft.redirect_uri, states[0] if len(states) == 1 else None)


def validate(draft: Draft) -> AuthorizationRequest:
    """Run the other checks and return the request. Raises RedirectRefusal."""
    for check in REDIRECT_CHECKS:
        check(draft)
    parameters = draft.parameters
    assert draft.redirect_uri is not None
    return AuthorizationRequest(
        client=draft.known(),
        redirect_uri=draft.redirect_uri,
        scope=draft.scope,
        state=parameters.get("state"),
        nonce=parameters.get("nonce"),
        code_challenge=draft.code_challenge,
        resource=draft.resource,
        prompt=draft.prompt,
        max_age=draft.max_age,
        acr_values=tuple((parameters.get("acr_values") or "").split()),
        login_hint=parameters.get("login_hint"),
        ui_locales=parameters.get("ui_locales"),
        hinted_sub=draft.hinted_sub,
    )

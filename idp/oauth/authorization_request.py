"""The checks of an authorization request, in order; what passes them is one AuthorizationRequest.

Our own instead of Authlib's: its authorization endpoint leaves `iss` off early errors, answers some bad input with an
exception and reads neither max_age nor resource (docs/decisions/0003-authlib.md names the tests).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from idp.errors import PageRefusal, RedirectRefusal
from idp.features import Features
from idp.keys import KeyRing
from idp.model import NO_CLAIMS, SCOPES, AuthorizationRequest, ClaimsRequest, Client
from idp.oauth import claims_parameter, hints, response_mode
from idp.oauth.client_metadata_uris import redirects_to
from idp.oauth.incoming import Incoming
from web.forms import Parameters

_HASH = re.compile(r"[A-Za-z0-9_-]{43}")
"""SHA-256 in base64url, as code_challenge and dpop_jkt hold it (RFC 7636 4.2, RFC 9449 10)."""
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_NUMBER = re.compile(r"[0-9]{1,19}")
PROMPTS = frozenset({"none", "login", "consent", "select_account"})


class Draft(Struct):
    """A request on its way through the checks: each check reads parameters and fills in what it has checked."""

    incoming: Incoming
    keys: KeyRing
    issuer: str
    features: Features
    redirect_uri: str | None = None
    response_type: str = "code"
    response_mode: str = "query"
    scope: tuple[str, ...] = ()
    resource: str | None = None
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    code_challenge: str | None = None
    hinted_sub: str | None = None
    claims: ClaimsRequest = NO_CLAIMS
    dpop_jkt: str | None = None

    @property
    def parameters(self) -> Parameters:
        """The parameters that count."""
        return self.incoming.parameters

    def known(self) -> Client:
        """Return the client, which was found before anything else was looked at."""
        return self.incoming.client


def redirect_uri_is_registered(draft: Draft) -> None:
    """Core 3.1.2.1, RFC 9700 4.1.3: present, and equal to a registered one; RFC 8252 7.3: a loopback port aside."""
    if "redirect_uri" in draft.parameters.repeated():
        raise PageRefusal("bad_redirect_uri", "redirect_uri is repeated.")
    redirect_uri = draft.parameters.get("redirect_uri")
    if redirect_uri is None:
        raise PageRefusal("bad_redirect_uri", "redirect_uri is missing.")
    client = draft.known()
    if not redirects_to(redirect_uri, client.redirect_uris, client.application_type):
        raise PageRefusal(
            "bad_redirect_uri",
            "redirect_uri is not registered for this client.",
            reason=f"{client.client_id} has not registered {redirect_uri[:200]!r}",
        )
    draft.redirect_uri = redirect_uri


def no_parameter_is_repeated(draft: Draft) -> None:
    """RFC 6749 3.1; only `resource` may be sent more than once (RFC 8707 2)."""
    repeated = sorted(draft.parameters.repeated() - {"resource"})
    if repeated:
        raise RedirectRefusal("invalid_request", f"The parameter {repeated[0][:40]} is repeated.")


def registration_is_refused(draft: Draft) -> None:
    """Core 7.2.1: what is not supported is refused with its own error, never ignored."""
    if draft.parameters.get("registration") is not None:
        raise RedirectRefusal("registration_not_supported", "The parameter registration is not supported.")


def request_was_pushed(draft: Draft) -> None:
    """RFC 9126 6, FAPI 2.0 Security Profile 5.3.2.2: a client registered so pushes every request."""
    if draft.known().require_pushed_authorization_requests and not draft.incoming.was_pushed:
        raise RedirectRefusal("invalid_request", "This client must push its authorization requests.")


def request_is_signed(draft: Draft) -> None:
    """RFC 9101 10.5, FAPI 2.0 Message Signing 5.3: a client registered so signs every request."""
    if draft.known().require_signed_request_object and draft.incoming.source != "object":
        raise RedirectRefusal("invalid_request", "This client must send a signed request object.")


def response_type_is_registered(draft: Draft) -> None:
    """RFC 6749 3.1.1, Multiple Response Types 3: supported at all, and by this client; order does not matter."""
    response_type = draft.parameters.get("response_type")
    if response_type is None:
        raise RedirectRefusal("invalid_request", "response_type is missing.")
    asked = response_mode.normal(response_type)
    if asked not in draft.features.response_types:
        raise RedirectRefusal("unsupported_response_type", "This response_type is not supported.")
    if asked not in (response_mode.normal(one) for one in draft.known().response_types):
        raise RedirectRefusal("unauthorized_client", "This client is not registered for that response_type.")
    draft.response_type = asked


def access_token_is_not_bound(draft: Draft) -> None:
    """RFC 9449 5.2: a client whose access tokens are bound to its key gets none where it cannot prove the key."""
    if draft.known().dpop_bound_access_tokens and "token" in draft.response_type.split():
        public = "The access tokens of this client are bound to its key, and issued by the token endpoint alone."
        raise RedirectRefusal("unauthorized_client", public)


def response_mode_is_possible(draft: Draft) -> None:
    """Multiple Response Types 2.1 and 5, Form Post 2, JARM 2.3."""
    mode = draft.parameters.get("response_mode")
    if mode is not None and not response_mode.possible(mode, draft.response_type, draft.features):
        raise RedirectRefusal("invalid_request", "This response_mode is not supported for that response_type.")
    draft.response_mode = response_mode.of(mode, draft.response_type)


def scope_is_readable(draft: Draft) -> None:
    """RFC 6749 3.3, Core 3.1.2.1: scopes that are unknown or not registered for the client are left out."""
    scope = draft.parameters.get("scope")
    if scope is None:
        # There is no default, and RFC 6749 3.3 names the code for that.
        raise RedirectRefusal("invalid_scope", "scope is missing.")
    words = scope.split(" ")
    if not all(_SCOPE.fullmatch(word) for word in words):
        raise RedirectRefusal("invalid_scope", "scope must be words separated by single spaces.")
    draft.scope = tuple(one for one in SCOPES if one in words and one in draft.known().scope)
    if not draft.scope:
        raise RedirectRefusal("invalid_scope", "None of these scopes can be granted to this client.")


def openid_and_nonce_are_there(draft: Draft) -> None:
    """Core 3.1.2.1, 3.2.2.1, 3.3.2.11: where the answer holds an ID token; the nonce is what ties it to the request."""
    if "id_token" not in draft.response_type.split():
        return
    if "openid" not in draft.scope:
        raise RedirectRefusal("invalid_scope", "openid is needed for an ID token.")
    if draft.parameters.get("nonce") is None:
        raise RedirectRefusal("invalid_request", "nonce is missing: it is required with an ID token in the answer.")


def pkce_is_s256(draft: Draft) -> None:
    """RFC 7636 4.3, RFC 9700 2.1.1: S256 only, and required unless the client is registered without."""
    challenge = draft.parameters.get("code_challenge")
    method = draft.parameters.get("code_challenge_method")
    if challenge is None:
        required = draft.known().require_pkce or draft.features.pkce_always
        if method is not None or ("code" in draft.response_type.split() and required):
            raise RedirectRefusal("invalid_request", "code_challenge is missing: PKCE with S256 is required.")
        return
    if method != "S256":
        raise RedirectRefusal("invalid_request", "code_challenge_method must be S256.")
    if not _HASH.fullmatch(challenge):
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
    # Core 11: offline_access counts only where the person is asked for it and a code is issued; it stands for a refresh
    # token, so that without that grant type there is nothing to ask for.
    can_refresh = "code" in draft.response_type.split() and "refresh_token" in draft.known().grant_types
    if "consent" in draft.prompt and can_refresh:
        return
    if draft.scope == ("offline_access",):
        # RFC 6749 3.3: a scope has one word or more; a grant of none would be one that nobody asked for.
        raise RedirectRefusal("invalid_scope", "offline_access is all that is asked for, and does not count here.")
    draft.scope = tuple(one for one in draft.scope if one != "offline_access")


def max_age_is_a_number(draft: Draft) -> None:
    """Core 3.1.2.1: seconds, not negative; without it the client's default_max_age counts (Registration 2)."""
    max_age = draft.parameters.get("max_age")
    if max_age is None:
        draft.max_age = draft.known().default_max_age
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


def claims_can_be_read(draft: Draft) -> None:
    """Core 5.5: which single claims are asked for; ignored where the parameter is not supported."""
    claims = draft.parameters.get("claims")
    if claims is not None and draft.features.claims_parameter and "openid" in draft.scope:
        draft.claims = claims_parameter.parse(claims, draft.known().scope)


def dpop_jkt_names_the_proven_key(draft: Draft) -> None:
    """RFC 9449 10, 10.1: the key that the code is bound to, named, proven when the request was pushed, or both."""
    named, proven = draft.parameters.get("dpop_jkt"), draft.incoming.dpop_jkt
    if named is not None and not _HASH.fullmatch(named):
        raise RedirectRefusal("invalid_request", "dpop_jkt must be 43 characters of base64url.")
    if named is not None and proven not in (None, named):
        raise RedirectRefusal("invalid_request", "dpop_jkt is not the key of the DPoP proof.")
    draft.dpop_jkt = named or proven


PAGE_CHECKS: tuple[Callable[[Draft], None], ...] = (redirect_uri_is_registered,)
"""Until these have passed, a refusal is a page; after them it goes to the redirect_uri."""

REDIRECT_CHECKS: tuple[Callable[[Draft], None], ...] = (
    no_parameter_is_repeated,
    response_type_is_registered,
    access_token_is_not_bound,
    response_mode_is_possible,
    registration_is_refused,
    request_was_pushed,
    request_is_signed,
    scope_is_readable,
    openid_and_nonce_are_there,
    pkce_is_s256,
    dpop_jkt_names_the_proven_key,
    resource_is_the_clients,
    prompt_makes_sense,
    max_age_is_a_number,
    id_token_hint_is_ours,
    claims_can_be_read,
)


class Destination(Struct, frozen=True):
    """Where an answer goes and how: the client, its redirect_uri, the state to return, the response_mode."""

    client: Client
    redirect_uri: str
    state: str | None
    response_mode: str = "query"


def destination(draft: Draft) -> Destination:
    """Run the checks that decide where the answer may go. Raises PageRefusal."""
    for check in PAGE_CHECKS:
        check(draft)
    assert draft.redirect_uri is not None
    states = draft.parameters.all("state")
    # What is wrong with these two is told later, in the way that a request without the fault would be answered.
    mode = response_mode.lenient(
        draft.parameters.get("response_mode"), draft.parameters.get("response_type"), draft.features
    )
    return Destination(draft.known(), draft.redirect_uri, states[0] if len(states) == 1 else None, mode)


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
        # A wish, never an error (Core 3.1.2.1); a client may have registered it once for all (Registration 2).
        acr_values=tuple((parameters.get("acr_values") or "").split()) or draft.known().default_acr_values,
        login_hint=parameters.get("login_hint"),
        ui_locales=parameters.get("ui_locales"),
        hinted_sub=draft.hinted_sub,
        response_type=draft.response_type,
        response_mode=draft.response_mode,
        claims=draft.claims,
        dpop_jkt=draft.dpop_jkt,
    )

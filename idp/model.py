"""What the provider speaks of, in the specifications' words. Times are seconds since the epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

LEVELS = ("urn:manyou:loa:1", "urn:manyou:loa:2", "urn:manyou:loa:3", "urn:manyou:loa:4")
"""The values of `acr` (Core 2), lowest first: registered, 实名, 实人, 实证. Our own, modelled."""

SCOPES = ("openid", "profile", "real_name", "phone", "email", "address", "id_number", "offline_access")
SENSITIVE_SCOPES = frozenset({"phone", "email", "address", "id_number"})
"""What needs the person's own consent whoever asks (PIPL 29 and minimum necessity)."""

Basis = Literal["legal_duty", "consent"]
"""法定职责 or 同意: on what a release of personal data rests (PIPL 13)."""

Profile = Literal["oidc", "fapi2"]
"""What a client is held to: OpenID Connect Core with OAuth 2.0, or the FAPI 2.0 Security Profile besides."""


class Display(Struct, frozen=True):
    """How pages show a client: texts by language (zh, en), colours, its region, its place in the row."""

    short: Mapping[str, str] = field(default_factory=dict)
    greeting: Mapping[str, str] = field(default_factory=dict)
    look: Mapping[str, str] = field(default_factory=dict)
    region: str = ""
    order: int = 99


def in_language(values: Mapping[str, str], language: str) -> str:
    """Return the value for a page's language, else for one of its kind, else the default one (RFC 7591 2.2)."""
    kind = language[:2].lower()
    alike = (value for tag, value in values.items() if tag.lower().partition("-")[0] == kind)
    return values.get(language) or next(alike, "") or values.get("", "")


class Client(Struct, frozen=True):
    """A registered client: RFC 7591 section 2, OpenID Registration section 2, Back-Channel Logout section 2.2."""

    client_id: str
    client_name: Mapping[str, str]
    client_uri: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    grant_types: tuple[str, ...]
    response_types: tuple[str, ...]
    token_endpoint_auth_method: str
    token_endpoint_auth_signing_alg: str
    """Empty for any that is supported: the client has not said which (OpenID Registration 2)."""
    id_token_signed_response_alg: str
    jwks_uri: str | None
    jwks: Mapping[str, Any] | None
    scope: frozenset[str]
    sector_identifier: str
    initiate_login_uri: str | None
    backchannel_logout_uri: str | None
    resources: tuple[str, ...]
    legal_basis: Basis
    display: Display = Display()
    secret_hash: str | None = None
    """Of the client_secret; the secret itself is kept nowhere."""
    registered: bool = False
    """True for one that registered itself (RFC 7591): what it names is not the operator's word."""
    application_type: str = "web"
    profile: Profile = "oidc"
    require_pkce: bool = True
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    dpop_bound_access_tokens: bool = False
    request_object_signing_alg: str | None = None
    request_uris: tuple[str, ...] = ()
    authorization_signed_response_alg: str | None = None
    userinfo_signed_response_alg: str | None = None
    default_max_age: int | None = None
    require_auth_time: bool = False
    default_acr_values: tuple[str, ...] = ()
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False
    logo_uri: Mapping[str, str] = field(default_factory=dict)
    policy_uri: Mapping[str, str] = field(default_factory=dict)
    tos_uri: Mapping[str, str] = field(default_factory=dict)

    @property
    def fapi2(self) -> bool:
        """Tell whether the client is held to the FAPI 2.0 Security Profile."""
        return self.profile == "fapi2"

    @property
    def impersonable(self) -> bool:
        """Tell whether another application on the person's machine could pass for this one (RFC 8252 8.6)."""
        return self.application_type == "native" and self.token_endpoint_auth_method == "none"

    def name(self, language: str) -> str:
        """Return the client's name in `language`, else its default name."""
        return in_language(self.client_name, language)


class Person(Struct, frozen=True):
    """An End-User: who it is, at which level, and the standard claims that can be released."""

    user_id: str
    username: str
    level: int
    frozen: bool
    real_name: str
    home_region: str
    id_number: str
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    updated_at: int = 0
    standard_claims: Mapping[str, Any] = field(default_factory=dict)
    """Further claims of Core 5.1, by name and typed as there; most people have none."""

    @property
    def acr(self) -> str:
        """The person's level as an Authentication Context Class Reference."""
        return LEVELS[self.level - 1]


class Session(Struct, frozen=True):
    """A single sign-on session at the provider; `session_id` is the hash of the cookie."""

    session_id: str
    user_id: str
    auth_time: int
    level: int
    amr: tuple[str, ...]
    created_at: float
    seen_at: float
    expires_at: float


class SignIn(Struct, frozen=True):
    """One client's part of a session: `sid` is random and this client's own (Back-Channel Logout 2.1)."""

    sid: str
    session_id: str
    client_id: str
    user_id: str
    sub: str
    started_at: float
    last_at: float
    ended_at: float | None = None
    end_reason: str | None = None


class Visit(Struct, frozen=True):
    """A live session that comes to a client: whose it is, what is released there, and the client's part of it."""

    session: Session
    person: Person
    given: Mapping[str, Basis]
    sign_in: SignIn | None


class Wish(Struct, frozen=True):
    """How one claim is asked for: `values` are those that will do, none if any will (Core 5.5.1)."""

    essential: bool = False
    values: tuple[Any, ...] = ()


class ClaimsRequest(Struct, frozen=True):
    """The `claims` parameter: what is asked for at /userinfo and in the ID token (Core 5.5)."""

    userinfo: Mapping[str, Wish] = field(default_factory=dict)
    id_token: Mapping[str, Wish] = field(default_factory=dict)


NO_CLAIMS = ClaimsRequest()
"""Where nothing is asked for by name."""


class AuthorizationRequest(Struct, frozen=True):
    """A validated authorization request, whichever way it came in (RFC 6749 4.1.1, Core 3.1.2.1)."""

    client: Client
    redirect_uri: str
    scope: tuple[str, ...]
    state: str | None
    nonce: str | None
    code_challenge: str | None
    resource: str | None
    prompt: frozenset[str]
    max_age: int | None
    acr_values: tuple[str, ...]
    login_hint: str | None
    ui_locales: str | None
    hinted_sub: str | None
    response_type: str = "code"
    response_mode: str = "query"
    claims: ClaimsRequest = NO_CLAIMS
    dpop_jkt: str | None = None


Source = Literal["plain", "object"]
"""How parameters came: in the request itself, or all of them in a signed request object (RFC 9101)."""


class PushedRequest(Struct, frozen=True):
    """Authorization request parameters that a client pushed (RFC 9126); kept under the hash of their request_uri."""

    request_uri_hash: str
    client_id: str
    parameters: tuple[tuple[str, str], ...]
    expires_at: float
    source: Source = "plain"
    dpop_jkt: str | None = None
    used_at: float | None = None


class RegisteredClient(Struct, frozen=True):
    """A client that registered itself: its metadata as RFC 7592 gives them back, and the hashes of its secrets."""

    client_id: str
    metadata: Mapping[str, Any]
    registration_token_hash: str
    issued_at: int
    changed_at: float
    secret_hash: str | None = None
    vouched: bool = False
    """True for one that an initial access token let in (RFC 7591 3); others are bounded in number, and swept."""


class Interaction(Struct, frozen=True):
    """An authorization request that waits for a person: its parameters as they count, and what has happened since.

    `source` says how they came; `pushed` is the hash of the request_uri that is used up when it is answered, and
    `dpop_jkt` the key that the client proved when it pushed them. `network` is where the browser's request came from.
    """

    interaction_id: str
    client_id: str
    parameters: tuple[tuple[str, str], ...]
    browser: str
    created_at: float
    expires_at: float
    reauthenticate: bool = False
    authenticated: str | None = None
    decision: Literal["allow", "deny"] | None = None
    decided_by: str | None = None
    completed_at: float | None = None
    source: Source = "plain"
    pushed: str | None = None
    dpop_jkt: str | None = None
    network: str = ""


class Grant(Struct, frozen=True):
    """What a person granted a client once: first an authorization code, then the family of its refresh tokens."""

    grant_id: str
    client_id: str
    user_id: str
    session_id: str
    sid: str
    sub: str
    redirect_uri: str
    scope: tuple[str, ...]
    resource: str | None
    nonce: str | None
    code_challenge: str | None
    auth_time: int
    level: int
    amr: tuple[str, ...]
    issued_at: float
    code_expires_at: float
    offline: bool = False
    redeemed_at: float | None = None
    revoked_at: float | None = None
    claims: ClaimsRequest = NO_CLAIMS
    dpop_jkt: str | None = None
    """The key that the code, and later the refresh tokens, are bound to (RFC 9449 5, 10)."""


def grant_ids_from(at: float) -> str:
    """Return what the identifiers of grants of that time begin with; those of earlier ones are less."""
    return f"{int(at * 1000):012x}"


class RefreshToken(Struct, frozen=True):
    """A refresh token of a grant; only its hash is kept. `used_at` is set by rotation (RFC 9700 4.14.2)."""

    token_hash: str
    grant: Grant
    issued_at: float
    expires_at: float
    used_at: float | None
    sign_in_ended: bool


class Consent(Struct, frozen=True):
    """A release of one scope to one client, and on which basis; kept after withdrawal."""

    user_id: str
    client_id: str
    scope: str
    basis: Basis
    granted_at: float
    withdrawn_at: float | None = None


class Delivery(Struct, frozen=True):
    """A logout token on its way to a client (Back-Channel Logout 2.5)."""

    delivery_id: int
    client_id: str
    sid: str
    sub: str
    uri: str
    reason: str
    created_at: float
    attempts: int
    next_at: float
    state: Literal["pending", "delivered", "given_up"]
    finished_at: float | None = None
    outcome: str | None = None


class AuditEvent(Struct, frozen=True):
    """A security event by name, with who and what it concerns, never a secret."""

    at: float
    event: str
    client_id: str | None
    user_id: str | None
    address: str | None
    incident: str | None
    detail: Mapping[str, str]
    chain: str | None = None
    """Which process wrote it: see idp.audit_chain."""

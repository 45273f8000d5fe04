"""One visit to one portal: its facts, the provider's keys, and what the portal expects of each use."""

from __future__ import annotations

from typing import Any

from portals.verdict import Expectation, Presentation, Use, VerificationKeys
from tests.portals.verdicts.proofs import ProofMaker
from tests.portals.verdicts.signer import Facts, Signer

ISSUER = "http://idp.localhost:8000"
USES: tuple[Use, ...] = ("id_token", "refreshed_id_token", "access_token", "logout_token")
FACTS = Facts(
    issuer=ISSUER,
    audience="http://hebei.localhost:8003/api",
    client_id="hebei",
    sid="session-0123456789abcdef",
    now=1_800_000_000,
    ended_sid="ended-session-0123456789",
)
SIGNERS = {alg: Signer.new(f"key-{alg}", alg) for alg in ("ES256", "RS256")}
KEYS = VerificationKeys.from_jwks({"keys": [signer.jwk() for signer in SIGNERS.values()]})
OTHER_PORTALS = {FACTS.other_audience: "Tianjin", FACTS.other_client_id: "Tianjin"}


def expectation(use: Use, **changes: Any) -> Expectation:
    """Return what the portal of FACTS expects where it knows nothing of the session."""
    values: dict[str, Any] = {
        "use": use, "issuer": FACTS.issuer, "client_id": FACTS.client_id, "audience": FACTS.audience,
        "now": FACTS.now, "other_portals": OTHER_PORTALS, "sid_ended": lambda sid: sid == FACTS.ended_sid,
    }  # fmt: skip
    return Expectation(**{**values, **changes})


def in_session(use: Use, **changes: Any) -> Expectation:
    """Return what it expects where it knows all of the session."""
    known: dict[str, Any] = {
        "nonce": FACTS.nonce, "sub": FACTS.sub, "sid": FACTS.sid, "acr": ("urn:manyou:loa:2", "urn:manyou:loa:3"),
        "max_age": 3600, "access_token": FACTS.access_token, "jti_seen": lambda jti: jti == "used-before",
        "auth_time": FACTS.now - 600 if use == "refreshed_id_token" else None,
        "jkt": FACTS.jkt if use == "access_token" else None,
    }  # fmt: skip
    return expectation(use, **{**known, **changes})


WHOAMI = f"{FACTS.audience}/whoami"


def sender(token: str, **changes: Any) -> ProofMaker:
    """Return who sends `token` to the portal's API, and has its key."""
    return ProofMaker(**{"token": token, "url": WHOAMI, "now": float(FACTS.now), **changes})


def presented(*proofs: str) -> Presentation:
    """Return the request that a token came in."""
    return Presentation(proofs, "GET", WHOAMI)

"""The workshop of wrong tokens: each is wrong in exactly one way, and says with which code it must be refused.

`wrong_access_tokens` needs no more than a key that the provider publishes and the facts of one portal, so that the
same tokens can be sent to a running one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from portals.finding import Use
from tests.portals.verdicts.signer import Facts, Signer, good_claims, good_header, good_token, to_json
from tests.portals.verdicts.wrong_bytes import wrong_form, wrong_header, wrong_payload, wrong_signature

ABSENT = object()
BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True)
class WrongToken:
    """One wrong token: what is wrong with it, the token, and the code of its refusal."""

    name: str
    token: str
    code: str

    @property
    def bearer(self) -> bool:
        """Whether it can stand in an Authorization header at all (RFC 6750 2.1); what cannot is a bad request."""
        return BEARER.fullmatch(self.token) is not None


def wrong_access_tokens(signer: Signer, facts: Facts) -> list[WrongToken]:
    """Return wrong access tokens that every portal must refuse, whatever it knows of the session.

    A portal takes ES256 alone, so that another algorithm is refused before the key is looked at.
    """
    early = {"token.key.other_alg": "token.alg.not_accepted"}
    return [replace(one, code=early.get(one.code, one.code)) for one in wrong_tokens("access_token", signer, facts)]


def wrong_tokens(use: Use, signer: Signer, facts: Facts) -> list[WrongToken]:
    """Return wrong tokens of `use` that need no session to be recognised."""
    header, claims = good_header(use, signer), good_claims(use, facts)
    made = [
        *wrong_form(signer, header, claims),
        *wrong_header(use, signer, header, claims),
        *wrong_signature(signer, header, claims, good_token(use, signer, facts)),
        *wrong_payload(signer, header, claims),
        *_wrong_claims(use, signer, facts),
    ]
    return [WrongToken(name, token, code) for name, token, code in made]


def wrong_in_session(use: Use, signer: Signer, facts: Facts) -> list[WrongToken]:
    """Return tokens that only somebody who knows the session, or asked for more, can refuse."""
    changed: list[tuple[str, dict[str, Any], str]] = []
    if use != "logout_token":
        changed += [
            ("sub of another person", {"sub": "c3ViamVjdC1vZi1zb21lYm9keS1lbHNl"}, "token.sub.other"),
            ("sid of another session", {"sid": "another-session-0123456789"}, "token.sid.other"),
            ("auth_time absent", {"auth_time": ABSENT}, "token.auth_time.missing"),
            ("acr absent", {"acr": ABSENT}, "token.acr.missing"),
            ("acr too low", {"acr": "urn:manyou:loa:1"}, "token.acr.not_accepted"),
        ]
    if use in ("id_token", "access_token"):
        changed.append(("authenticated two hours ago", {"auth_time": facts.now - 7200}, "token.auth_time.too_old"))
    if use in ("id_token", "refreshed_id_token"):
        changed.append(("nonce of another sign-in", {"nonce": "another-nonce-0123456789"}, "token.nonce.other"))
        changed.append(("at_hash of another token", {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "token.at_hash.wrong"))
    if use == "id_token":
        changed.append(("nonce absent", {"nonce": ABSENT}, "token.nonce.missing"))
        changed.append(("at_hash absent", {"at_hash": ABSENT}, "token.at_hash.missing"))
    if use == "refreshed_id_token":
        changed.append(("auth_time moved", {"auth_time": facts.now - 30}, "token.auth_time.other"))
    return [WrongToken(name, with_claims(use, signer, facts, change), code) for name, change, code in changed]


def with_claims(use: Use, signer: Signer, facts: Facts, changes: dict[str, Any]) -> str:
    """Return a good token of `use` with `changes` to its claims; ABSENT takes one away."""
    claims = {**good_claims(use, facts), **changes}
    kept = {name: value for name, value in claims.items() if value is not ABSENT}
    return signer.raw(to_json(good_header(use, signer)), to_json(kept))


def _wrong_claims(use: Use, signer: Signer, facts: Facts) -> Iterator[tuple[str, str, str]]:
    changes = [*_parties(use, facts), *_times(use, facts), *_about(use, facts)]
    for name, change, code in changes:
        yield name, with_claims(use, signer, facts, change), code


def _parties(use: Use, facts: Facts) -> Iterator[tuple[str, dict[str, Any], str]]:
    access = use == "access_token"
    own, other = (facts.audience, facts.other_audience) if access else (facts.client_id, facts.other_client_id)
    yield "iss absent", {"iss": ABSENT}, "token.iss.missing"
    yield "iss with a slash at the end", {"iss": facts.issuer + "/"}, "token.iss.other"
    yield "iss of another provider", {"iss": "https://idp.example"}, "token.iss.other"
    yield "aud absent", {"aud": ABSENT}, "token.aud.missing"
    yield "aud empty", {"aud": []}, "token.aud.missing"
    yield "aud the issuer alone", {"aud": facts.issuer}, "token.aud.issuer_only"
    yield "aud the issuer alone, in an array", {"aud": [facts.issuer]}, "token.aud.issuer_only"
    yield "aud another portal", {"aud": other}, "token.aud.other_portal"
    yield "aud another portal and the issuer", {"aud": [other, facts.issuer]}, "token.aud.other_portal"
    yield "aud nobody known", {"aud": "https://shop.example"}, "token.aud.unknown"
    yield "aud with a slash at the end", {"aud": own + "/"}, "token.aud.unknown"
    yield "aud this portal and another", {"aud": [own, other]}, "token.aud.extra"
    if access:
        yield "aud the client instead of the API", {"aud": facts.client_id}, "token.aud.unknown"
        yield "cnf absent", {"cnf": ABSENT}, "token.cnf.missing"
        yield "cnf empty", {"cnf": {}}, "token.cnf.form"
        yield "cnf of a certificate", {"cnf": {"x5t#S256": facts.jkt}}, "token.cnf.form"
        yield "cnf with half a thumbprint", {"cnf": {"jkt": facts.jkt[:21]}}, "token.cnf.form"
        yield "client_id absent", {"client_id": ABSENT}, "token.client_id.missing"
        yield "client_id of another portal", {"client_id": facts.other_client_id}, "token.client_id.other"
    elif use != "logout_token":
        yield "azp another portal", {"azp": facts.other_client_id}, "token.azp.other"


def _times(use: Use, facts: Facts) -> Iterator[tuple[str, dict[str, Any], str]]:
    now, longest = facts.now, {"access_token": 3600, "logout_token": 300}.get(use, 86400)
    yield "exp absent", {"exp": ABSENT}, "token.exp.missing"
    yield "expired a minute ago", {"exp": now - 60}, "token.exp.past"
    yield "expired in 1970", {"exp": 0}, "token.exp.past"
    yield "valid in an hour", {"nbf": now + 3600}, "token.nbf.future"
    yield "iat absent", {"iat": ABSENT}, "token.iat.missing"
    yield "issued in an hour", {"iat": now + 3600}, "token.iat.future"
    yield "issued too long ago", {"iat": now - longest - 60}, "token.iat.too_old"
    if use != "logout_token":
        yield "authenticated in an hour", {"auth_time": now + 3600}, "token.auth_time.future"


def _about(use: Use, facts: Facts) -> Iterator[tuple[str, dict[str, Any], str]]:
    for name, value in (
        ("exp", str(facts.now + 60)), ("exp", True), ("exp", None), ("exp", 10**300), ("exp", -1), ("iat", "now"),
        ("nbf", []), ("iss", [facts.issuer]), ("aud", None), ("aud", [facts.audience, 7]), ("aud", {}), ("sub", 7),
        ("sub", ""), ("sid", ["a"]), ("jti", 7), ("acr", 3), ("amr", "pwd"), ("nonce", 7), ("scope", ["openid"]),
        ("auth_time", "600"), ("events", []), ("azp", 7), ("client_id", 7), ("at_hash", 7),
        ("cnf", "jkt"),
    ):  # fmt: skip
        yield f"{name} as {value!r:.20}", {name: value}, "token.types.wrong"
    if use != "logout_token":
        yield "sub absent", {"sub": ABSENT}, "token.sub.missing"
    yield "sub too long", {"sub": "s" * 256}, "token.sub.form"
    yield "sub in Chinese", {"sub": "李"}, "token.sub.form"
    nobody = {"sub": ABSENT} if use == "logout_token" else {}
    yield "sid absent", {"sid": ABSENT, **nobody}, "token.sid.missing"
    if facts.ended_sid is not None and use != "logout_token":
        yield "sid that has ended", {"sid": facts.ended_sid}, "token.sid.ended"
    if use in ("access_token", "logout_token"):
        yield "jti absent", {"jti": ABSENT}, "token.jti.missing"
    if use == "logout_token":
        yield "nonce present", {"nonce": facts.nonce}, "token.nonce.present"
        yield "events absent", {"events": ABSENT}, "token.events.missing"
        yield "events empty", {"events": {}}, "token.events.wrong"
        yield "events of another kind", {"events": {"https://shop.example/event": {}}}, "token.events.wrong"
        event = "http://schemas.openid.net/event/backchannel-logout"
        yield "event not an object", {"events": {event: True}}, "token.events.wrong"

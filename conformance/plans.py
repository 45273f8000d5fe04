"""The plans that the provider is measured with, and which clients each of them needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["dynamic", "secret", "fapi2", "fapi2-signed", "fapi2-jarm"]
"""How a plan's clients come to be: they register themselves, or the operator registers two or three of a kind."""


@dataclass(frozen=True)
class Plan:
    """One plan: the name of its configuration, what the suite calls it with its variants, and its clients."""

    name: str
    suite_name: str
    variants: tuple[tuple[str, str], ...] = ()
    clients: Kind = "dynamic"

    @property
    def call(self) -> str:
        """The plan with its variants in brackets, as the suite's scripts take them."""
        return self.suite_name + "".join(f"[{name}={value}]" for name, value in self.variants)


_DISCOVERED = (("server_metadata", "discovery"), ("client_registration", "dynamic_client"))
_REGISTERED = (("server_metadata", "discovery"), ("client_registration", "static_client"))
_CODE = (("response_type", "code"),)
_LOGOUT = (*_CODE, ("client_registration", "dynamic_client"))
_FAPI2 = (
    ("fapi_profile", "plain_fapi"),
    ("openid", "openid_connect"),
    ("client_auth_type", "private_key_jwt"),
    ("sender_constrain", "dpop"),
    ("authorization_request_type", "simple"),
)
_SIGNED = (*_FAPI2, ("fapi_request_method", "signed_non_repudiation"))


def _oidcc(name: str, variants: tuple[tuple[str, str], ...] = _DISCOVERED, clients: Kind = "dynamic") -> Plan:
    profile = name.removesuffix("-static")
    return Plan(f"oidcc-{name}", f"oidcc-{profile}-certification-test-plan", variants, clients)


PLANS = (
    _oidcc("config", ()),
    _oidcc("basic"),
    _oidcc("basic-static", _REGISTERED, "secret"),
    _oidcc("formpost-basic"),
    _oidcc("dynamic", _CODE),
    _oidcc("rp-initiated-logout", _LOGOUT),
    _oidcc("backchannel-rp-initiated-logout", _LOGOUT),
    _oidcc("frontchannel-rp-initiated-logout", _LOGOUT),
    _oidcc("session-management", _LOGOUT),
    _oidcc("3rdparty-init-login", _CODE),
    _oidcc("implicit"),
    _oidcc("hybrid"),
    _oidcc("formpost-implicit"),
    _oidcc("formpost-hybrid"),
    Plan("fapi2-security-profile", "fapi2-security-profile-final-test-plan", _FAPI2, "fapi2"),
    Plan(
        "fapi2-message-signing",
        "fapi2-message-signing-final-test-plan",
        (*_SIGNED, ("fapi_response_mode", "plain_response")),
        "fapi2-signed",
    ),
    Plan(
        "fapi2-message-signing-jarm",
        "fapi2-message-signing-final-test-plan",
        (*_SIGNED, ("fapi_response_mode", "jarm")),
        "fapi2-jarm",
    ),
)

"""One JSON configuration per plan, as the suite takes them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.browser import Person, Script
from conformance.clients import Credentials, StaticClient, static_clients, write_folder
from conformance.plans import PLANS, Plan

Json = dict[str, Any]

SECOND_LOGIN = ("oidcc-prompt-login", "oidcc-max-age-1")
SHOWN_QUESTION = (
    "oidcc-rp-initiated-logout-modified-id-token-hint",
    "oidcc-rp-initiated-logout-bad-id-token-hint",
    "oidcc-rp-initiated-logout-no-id-token-hint",
)
SHOWN_LOGIN = ("oidcc-registration-logo-uri", "oidcc-registration-policy-uri", "oidcc-registration-tos-uri")
REUSED_REQUEST_URI = "fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds"
REFUSED = "fapi2-security-profile-final-user-rejects-authentication"


@dataclass(frozen=True)
class Deployment:
    """The provider that is measured, and the suite that measures it.

    `refuser` is somebody who has consented to nothing yet. Without an initial access token registration is open.
    """

    issuer: str
    suite: str
    person: Person
    refuser: Person
    initial_access_token: str | None = None


def write_all(deployment: Deployment, folder: Path, credentials: Credentials) -> list[Plan]:
    """Write every plan's configuration into `folder` and its static clients into `folder/clients`."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    for plan in PLANS:
        callback = f"{deployment.suite}/test/a/{_alias(plan)}/callback"
        clients = static_clients(plan, callback, credentials)
        for client in clients:
            write_folder(client, number, folder / "clients")
            number += 1
        text = json.dumps(configuration(plan, deployment, clients), indent=1, ensure_ascii=False)
        descriptor = os.open(folder / f"{plan.name}.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    return list(PLANS)


def configuration(plan: Plan, deployment: Deployment, clients: Iterable[StaticClient]) -> Json:
    """Return the suite's configuration of one plan."""
    script = Script(deployment.issuer, deployment.suite, deployment.person)
    return {
        "alias": _alias(plan),
        "description": f"Manyou: {plan.call}",
        "publish": "no",
        "server": {"discoveryUrl": f"{deployment.issuer}/.well-known/openid-configuration", "login_hint": "nobody"},
        "resource": {"resourceUrl": f"{deployment.issuer}/userinfo"},
        **(_registering(plan, deployment) if plan.clients == "dynamic" else {}),
        **{client.place: client.for_suite for client in clients},
        "options": {"browsercontrol_css_enable": False},
        "browser": script.everything(),
        "override": _overrides(script, deployment),
    }


def _alias(plan: Plan) -> str:
    return f"manyou-{plan.name}"


def _registering(plan: Plan, deployment: Deployment) -> Json:
    token = deployment.initial_access_token
    entry = {"client_name": f"Conformance suite, {plan.name}"}
    if token is not None:
        entry["initial_access_token"] = token
    return {"client": entry, "client2": dict(entry)}


def _overrides(script: Script, deployment: Deployment) -> Json:
    refusing = Script(deployment.issuer, deployment.suite, deployment.refuser)
    return {
        **{module: {"browser": script.showing_second_login()} for module in SECOND_LOGIN},
        **{module: {"browser": script.showing_login()} for module in SHOWN_LOGIN},
        **{module: {"browser": script.showing_question()} for module in SHOWN_QUESTION},
        REUSED_REQUEST_URI: {"browser": script.looking_before_login()},
        REFUSED: {"browser": refusing.refusing()},
    }

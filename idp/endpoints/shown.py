"""Portals, people and deliveries in the shape in which templates show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from idp.clients import Clients
from idp.model import LEVELS, Client, Delivery, Person, in_language
from idp.oauth.client_metadata_uris import place
from idp.people.names import mask_middle, mask_name
from web.pages import origin


def portal(client: Client, language: str, redirect_uri: str | None = None) -> dict[str, Any]:
    """Return a client as pages show it; one without colours has the provider's.

    `place` is what one can tell a client by that registered itself: the host that people are sent to.
    """
    look = client.display.look
    name = client.name(language)
    return {
        "id": client.client_id,
        "name": name,
        "short": client.display.short.get(language[:2], name),
        "greeting": client.display.greeting.get(language[:2], ""),
        "colour": look.get("colour", "#1f3a5f"),
        "deep": look.get("deep", "#14273f"),
        "tint": look.get("tint", "#eff3f8"),
        "registered": client.registered,
        "place": place([redirect_uri] if redirect_uri is not None else list(client.redirect_uris)),
        "logo": in_language(client.logo_uri, language),
        "policy": in_language(client.policy_uri, language),
        "terms": in_language(client.tos_uri, language),
    }


def images(shown_portal: dict[str, Any] | None) -> list[str]:
    """Return from where a page that shows this client takes pictures: the origin of its logo alone."""
    logo = shown_portal["logo"] if shown_portal is not None else ""
    return [origin(logo)] if logo else []


def form_targets(client: Client, uri: str) -> list[str]:
    """Return where a form may lead whose last redirect goes to the client's `uri`, as sources for form-action.

    Chromium holds the whole chain after a POST to them (CSP3 6.4.1). The operator's portals go no further than their
    own origin. Where somebody else's application sends the browser next is its own affair, and no reason to stop a
    log-in.
    """
    place = origin(uri)
    return [f"{place.partition(':')[0]}:", "https:"] if client.registered else [place]


def person(who: Person, acr: str) -> dict[str, Any]:
    """Return a person as others may see them on the screen: the name masked."""
    return {
        "name": mask_name(who.real_name),
        "username": who.username,
        "level": LEVELS.index(acr) + 1,
        "home": who.home_region,
    }


def preview(who: Person, scope: str) -> str | None:
    """Return what a scope would release, masked; None where that is not on file, "" where it is no data."""
    values = {
        "openid": "",
        "offline_access": "",
        "real_name": mask_name(who.real_name),
        "profile": mask_name(who.real_name),
        "id_number": mask_middle(who.id_number, 3, 2),
        "phone": mask_middle(who.phone, 3, 2) if who.phone else None,
        "email": mask_middle(who.email, 1, 4) if who.email else None,
        "address": mask_middle(who.address, 3, 0) if who.address else None,
    }
    return values.get(scope)


async def deliveries(rows: Iterable[Delivery], clients: Clients, language: str) -> list[dict[str, Any]]:
    """Return the latest delivery to each client, of `rows` newest first, in the clients' order."""
    shown: dict[str, dict[str, Any]] = {}
    rows = list(rows)
    found = await clients.found(row.client_id for row in rows)
    for row in rows:
        client = found.get(row.client_id)
        if row.client_id in shown or client is None:
            continue
        state = "retrying" if row.state == "pending" and row.outcome is not None else row.state
        shown[row.client_id] = {
            "client_id": row.client_id,
            "name": client.name(language),
            "state": state,
            "at": row.finished_at,
            "next_at": row.next_at if state == "retrying" else None,
            "attempts": row.attempts,
        }
    return [shown[client.client_id] for client in in_order(found.values()) if client.client_id in shown]


def in_order(clients: Iterable[Client]) -> list[Client]:
    """Return the clients in the order in which pages show them."""
    return sorted(clients, key=lambda client: (client.display.order, client.client_id))

"""GET /: the zone 京津冀"一网通办"服务专区, with the 3+1 portals, who is signed in, and what was released to whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from idp.endpoints import browser, shown
from idp.endpoints.consent import WITHDRAW
from idp.endpoints.end_session import ACTION
from idp.endpoints.parts import Parts, parts
from idp.model import Consent, SignIn
from idp.oauth.authorization_response import add_parameters
from idp.people.sessions import SignedIn
from web.addresses import under_its_own_name
from web.language import choose

DELIVERIES_SHOWN = 40


@browser.tells_state
async def zone(request: Request) -> Response:
    """Show the zone, to whoever is signed in or not."""
    shop = parts(request)
    own = under_its_own_name(shop.issuer, request.headers.get("host"), "/")
    if own is not None:
        return RedirectResponse(own, 303)
    signed_in = await browser.signed_in(shop, request)
    language = choose(request)
    notice = request.query_params.get("notice")
    values: dict[str, Any] = {
        "person": None, "since": None, "ends": None, "login_href": "/login", "csrf": "", "notice": None,
        "portals": _portals(shop, language, "", ()), "releases": [], "deliveries": [],
    }  # fmt: skip
    ended = browser.ended(shop, request)
    if ended is not None:
        rows = await shop.stores.deliveries.of_session(ended)
        values["deliveries"] = await shown.deliveries(rows, shop.clients, language)
    if signed_in is not None:
        values |= await _of_person(shop, signed_in, language)
        values["notice"] = "withdrawn" if notice == "withdrawn" else None
    return shop.pages.render(request, "zone.html", **values)


async def _of_person(shop: Parts, signed_in: SignedIn, language: str) -> dict[str, Any]:
    person, session = signed_in.person, signed_in.session
    visits = await shop.stores.sign_ins.of_session(session.session_id)
    rows = await shop.stores.deliveries.of_person(person.user_id, DELIVERIES_SHOWN)
    return {
        "person": shown.person(person, signed_in.acr),
        "since": session.auth_time,
        "ends": session.expires_at,
        "csrf": shop.csrf.token(session.session_id, ACTION),
        "portals": _portals(shop, language, person.home_region, visits),
        "releases": await _releases(shop, signed_in, await shop.stores.consents.of_person(person.user_id), language),
        "deliveries": await shown.deliveries(rows, shop.clients, language),
    }


def _portals(shop: Parts, language: str, home_region: str, visits: Sequence[SignIn]) -> list[dict[str, Any]]:
    by_client = {visit.client_id: visit for visit in visits}
    listed = []
    for client in shop.clients:
        visit = by_client.get(client.client_id)
        start = client.initiate_login_uri
        listed.append(
            {
                **shown.portal(client, language),
                # Core 4: third-party-initiated login; the portal then asks us, and one click is a signed-in visit.
                # Where it leads is the portal's to know: no target_link_uri.
                "href": add_parameters(start, [("iss", shop.issuer)]) if start else client.client_uri,
                "home": client.display.region == home_region,
                "first_at": visit.started_at if visit else None,
                "last_at": visit.last_at if visit else None,
            }
        )
    return listed


async def _releases(
    shop: Parts, signed_in: SignedIn, consents: Sequence[Consent], language: str
) -> list[dict[str, Any]]:
    listed = []
    found = await shop.clients.found(one.client_id for one in consents)
    for client in shown.in_order(found.values()):
        live = [one for one in consents if one.client_id == client.client_id and one.withdrawn_at is None]
        given = [one for one in live if one.basis == "consent"]
        if live:
            listed.append(
                {
                    "client_id": client.client_id,
                    "name": client.name(language),
                    "legal_duty": [one.scope for one in live if one.basis == "legal_duty"],
                    "consent": [one.scope for one in given],
                    "consent_at": max((one.granted_at for one in given), default=None),
                    "csrf": shop.csrf.token(signed_in.session.session_id, WITHDRAW),
                }
            )
    return listed

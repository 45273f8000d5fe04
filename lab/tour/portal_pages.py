"""What a portal's pages and the zone should show about a person, and what they do show."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import idp.app
import portals.app
import web.pages
from idp.model import Person
from idp.people.names import mask_name
from lab.tour.report import Checks, Visit
from lab.tour.seen_page import NotOnPage, SeenPage
from portals.levels import ACR_VALUES
from portals.portal import Portal
from portals.verdict import Expectation, Verdict, VerificationKeys, judge
from web.language import Catalogue

WEB = Path(web.pages.__file__).parent
TOKENS = ("id_token", "access_token")


class PortalPages:
    """Compares pages in one language with what the list of demo people says about `person`."""

    def __init__(self, language: str, person: Person) -> None:
        self._language = language
        self._person = person
        self._portal_texts = Catalogue(WEB / "locales", Path(portals.app.__file__).parent / "locales")
        self._zone_texts = Catalogue(WEB / "locales", Path(idp.app.__file__).parent / "locales")

    def wrong_on_me(self, page: SeenPage, here: Portal) -> str:
        """Return what /me does not show as it should, or nothing; names are told by their masks."""
        person, text = self._person, self._portal_text
        home = text(f"region.{person.home_region}")
        visit = (
            text("me.at_home")
            if here.region == person.home_region
            else text("me.roaming", here=here.short[self._language], home=home)
        )
        expected = {"person-level": text(f"level.{person.level}"), "person-home": home, "person-visit": visit}
        name = page.at("person-name").text
        if name != person.real_name:
            return f"another person: {mask_name(name)}, not {mask_name(person.real_name)}."
        header = page.with_class("visit-name")
        if header is None or header.text != mask_name(name):
            return f"no masked name ({mask_name(name)}) in its header."
        for identifier, wanted in expected.items():
            if page.at(identifier).text != wanted:
                return f"{identifier} as {page.at(identifier).text!r}, not {wanted!r}."
        return ""

    def visit(
        self, inspected: SeenPage, here: Portal, issuer: str, jwks: object, took: float, *, roamed: bool,
        jkt: str | None,
    ) -> Visit:  # fmt: skip
        """Read /inspect and judge its tokens again; `jkt` names the portal's key, where it is known.

        Raises NotOnPage: also where one of them was refused.
        """
        id_token, access_token = (_token(inspected, f"{use.replace('_', '-')}") for use in TOKENS)
        keys = VerificationKeys.from_jwks(jwks)
        expect = Expectation(
            "id_token", issuer, here.client_id, here.audience, time.time(),
            algs=(here.signing_alg,), acr=ACR_VALUES, access_token=access_token, other_portals=here.others,
        )  # fmt: skip
        of_id = judge(id_token, expect, keys)
        _accepted("ID token", of_id)
        sub, sid = str(of_id.claims["sub"]), str(of_id.claims["sid"])
        expect = expect._replace(use="access_token", sub=sub, sid=sid, jkt=jkt)
        _accepted("access token", judge(access_token, expect, keys))
        return Visit(
            portal=here.client_id,
            name=mask_name(self._person.real_name),
            level=self._person.level,
            home=self._person.home_region,
            at_home=here.region == self._person.home_region,
            roamed=roamed,
            milliseconds=round(took, 1),
            id_token=_checks(inspected, "id_token"),
            access_token=_checks(inspected, "access_token"),
            sub=sub,
            sid=sid,
            compact_access_token=access_token,
        )

    def wrong_on_zone(self, page: SeenPage, portals_visited: Iterable[Portal]) -> str:
        """Return what the zone does not show as it should, or nothing."""
        if page.status != 200 or page.find("logout-everywhere") is None:
            return f"does not know the person (status {page.status})."
        if mask_name(self._person.real_name) not in page.root.text:
            return f"does not show {mask_name(self._person.real_name)}."
        visited = self._zone_texts.text(self._language, "zone.visited")
        for portal in portals_visited:
            if visited not in page.at(f"portal-{portal.client_id}").text:
                return f"does not mark {portal.client_id} as visited."
            if page.find(f"release-{portal.client_id}") is None:
                return f"does not list what {portal.client_id} was told."
        return ""

    def not_told(self, page: SeenPage, portals_visited: Iterable[Portal]) -> list[str]:
        """Return the portals of which the zone does not say that the log-out was delivered."""
        rows = {portal.client_id: page.find(f"delivery-{portal.client_id}") for portal in portals_visited}
        return [name for name, row in rows.items() if row is None or row.attributes.get("data-state") != "delivered"]

    def _portal_text(self, key: str, **values: object) -> str:
        return self._portal_texts.text(self._language, key, values)


def _token(page: SeenPage, identifier: str) -> str:
    if page.find(identifier) is None and page.find("verdict") is not None:
        raise NotOnPage("/inspect shows no tokens here (MANYOU_PORTAL_SHOW_TOKENS), so they cannot be judged again.")
    return page.at(identifier).text


def _accepted(name: str, verdict: Verdict) -> None:
    if not verdict.accepted:
        raise NotOnPage(f"The {name}, judged from outside, is refused: {verdict.code}.")


def _checks(page: SeenPage, use: str) -> Checks:
    """Return the portal's own verdict on the token. Raises NotOnPage when it does not accept it."""
    by_result: dict[str, list[str]] = {"pass": [], "not_checked": [], "fail": []}
    for element in page.at(f"verdict-{use}").all():
        code = element.attributes.get("data-code")
        if code:
            for result, codes in by_result.items():
                if element.has_class(result):
                    codes.append(code)
    if by_result["fail"] or not by_result["pass"]:
        refused = ", ".join(by_result["fail"]) or "no check passed"
        raise NotOnPage(f"/inspect does not accept the {use.replace('_', ' ')}: {refused}.")
    return Checks(tuple(by_result["pass"]), tuple(by_result["not_checked"]))

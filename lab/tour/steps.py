"""The story of the tour, and what is promised at each step; the first promise that is not kept ends it.

log in at one portal -> roam to each of the others -> look at the zone -> log out once -> everything has ended
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from joserfc.jwk import ECKey

from idp.model import Person
from idp.people.names import mask_name
from lab.tour.grounds import Grounds
from lab.tour.hop import Hop
from lab.tour.portal_pages import PortalPages
from lab.tour.report import Broken, Report, Visit
from lab.tour.screen import Screen
from lab.tour.seen_page import NotOnPage, SeenPage
from lab.tour.traveller import Caller, Holder, LostOnTheWay, Traveller
from portals.portal import Portal

POLL_SECONDS = 0.02
NOTED_SECONDS = 1.0
"""How much later than the end of the sessions the zone may tell of it."""
TOKEN_ENDED = "token.sid.ended"


class Tour:
    """One tour of `person` over `grounds`, from `start`; `within` is how many seconds a log-out may take everywhere."""

    def __init__(
        self, grounds: Grounds, person: Person, start: Portal, screen: Screen, language: str, within: float = 1.0
    ) -> None:
        self._grounds = grounds
        self._person = person
        self._start = start
        self._others = [portal for portal in grounds.portals if portal is not start]
        self._screen = screen
        self._within = within
        self._pages = PortalPages(language, person)
        self._step_name = ""
        self._thief = ECKey.generate_key("P-256")
        self._traveller: Traveller
        self._caller = Caller(grounds.connect, grounds.names, self.on_hop, language, grounds.trust)
        self.report = Report(mask_name(person.real_name))

    def on_hop(self, hop: Hop) -> None:
        """Take note of a hop and show it."""
        self.report.hops.append(hop)
        self._screen.hop(hop)

    def run(self, traveller: Traveller, password: str) -> Report:
        """Let the person travel. What was not as promised is `broken` in the report; nothing else is raised."""
        self._traveller = traveller
        self._screen.begin(len(self._others) + 4, self._start, self.report.person, self._person.username)
        try:
            self._log_in(password)
            for portal in self._others:
                self._roam(portal)
            self._look_at_zone()
            self._log_out()
        except Broken as broken:
            self.report.broken = broken
        finally:
            self._caller.close()
        return self.report

    def _log_in(self, password: str) -> None:
        here = self._start
        with self._step("step.log_in", f"log in at {here.client_id}", here):
            self._traveller.visit(f"{here.address}/")
            page = self._traveller.follow("login")
            took = page.milliseconds
            self._promise(page.find("password") is not None, f"{page.path} does not ask for the password.")
            page = self._traveller.submit("login-submit", {"username": self._person.username, "password": password})
            self._promise(
                page.url == f"{here.address}/" and page.status == 200,
                f"the log-in led to {page.path} with status {page.status}, not back to the portal.",
            )
            took += page.milliseconds
            self._arrive(here, self._traveller.visit(f"{here.address}/me"), took)
            self._refuse_stolen(here)

    def _roam(self, here: Portal) -> None:
        with self._step("step.roam", f"roam to {here.client_id}", here):
            hops = len(self.report.hops)
            page = self._traveller.visit(f"{here.address}/login?target_link_uri=/me")
            stops = [hop for hop in self.report.hops[hops:] if hop.is_page_of_provider]
            self._promise(not stops, f"the provider stopped the person with {stops[0].path if stops else ''}.")
            self._arrive(here, page, page.milliseconds)
            self._screen.fact("fact.one_way", milliseconds=f"{page.milliseconds:.0f}")
            self._screen.fact("fact.pairwise")
            self._refuse_foreign(here)
            self._refuse_stolen(here)

    def _arrive(self, here: Portal, page: SeenPage, took: float) -> None:
        """Check what the portal shows, says about the tokens, and lets another service do with them."""
        self._promise(
            page.url == f"{here.address}/me" and page.status == 200,
            f"the person is at {page.path} with status {page.status}, not at /me.",
        )
        wrong = self._pages.wrong_on_me(page, here)
        self._promise(not wrong, f"/me shows {wrong}")
        for sight in self._traveller.sights if here is not self._start else ():
            self._traveller.visit(f"{here.address}{sight}")
        inspected = self._traveller.visit(f"{here.address}/inspect")
        keys = self._caller.get(f"{self._grounds.issuer}/jwks", silent=True).json()
        own = self._grounds.keys.get(here.client_id)
        visit = self._pages.visit(
            inspected, here, self._grounds.issuer, keys, took, roamed=here is not self._start,
            jkt=own.thumbprint() if own else None,
        )  # fmt: skip
        self._whoami(here, visit)
        for earlier in self.report.visits:
            same = visit.sub == earlier.sub or visit.sid == earlier.sid
            self._promise(not same, f"{here.client_id} and {earlier.portal} were given the same sub or sid.")
        self.report.visits.append(visit)
        first = self.report.visits[0]
        self._screen.learned(here, visit, None if first is visit else (self._start, first))

    def _holder(self, visit: Visit) -> Holder:
        """Return who has that visit's token, and its key, where that can be read from here; else a thief."""
        return Holder(visit.compact_access_token, self._grounds.keys.get(visit.portal, self._thief))

    def _whoami(self, here: Portal, visit: Visit) -> None:
        if here.client_id not in self._grounds.keys:
            return
        answer = self._caller.get(f"{here.address}/api/whoami", holder=self._holder(visit))
        self._promise(answer.status_code == 200, f"/api/whoami answers {answer.status_code} to this portal's token.")
        told = answer.json()
        self._promise(
            (told.get("sub"), told.get("level")) == (visit.sub, self._person.level),
            "/api/whoami names another person or level than the ID token.",
        )

    def _refuse_foreign(self, here: Portal) -> None:
        other = self.report.visits[-2]
        url = f"{here.address}/api/whoami"
        answer = self._caller.get(url, holder=self._holder(other), meaning="hop.foreign")
        self._promise(
            answer.status_code == 401,
            f"/api/whoami answers {answer.status_code} to a token for {other.portal}, not 401.",
        )

    def _refuse_stolen(self, here: Portal) -> None:
        """Present the token that the portal has just got with a key that it is not bound to (RFC 9449 7.1)."""
        stolen = Holder(self.report.visits[-1].compact_access_token, self._thief)
        answer = self._caller.get(f"{here.address}/api/whoami", holder=stolen, meaning="hop.stolen")
        self._promise(answer.status_code == 401, f"/api/whoami answers {answer.status_code} to a thief, not 401.")

    def _look_at_zone(self) -> None:
        with self._step("step.zone", "look at the zone"):
            page = self._traveller.visit(f"{self._grounds.issuer}/")
            wrong = self._pages.wrong_on_zone(page, self._grounds.portals)
            self._promise(not wrong, f"the zone {wrong}")
            self._screen.fact("fact.zone", name=self.report.person, visited=len(self._grounds.portals))
            typed = self.report.passwords_typed
            self._promise(typed == 1, f"a password was typed {typed} times, not once.")

    def _log_out(self) -> None:
        here = self._start
        # The proof uses the cookies of before: that a browser forgets its cookie ends nothing at a portal.
        cookies = {portal.client_id: self._traveller.cookies(portal.address) for portal in self._grounds.portals}
        with self._step("step.log_out", f"log out at {here.client_id}", here):
            self._traveller.visit(f"{here.address}/logout")
            page = self._traveller.submit("logout-yes", {})
            pressed = time.perf_counter() - page.milliseconds / 1000
            self._promise(
                page.url.startswith(f"{here.address}/") and page.status == 200,
                f"the log-out led to {page.path} with status {page.status}, not back to the portal.",
            )
            self._promise(page.find("login") is not None, "the portal offers no log-in after the log-out.")
        with self._step("step.proof", "log-out everywhere"):
            self._wait_for_the_end(pressed, cookies)
            for portal in self._grounds.portals:
                self._prove(portal, cookies[portal.client_id])
            if self._grounds.inside is not None:
                self._screen.fact("fact.reason")
            self._prove_delivery(pressed)
            self._look_around()

    def _wait_for_the_end(self, pressed: float, cookies: dict[str, str]) -> None:
        left = {visit.portal: visit for visit in self.report.visits}
        addresses = {portal.client_id: portal.address for portal in self._grounds.portals}
        while left:
            for name, visit in list(left.items()):
                me, api = self._knock(addresses[name], cookies[name], visit)
                if me.status_code != 200 and api.status_code == 401:
                    del left[name]
                    self.report.log_out_milliseconds[name] = round((time.perf_counter() - pressed) * 1000, 1)
            if left and time.perf_counter() - pressed > self._within:
                what = [
                    f"{name} ({self._alive(addresses[name], cookies[name], visit)})" for name, visit in left.items()
                ]
                raise Broken(
                    self._step_name, f"{self._within:g} s after the log-out a session lives on at {', '.join(what)}."
                )
            if left:
                time.sleep(POLL_SECONDS)
        slowest = self.report.longest_log_out or 0
        self._promise(slowest <= self._within * 1000, f"the log-out took {slowest:.0f} ms.")

    def _knock(self, address: str, cookie: str, visit: Visit) -> tuple[httpx.Response, httpx.Response]:
        me = self._caller.get(f"{address}/me", cookie=cookie, silent=True)
        return me, self._caller.get(f"{address}/api/whoami", holder=self._holder(visit), silent=True)

    def _alive(self, address: str, cookie: str, visit: Visit) -> str:
        me, api = self._knock(address, cookie, visit)
        return f"/me {me.status_code}, /api/whoami {api.status_code}"

    def _prove(self, here: Portal, cookie: str) -> None:
        visit = next(one for one in self.report.visits if one.portal == here.client_id)
        me = self._caller.get(f"{here.address}/me", cookie=cookie, meaning="hop.me_gone")
        self._promise(me.status_code != 200, f"{here.client_id} lets the old session in again.")
        api = self._caller.get(f"{here.address}/api/whoami", holder=self._holder(visit), meaning="hop.whoami_gone")
        self._promise(api.status_code == 401, f"{here.client_id} takes the old access token again.")
        took = self.report.log_out_milliseconds[here.client_id]
        self._screen.fact("fact.ended", here=here.short, milliseconds=f"{took:.0f}")
        if self._grounds.inside is not None:
            incident = str(api.json().get("incident"))
            known = self._grounds.inside.refused_for(incident, TOKEN_ENDED)
            self._promise(known, f"{here.client_id} refused the token for another reason than {TOKEN_ENDED}.")

    def _prove_delivery(self, pressed: float) -> None:
        """Wait until the zone, which remembers the browser, says that each portal was told (Back-Channel 2.8)."""
        zone = f"{self._grounds.issuer}/"
        cookie = self._traveller.cookies(zone)
        while True:
            answer = self._caller.get(zone, cookie=cookie, silent=True)
            missing = self._pages.not_told(SeenPage(zone, answer.status_code, answer.text, 0.0), self._grounds.portals)
            if not missing:
                break
            late = time.perf_counter() - pressed > self._within + NOTED_SECONDS
            self._promise(not late, f"the zone does not say that {', '.join(missing)} was told of the log-out.")
            time.sleep(POLL_SECONDS)

    def _look_around(self) -> None:
        for portal in self._others:
            page = self._traveller.visit(f"{portal.address}/")
            self._promise(page.find("login") is not None, f"{portal.client_id} offers no log-in after the log-out.")
        page = self._traveller.visit(f"{self._grounds.issuer}/")
        self._promise(page.find("logout-everywhere") is None, "the zone still knows the person after the log-out.")
        self._screen.fact("fact.zone_gone", number=len(self._grounds.portals))

    @contextmanager
    def _step(self, key: str, name: str, here: Portal | None = None) -> Iterator[None]:
        self._step_name = name
        self._screen.step(key, here)
        try:
            yield
        except (LostOnTheWay, NotOnPage) as error:
            raise Broken(name, str(error)) from error
        self._screen.step_done()

    def _promise(self, kept: bool, otherwise: str) -> None:
        if not kept:
            raise Broken(self._step_name, otherwise)

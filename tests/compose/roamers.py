"""People who roam over https without a pause, log out now and then, and write down every answer that was a refusal."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

from lab.tour.grounds import Grounds
from lab.tour.hop import Hop
from lab.tour.seen_page import NotOnPage, SeenPage
from lab.tour.traveller import Caller, HttpTraveller, LostOnTheWay

PASSWORD = "manyou-demo"
ROAMS_BEFORE_LOG_OUT = 12
LOG_OUT_SECONDS = 10.0
PAUSE_AFTER_REFUSAL = 0.1


class NotAsExpected(Exception):
    """A step that led elsewhere than it should; the text is one line."""


@dataclass(frozen=True)
class Refusal:
    """When somebody was refused (monotonic seconds), at which step, with which status (0: no answer), in words."""

    at: float
    step: str
    status: int
    text: str


@dataclass
class Ledger:
    """What happened to everybody since the last `Roamers.ledger()`."""

    roams: int = 0
    log_ins: int = 0
    log_outs: int = 0
    slowest_log_out: float = 0.0
    unreached: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    """Seconds of each roam."""
    ends: list[float] = field(default_factory=list)
    """When each roam ended (monotonic)."""

    def summary(self) -> str:
        """Return it as one line."""
        milliseconds = sorted(1000 * one for one in self.times) or [0.0]
        of = len(milliseconds)
        return (
            f"{self.roams} roams ({self.log_ins} log-ins, {self.log_outs} log-outs, "
            f"{sum(self.requests.values())} requests), {len(self.refusals)} refused; "
            f"a roam p50 {milliseconds[of // 2]:.0f} ms, p99 {milliseconds[of * 99 // 100]:.0f} ms, "
            f"longest {milliseconds[-1]:.0f} ms; "
            f"slowest log-out everywhere {self.slowest_log_out:.2f} s, {self.unreached} not reached"
        )


class Roamers:
    """So many threads, each a person with a browser; a context manager that starts and stops them."""

    def __init__(self, grounds: Grounds, people: list[str], seed: int = 1) -> None:
        self._grounds = grounds
        self._lock = threading.Lock()
        self._ledger = Ledger()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._live, args=(name, random.Random(seed + number)))
            for number, name in enumerate(people)
        ]
        self.failure: BaseException | None = None

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def ledger(self) -> Ledger:
        """Return what happened since the last call, and begin a new page."""
        with self._lock:
            page, self._ledger = self._ledger, Ledger()
        if self.failure is not None:
            raise self.failure
        return page

    def go_on(self, seconds: float) -> None:
        """Let them roam."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.failure is None:
            time.sleep(0.1)

    def _live(self, username: str, rng: random.Random) -> None:
        person = _Person(self, self._grounds, username, rng)
        try:
            while not self._stopping.is_set():
                person.step()
        except BaseException as error:
            self.failure = error
            raise
        finally:
            person.leave()
            person.close()


class _Person:
    def __init__(self, roamers: Roamers, grounds: Grounds, username: str, rng: random.Random) -> None:
        self._roamers = roamers
        self._grounds = grounds
        self._username = username
        self._rng = rng
        self._portals = {portal.client_id: portal.address for portal in grounds.portals}
        self._browser: HttpTraveller | None = None
        self._visited: set[str] = set()
        self._since_log_in = 0
        self._logging_out_at = ""
        """Where nobody is signed in any more, whether or not the provider could be told: next time it is elsewhere."""
        self._last: Hop | None = None
        self._caller = Caller(grounds.connect, grounds.names, self._noted, "en", grounds.trust)

    def step(self) -> None:
        """Log in, roam, or log out; a refusal is written down, and the person tries something again soon."""
        step = "log in" if self._browser is None else "roam"
        if self._since_log_in >= ROAMS_BEFORE_LOG_OUT:
            step = "log out"
        began = time.monotonic()
        try:
            {"log in": self._log_in, "roam": self._roam, "log out": self._log_out}[step]()
        except (LostOnTheWay, NotAsExpected, NotOnPage) as error:
            status = self._last.status if self._last and not isinstance(error, LostOnTheWay) else 0
            where = f"{self._last.method} {self._last.service}{self._last.path}" if self._last else ""
            with self._roamers._lock:
                self._roamers._ledger.refusals.append(
                    Refusal(time.monotonic(), step, status, f"{step}: {where} {status}: {error}")
                )
            self._visited.discard(self._logging_out_at)
            if step == "log in" or not self._visited:
                self.leave()
            time.sleep(PAUSE_AFTER_REFUSAL)
            return
        with self._roamers._lock:
            ledger = self._roamers._ledger
            if step != "log out":
                ledger.roams += 1
                ledger.times.append(time.monotonic() - began)
                ledger.ends.append(time.monotonic())
            ledger.log_ins += step == "log in"

    def close(self) -> None:
        """Close what is left."""
        self._caller.close()

    def leave(self) -> None:
        """Close the browser, with all that it knew."""
        if self._browser is not None:
            self._browser.close()
        self._browser, self._visited, self._since_log_in, self._logging_out_at = None, set(), 0, ""

    def _noted(self, hop: Hop) -> None:
        self._last = hop
        with self._roamers._lock:
            self._roamers._ledger.requests[f"{hop.service}{hop.path}"] += 1
        if hop.status >= 400:
            raise NotAsExpected(f"{hop.status} from {hop.service}{hop.path}")

    def _open(self) -> HttpTraveller:
        grounds = self._grounds
        self._last = None
        self._browser = HttpTraveller(grounds.connect, grounds.names, self._noted, "en", grounds.trust)
        return self._browser

    def _log_in(self) -> None:
        name = self._rng.choice(list(self._portals))
        browser = self._open()
        page = browser.visit(f"{self._portals[name]}/login?target_link_uri=/me")
        if page.find("password") is None:
            raise NotAsExpected(f"{page.path} does not ask for the password")
        page = browser.submit("login-submit", {"username": self._username, "password": PASSWORD})
        self._arrived(name, page)

    def _roam(self) -> None:
        assert self._browser is not None
        name = self._rng.choice(list(self._portals))
        self._arrived(name, self._browser.visit(f"{self._portals[name]}/login?target_link_uri=/me"))

    def _arrived(self, name: str, page: SeenPage) -> None:
        if page.url != f"{self._portals[name]}/me":
            raise NotAsExpected(f"the person is at {page.path}, not at /me")
        self._visited.add(name)
        self._since_log_in += 1

    def _log_out(self) -> None:
        browser = self._browser
        assert browser is not None
        again = bool(self._logging_out_at)
        here = self._logging_out_at = self._rng.choice(sorted(self._visited))
        page = browser.visit(f"{self._portals[here]}/logout")
        if again and page.find("logout-yes") is None:
            # The last try was refused, and had been done: its answer alone was lost.
            self.leave()
            return
        browser.submit("logout-yes", {})
        began = time.monotonic()
        waiting = set(self._visited)
        while waiting and time.monotonic() - began < LOG_OUT_SECONDS:
            waiting = {name for name in waiting if self._still_in(name)}
        with self._roamers._lock:
            ledger = self._roamers._ledger
            ledger.log_outs += 1
            ledger.unreached += len(waiting)
            ledger.slowest_log_out = max(ledger.slowest_log_out, time.monotonic() - began)
        self.leave()

    def _still_in(self, name: str) -> bool:
        """Tell whether the portal's /me still knows the cookies; whoever is signed in nowhere is sent to sign in."""
        assert self._browser is not None
        url = f"{self._portals[name]}/me"
        answer = self._caller.get(url, cookie=self._browser.cookies(url))
        return answer.status_code == 200

"""What tests/compose/check-region does to the running region while people roam: python -m tests.compose.faults.

Copies are renewed one after the other, one is killed, the database is restarted. Each part prints one line of what was
measured, and ends the program with exit code 1 where it is not as promised.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter

from lab.tour.grounds import running_region
from tests.compose.roamers import Ledger, Roamers

PEOPLE = ["li.beijing", "wang.tianjin", "zhang.hebei", "chen.xiongan"]
COPIES = ("idp-a", "idp-b")
RENEWALS = 2
QUIET_SECONDS = 15.0
KILLED_SECONDS = 1.5
"""How long after a copy was killed somebody may be refused: whose request it had in work."""
RECOVERY_SECONDS = 10.0

KILL = """
import os
for one in filter(str.isdigit, os.listdir("/proc")):
    if int(one) not in (1, os.getpid()):
        os.kill(int(one), 9)
"""
"""Kills the service, not the container's first process, which cannot be killed from inside."""


class Broken(Exception):
    """A promise that was not kept; the text is one line."""


def promise(kept: bool, text: str) -> None:
    """Raise Broken unless kept."""
    if not kept:
        raise Broken(text)


def compose(*arguments: str) -> str:
    """Return what `docker compose` prints; through a shell, where `docker` may be a function."""
    done = subprocess.run(
        ["bash", "-c", 'docker compose "$@"', "docker", *arguments], capture_output=True, text=True, check=False
    )
    promise(done.returncode == 0, f"docker compose {' '.join(arguments)}: {done.stderr.strip()[-300:]}")
    return done.stdout


def spread(since: float) -> Counter[str]:
    """Return how many requests nginx sent to each copy in the last seconds, by its log."""
    log = compose("logs", "--no-log-prefix", "--since", f"{since:.0f}s", "nginx")
    return Counter(re.findall(r" s [0-9.:, ]*?([0-9.]+):8440 \d+$", log, re.MULTILINE))


def tell(part: str, page: Ledger, seconds: float) -> None:
    """Print one line, and each refusal."""
    print(f"{part} ({seconds:.0f} s): {page.summary()}", flush=True)
    for refusal in page.refusals[:12]:
        print(f"    {refusal.text}", flush=True)


def quiet(roamers: Roamers) -> None:
    """Roam without a fault: nobody is refused, both copies have work."""
    roamers.ledger()
    began = time.monotonic()
    roamers.go_on(QUIET_SECONDS)
    page, counted = roamers.ledger(), spread(time.monotonic() - began)
    tell("nothing happens", page, time.monotonic() - began)
    print(f"    requests by copy: {dict(counted)}", flush=True)
    promise(page.roams > 0 and not page.refusals, "somebody was refused though nothing happened")
    promise(page.unreached == 0, "a log-out did not reach a portal")
    promise(len(counted) == len(COPIES) and min(counted.values()) * 3 > max(counted.values()), "one copy does it all")


def renewed(roamers: Roamers) -> None:
    """Make each copy anew, one after the other, as for a new image: nobody is refused."""
    roamers.ledger()
    began = time.monotonic()
    for _ in range(RENEWALS):
        for copy in COPIES:
            compose("up", "-d", "--no-deps", "--no-build", "--force-recreate", "--wait", copy)
    roamers.go_on(3)
    page = roamers.ledger()
    tell(f"both copies renewed {RENEWALS} times", page, time.monotonic() - began)
    promise(page.roams > 0 and not page.refusals, "somebody was refused while the copies were renewed")
    promise(page.unreached == 0, "a log-out did not reach a portal")


def killed(roamers: Roamers) -> None:
    """Kill a copy with SIGKILL: those whose requests it had in work notice, and nobody after that; it comes back."""
    roamers.ledger()
    began = time.monotonic()
    identity = compose("ps", "-q", "idp-b").strip()
    struck = time.monotonic()
    compose("exec", "-T", "idp-b", "python", "-c", KILL)
    done = time.monotonic()
    while not compose("ps", "idp-b", "--format", "{{.State}} {{.Health}}").startswith("running healthy"):
        promise(time.monotonic() - struck < 60, "the copy that was killed does not come back")
        time.sleep(0.2)
    back = time.monotonic() - struck
    roamers.go_on(6)
    promise(compose("ps", "-q", "idp-b").strip() == identity, "the copy is another container")
    page = roamers.ledger()
    tell(f"one copy killed, back by itself after {back:.1f} s", page, time.monotonic() - began)
    late = [one for one in page.refusals if one.at > done + KILLED_SECONDS]
    promise(page.roams > 0 and not late, f"{len(late)} were refused later than {KILLED_SECONDS} s after the kill")
    promise(page.unreached == 0, "a log-out did not reach a portal")


def database_restarted(roamers: Roamers) -> None:
    """Restart PostgreSQL: 503 while it is away, nothing else; everybody stays signed in and goes on by themselves."""
    roamers.ledger()
    began = time.monotonic()
    compose("stop", "postgres")
    roamers.go_on(4)
    ready = compose("exec", "-T", *READY)
    compose("up", "-d", "--no-deps", "--no-build", "--wait", "postgres")
    there = time.monotonic()
    roamers.go_on(RECOVERY_SECONDS)
    page = roamers.ledger()
    first = min((one for one in page.ends if one > there), default=None)
    promise(first is not None, "nobody roams after the database has come back")
    assert first is not None
    last = max((one.at for one in page.refusals), default=began)
    tell(
        f"database away and back; /readyz said {ready.strip()}; first roam {first - there:.2f} s after it was ready, "
        f"last refusal {last - there:+.2f} s", page, time.monotonic() - began,
    )  # fmt: skip
    statuses = Counter(one.status for one in page.refusals)
    print(f"    statuses of refusals: {dict(statuses)}", flush=True)
    promise(set(statuses) == {503}, "somebody was refused with another status than 503")
    promise(ready.strip() == "503 503", "a copy was ready without its database")
    promise(last < there + 5, "somebody was refused long after the database had come back")
    promise(page.unreached == 0, "a log-out did not reach a portal")


READY = (
    "nginx", "sh", "-c",
    "for copy in idp-a idp-b; do curl -s -o /dev/null -w '%{http_code} ' http://$copy:8440/readyz; done",
)  # fmt: skip


def main() -> int:
    """Do all of it; return the exit code."""
    grounds = running_region(None)
    try:
        with Roamers(grounds, PEOPLE) as roamers:
            roamers.go_on(5)
            for part in (quiet, renewed, killed, database_restarted, quiet):
                part(roamers)
    except Broken as broken:
        print(f"Not as promised: {broken}", flush=True)
        return 1
    print("as promised")
    return 0


if __name__ == "__main__":
    sys.exit(main())

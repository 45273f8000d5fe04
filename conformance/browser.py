"""What the suite's scripted browser does on the provider's pages: log in, consent, log out, show what is asked for.

A step whose page does not come is left out, so that one script serves the plans. Pages that the suite wants to see
are handed over by `update-image-placeholder`: "optional" where it may not have asked for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
WAIT_SECONDS = 15
SHOW = [".*", "update-image-placeholder"]
SHOW_IF_ASKED = [".*", "update-image-placeholder-optional"]


@dataclass(frozen=True)
class Person:
    """Somebody who can log in at the deployment."""

    username: str
    password: str


@dataclass(frozen=True)
class Script:
    """The commands for one deployment: its issuer, the suite's address, and who logs in."""

    issuer: str
    suite: str
    person: Person

    def everything(self) -> list[Json]:
        """Return what most modules need."""
        return [self._authorize(), self._end_session(), self._session_check()]

    def showing_login(self) -> list[Json]:
        """Return what modules need that ask for a picture of the log-in page and for nothing else: nobody logs in.

        Once nothing is asked for any more, the suite ends such a module some seconds later, at its next look; an answer
        that comes in after that breaks it off.
        """
        show = _task("Show the log-in page", f"{self.issuer}/login*", [_wait("login-submit", *SHOW)])
        return [{"match": f"{self.issuer}/authorize*", "tasks": [show]}]

    def showing_second_login(self) -> list[Json]:
        """Return the same for modules whose second request has to lead to the log-in page again."""
        first, second = self._authorize(), self._authorize(show_login=SHOW)
        return [{**first, "match-limit": 1}, second]

    def looking_before_login(self) -> list[Json]:
        """Return the same for the module that opens the log-in page, leaves, and logs in at its second visit."""
        look = {
            "task": "Look at the log-in page",
            "match": f"{self.issuer}/login*",
            "commands": [_wait("login-submit")],
        }
        first = {"match": f"{self.issuer}/authorize*", "match-limit": 1, "tasks": [look]}
        # The second page is not handed over, so that the module does not end as those of showing_login do.
        return [first, self._authorize()]

    def showing_question(self) -> list[Json]:
        """Return the same for modules that ask for a picture of the page that asks whether to log out."""
        return [self._authorize(), self._end_session(show_question=True)]

    def refusing(self) -> list[Json]:
        """Return the same for the module in which the person does not consent."""
        return [self._authorize(decision="consent-deny")]

    def _authorize(self, show_login: list[str] | None = None, decision: str = "consent-allow") -> Json:
        show = [_wait("login-submit", *show_login)] if show_login else []
        log_in = [
            *show,
            ["text", "id", "username", self.person.username],
            ["text", "id", "password", self.person.password],
            ["click", "id", "login-submit"],
        ]
        return {
            "match": f"{self.issuer}/authorize*",
            "tasks": [
                _task("Log in", f"{self.issuer}/login*", log_in),
                _task("Decide about consent", f"{self.issuer}/consent*", [["click", "id", decision]]),
                # Where the provider may not redirect, it shows a page with a number to ask about.
                _task("Show the refusal", f"{self.issuer}/authorize*", [_wait("incident", *SHOW_IF_ASKED)]),
                _task("Answer the client", f"{self.suite}/test/*", [_wait("submission_complete")]),
            ],
        }

    def _end_session(self, *, show_question: bool = False) -> Json:
        page = f"{self.issuer}/end_session*"
        question = [_wait("logout-yes", *SHOW_IF_ASKED)] if show_question else []
        confirm = [*question, ["click", "id", "logout-yes", "optional"]]
        show = [["wait", "css", "h1", WAIT_SECONDS, *SHOW_IF_ASKED]]
        return {
            "match": page,
            "tasks": [_task("Log out", page, confirm), _task("Show the result", f"{self.issuer}/*", show)],
        }

    def _session_check(self) -> Json:
        # The suite's own pages, with the provider's check_session_iframe inside (Session Management 3).
        wait = ["wait", "contains", "session_result", WAIT_SECONDS]
        page = f"{self.suite}/test/*"
        return {"match": f"{page}session_verify*", "tasks": [_task("Ask the provider's page", page, [wait])]}


def _task(name: str, page: str, commands: list[list[Any]]) -> Json:
    return {"task": name, "match": page, "optional": True, "commands": commands}


def _wait(element: str, *then: str) -> list[Any]:
    return ["wait", "id", element, WAIT_SECONDS, *then]

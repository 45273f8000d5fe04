"""What the log-out plans share: a sign-in that is to end, and whether it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.conformance.modules.request_objects import part
from tests.conformance.party import Outcome, Party
from tests.conformance.plans import Variant
from tests.conformance.suite import Suite
from tests.visitor import Visitor

STATE = "the-state-of-this-log-out"


@dataclass(frozen=True)
class SignedIn:
    """A person who has signed in at a client and is about to log out."""

    party: Party
    browser: Visitor
    outcome: Outcome
    afterwards: str

    @classmethod
    def at(cls, suite: Suite, variant: Variant, **metadata: Any) -> SignedIn:
        """Sign in, in a browser of its own, at a client that may send people to `afterwards`."""
        afterwards = suite.callback(variant).replace("/callback", "/post_logout_redirect")
        party = suite.party(variant, post_logout_redirect_uris=[afterwards], **metadata)
        browser = suite.browser()
        return cls(party, browser, party.signed_in(browser), afterwards)

    @property
    def right(self) -> dict[str, str | None]:
        """The parameters of a log-out as it should be (RP-Initiated Logout 2)."""
        return {
            "id_token_hint": self.outcome.id_token,
            "post_logout_redirect_uri": self.afterwards,
            "state": STATE,
        }

    def log_out(self, **changes: str | None) -> httpx.Response:
        """Send the browser to the end_session_endpoint."""
        return self.party.end_session(self.browser, **{**self.right, **changes})

    def is_sent_back(self, response: httpx.Response, state: str | None) -> None:
        """Check that the browser is sent where it should, with the state and nothing else."""
        assert response.status_code in (302, 303), response.text[:400]
        parts = urlsplit(response.headers["location"])
        assert parts._replace(query="").geturl() == self.afterwards
        assert dict(parse_qsl(parts.query)) == ({} if state is None else {"state": state})

    def is_asked(self, response: httpx.Response) -> httpx.Response:
        """Check that a page asks whether to log out; say yes, and return what comes then."""
        assert response.status_code == 200, response.text[:400]
        return self.browser.submit(response, "logout-yes")

    def stays_here(self, response: httpx.Response) -> None:
        """Check that a page of the provider is the end, with nothing on it that sends the browser on."""
        assert response.status_code == 200
        assert "location" not in response.headers
        assert self.afterwards not in response.text
        assert 'http-equiv="refresh"' not in response.text

    def is_over(self) -> None:
        """Check that nobody is logged in in this browser any more."""
        party = self.party
        answer = party.answer(*party.open(self.browser, party.ask(prompt="none")))
        party.refused(answer, "login_required")


def without_signature(token: str) -> str:
    """Return the same JWT with alg none."""
    return f"{part({'alg': 'none'})}.{token.split('.')[1]}."

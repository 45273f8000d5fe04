"""Modules about who is asked to log in, and when (Core 3.1.2.1, 3.1.2.3, 3.1.2.6)."""

from __future__ import annotations

from tests.conformance.party import Outcome, Party
from tests.conformance.suite import Suite
from tests.visitor import Visitor


def _again_unasked(party: Party, browser: Visitor, first: Outcome, **changes: str | None) -> Outcome:
    """Ask once more and hold that no page came between, and that it is the same person and the same log-in."""
    asked = party.ask(**changes)
    answer = party.checked(party.answer(*party.open(browser, asked)))
    second = party.complete(answer)
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims.get("auth_time") == first.claims.get("auth_time")
    return second


class Sessions:
    """Silent where it may be, and not silent where it must not be."""

    def test_oidcc_prompt_login(self, suite: Suite, party: Party, browser: Visitor) -> None:
        first = party.signed_in(browser, max_age="15000")
        suite.clock.advance(2)
        opened = party.open(browser, party.ask(prompt="login", max_age="15000"))
        assert "login-submit" in opened[1].text
        second = party.complete(party.checked(party.finish(browser, opened)))
        assert second.claims["sub"] == first.claims["sub"]
        assert second.claims["auth_time"] > first.claims["auth_time"]

    def test_oidcc_prompt_none_not_logged_in(self, party: Party, stranger: Visitor) -> None:
        answer = party.answer(*party.open(stranger, party.ask(prompt="none")))
        party.refused(answer, "login_required")

    def test_oidcc_prompt_none_logged_in(self, suite: Suite, party: Party, browser: Visitor) -> None:
        first = party.signed_in(browser)
        suite.clock.advance(1)
        _again_unasked(party, browser, first, prompt="none")

    def test_oidcc_max_age_1(self, suite: Suite, party: Party, browser: Visitor) -> None:
        first = party.signed_in(browser)
        suite.clock.advance(2)
        opened = party.open(browser, party.ask(max_age="1"))
        assert "login-submit" in opened[1].text
        second = party.complete(party.checked(party.finish(browser, opened)))
        assert second.claims["sub"] == first.claims["sub"]
        assert second.claims["auth_time"] == suite.clock()

    def test_oidcc_max_age_10000(self, suite: Suite, party: Party, browser: Visitor) -> None:
        first = party.signed_in(browser, max_age="15000")
        suite.clock.advance(1)
        second = _again_unasked(party, browser, first, max_age="10000")
        assert second.claims["auth_time"] < suite.clock()

    def test_oidcc_id_token_hint(self, suite: Suite, party: Party, browser: Visitor) -> None:
        first = party.signed_in(browser)
        suite.clock.advance(1)
        _again_unasked(party, browser, first, prompt="none", id_token_hint=first.id_token)

    def test_oidcc_login_hint(self, party: Party, stranger: Visitor) -> None:
        opened = party.open(stranger, party.ask(login_hint="buffy@idp.localhost"))
        assert "login-submit" in opened[1].text
        assert "buffy@idp.localhost" in opened[1].text

"""Guessing passwords: slowed per account and address, never locked out, nothing learnt (RFC 6819 4.4.3.6)."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import Any

import pytest

from idp.audit import Event
from idp.people.log_in import LoginOutcome
from idp.people.passwords import NICER_BY, Passwords, TooBusy
from tests.idp.provider import Provider
from tests.visitor import PASSWORD, Visitor

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


def _attempt(provider: Provider, username: str, password: str = "wrong", address: str = HERE) -> LoginOutcome:
    outcome: LoginOutcome = provider.run(provider.parts.log_in.attempt(username, password, address))
    return outcome


def test_the_delay_grows_to_a_minute_and_no_further(provider: Provider) -> None:
    waits: list[float] = []
    for _ in range(12):
        assert _attempt(provider, "li.beijing").failed
        wait = _attempt(provider, "li.beijing").wait if len(waits) >= 2 else 0.0
        waits.append(wait)
        provider.clock.advance(wait)
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    # Nobody is locked out: after the wait the right password works, and the count begins anew.
    assert _attempt(provider, "li.beijing", PASSWORD).person is not None
    assert [_attempt(provider, "li.beijing").failed for _ in range(3)] == [True] * 3


def test_whoever_guesses_slows_neither_other_accounts_nor_other_addresses(provider: Provider) -> None:
    for _ in range(3):
        _attempt(provider, "li.beijing")
    assert _attempt(provider, "li.beijing", PASSWORD).wait > 0
    assert _attempt(provider, "li.beijing", PASSWORD, ELSEWHERE).person is not None
    assert _attempt(provider, "wang.tianjin", PASSWORD).person is not None
    assert _attempt(provider, "li.beijing", PASSWORD).wait > 0


@pytest.mark.parametrize("spelling", ["LI.beijing", " li.beijing ", "ｌｉ.beijing"])
def test_another_spelling_is_the_same_account(provider: Provider, spelling: str) -> None:
    for _ in range(3):
        _attempt(provider, "li.beijing")
    assert _attempt(provider, spelling, PASSWORD).wait > 0


def test_guesses_sent_at_once_are_bounded(provider: Provider) -> None:
    async def many() -> list[Any]:
        guesses = (provider.parts.log_in.attempt("li.beijing", f"guess {number}", HERE) for number in range(30))
        return await asyncio.gather(*guesses)

    outcomes = provider.run(many())
    assert sum(outcome.failed for outcome in outcomes) == 3
    assert sum(outcome.wait > 0 for outcome in outcomes) == 27


def test_an_unknown_account_is_delayed_and_answered_like_a_wrong_password(provider: Provider) -> None:
    outcomes = {name: [_attempt(provider, name) for _ in range(4)] for name in ("li.beijing", "nobody.nowhere")}
    assert outcomes["li.beijing"] == outcomes["nobody.nowhere"]


def test_an_unknown_account_costs_the_same_hash_as_a_wrong_password(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    whose: set[str] = set()
    verify = Passwords._verify

    def count(self: Passwords, password_hash: str, password: str) -> bool:
        hashed.append(password_hash.rsplit("$", 2)[0])
        whose.add(password_hash)
        return verify(self, password_hash, password)

    monkeypatch.setattr(Passwords, "_verify", count)
    for name in ("li.beijing", "nobody.nowhere"):
        _attempt(provider, name)
    # One that is overdue is hashed once more beside, whoever it is of; what counts is that each is, and how.
    assert set(hashed) == {"$argon2id$v=19$m=19456,t=2,p=1"}
    assert len(whose) == 2


def test_the_page_is_the_same_for_an_unknown_account_and_a_wrong_password(provider: Provider) -> None:
    pages = []
    for username in ("li.beijing", "nobody.nowhere"):
        visitor = provider.visitor()
        answer = visitor.log_in(visitor.get("/login"), username, "wrong")
        assert answer.status_code == 400
        pages.append(answer.text.split('id="login-error"')[1].split("</div>")[0])
    assert pages[0] == pages[1]


def test_waiting_is_a_page_with_429_and_retry_after_rfc6585_4(provider: Provider, visitor: Visitor) -> None:
    page = visitor.get("/login")
    for _ in range(3):
        assert visitor.log_in(page, "li.beijing", "wrong").status_code == 400
    answer = visitor.log_in(page, "li.beijing")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert 'id="login-delay"' in answer.text
    provider.clock.advance(int(answer.headers["retry-after"]))
    assert visitor.log_in(page, "li.beijing").status_code == 303


def test_a_form_without_a_valid_csrf_token_counts_nothing(provider: Provider, visitor: Visitor) -> None:
    page = visitor.get("/login")
    for csrf in ("", "0" * 64, "令牌"):
        for _ in range(3):
            answer = visitor.submit(page, "login-submit", username="li.beijing", password="wrong", csrf=csrf)
            assert answer.status_code == 403
    stranger = provider.visitor()
    form = {"username": "li.beijing", "password": "wrong", "csrf": "0" * 64}
    assert stranger.http.post(f"{provider.issuer}/login", data=form).status_code == 403
    for _ in range(2):
        assert visitor.log_in(page, "li.beijing", "wrong").status_code == 400
    assert visitor.log_in(page, "li.beijing").status_code == 303


def test_failures_are_in_the_log_without_the_name_that_was_typed(provider: Provider) -> None:
    # People type their password into the wrong field.
    _attempt(provider, "my-secret-password")
    [event] = provider.run(provider.parts.stores.audit.latest(1, Event.LOGIN_FAILED))
    assert event.address == HERE
    assert "my-secret-password" not in repr(event)


def test_whoever_is_turned_away_is_told_when_to_come_back_and_loses_no_attempt(
    provider: Provider, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visitor.get("/login")
    with monkeypatch.context() as full:
        full.setattr(provider.parts.log_in._passwords, "_places", 0)
        for _ in range(5):
            answer = visitor.log_in(page, "li.beijing", "wrong")
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
    assert visitor.log_in(page, "li.beijing").status_code == 303


async def test_hashing_never_stalls_and_more_than_the_queue_takes_is_turned_away() -> None:
    passwords = Passwords(1, 2)
    try:
        tries = [asyncio.create_task(passwords.check(None, "x", f"10.0.0.{number}")) for number in range(5)]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        assert [type(one) for one in outcomes] == [bool] * 3 + [TooBusy] * 2
        assert await passwords.check(passwords.hash("right"), "right", HERE)
        assert not await passwords.check(passwords.hash("right"), "wrong", HERE)
        assert not await passwords.check("not a hash", "x", HERE)
        assert not await passwords.check(None, "nobody's password", HERE)
    finally:
        passwords.close()


async def test_hashing_gives_way_to_answering(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []

    def look(self: Passwords, password_hash: str, password: str) -> bool:
        found.append(os.getpriority(os.PRIO_PROCESS, 0))
        return True

    monkeypatch.setattr(Passwords, "_verify", look)
    passwords = Passwords(1, 2)
    try:
        assert await passwords.check("a hash", "x", HERE)
        # Elsewhere all threads of a process have one priority.
        own, nicer_by = os.getpriority(os.PRIO_PROCESS, 0), NICER_BY if sys.platform == "linux" else 0
        assert found == [min(19, own + nicer_by)]
    finally:
        passwords.close()


@pytest.mark.parametrize("stuck", ["another one's", "its own"])
async def test_hashing_that_gives_way_for_too_long_is_done_without(stuck: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.people.passwords.OVERDUE_SECONDS", 0.0)
    verify, first, go_on = Passwords._verify, threading.Lock(), threading.Event()

    def stuck_once(self: Passwords, password_hash: str, password: str) -> bool:
        if first.acquire(blocking=False):
            go_on.wait(60)
            return False
        return verify(self, password_hash, password)

    passwords = Passwords(1, 2)
    kept = passwords.hash("right")
    try:
        monkeypatch.setattr(Passwords, "_verify", stuck_once)
        if stuck == "another one's":
            passwords._polite.submit(passwords._verify, kept, "x")
        assert await passwords.check(kept, "right", HERE)
        assert not await passwords.check(kept, "wrong", ELSEWHERE)
    finally:
        go_on.set()
        passwords.close()


async def test_one_address_has_half_of_the_places_at_most() -> None:
    passwords = Passwords(1, 5)
    try:
        flood = [asyncio.create_task(passwords.check(None, "x", "10.9.9.9")) for _ in range(10)]
        person = asyncio.create_task(passwords.check(None, "x", HERE))
        outcomes = await asyncio.gather(*flood, return_exceptions=True)
        assert [type(one) for one in outcomes] == [bool] * 3 + [TooBusy] * 7
        assert await person is False
    finally:
        passwords.close()


def test_an_attempt_that_found_no_place_is_not_counted(provider: Provider) -> None:
    failures = provider.parts.stores.login_failures
    for _ in range(20):
        assert provider.run(failures.attempt("busy", HERE, provider.clock())) == 0.0
        provider.run(failures.undo("busy", HERE))

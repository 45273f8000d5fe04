"""After failures log-ins wait, longer each time and at most a minute; nobody is locked out, and no neighbour waits."""

from __future__ import annotations

import asyncio

import httpx

from tests.idp.login.conftest import EventsSince
from tests.idp.provider import Provider
from tests.visitor import PASSWORD, Visitor

FREE = 3


def fail(visitor: Visitor, page: httpx.Response, times: int, username: str = "wang.tianjin") -> list[int]:
    """Log in wrongly so many times; return the statuses."""
    return [visitor.log_in(page, username, "wrong").status_code for _ in range(times)]


def test_after_three_failures_the_next_try_waits_even_with_the_right_password(
    visitor: Visitor, page: httpx.Response
) -> None:
    assert fail(visitor, page, FREE) == [400] * FREE
    delayed = visitor.log_in(page, "wang.tianjin")
    assert delayed.status_code == 429
    assert 'id="login-delay"' in delayed.text
    assert int(delayed.headers["retry-after"]) == 1
    assert "manyou_session" not in visitor.http.cookies


def test_the_delay_doubles_up_to_a_minute_and_a_try_meanwhile_does_not_prolong_it_rfc9110_10_2_3(
    provider: Provider, visitor: Visitor, page: httpx.Response
) -> None:
    fail(visitor, page, FREE)
    waits = []
    for _ in range(9):
        first, second = (visitor.log_in(page, "wang.tianjin", "wrong") for _ in range(2))
        assert first.status_code == second.status_code == 429
        assert first.headers["retry-after"] == second.headers["retry-after"]
        waits.append(int(first.headers["retry-after"]))
        provider.clock.advance(waits[-1])
        assert fail(visitor, page, 1) == [400]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_nobody_is_locked_out_for_good(provider: Provider, visitor: Visitor, page: httpx.Response) -> None:
    for _ in range(12):
        fail(visitor, page, 1)
        provider.clock.advance(60)
    assert visitor.log_in(page, "wang.tianjin").status_code == 303


def test_a_log_in_that_succeeds_forgets_the_failures(
    provider: Provider, visitor: Visitor, page: httpx.Response
) -> None:
    fail(visitor, page, FREE)
    provider.clock.advance(1)
    visitor.log_in(page, "wang.tianjin")
    other = provider.visitor()
    assert fail(other, other.get("/login"), FREE) == [400] * FREE


def test_failures_are_forgotten_after_a_quarter_of_an_hour(
    provider: Provider, visitor: Visitor, page: httpx.Response
) -> None:
    fail(visitor, page, FREE)
    provider.clock.advance(900)
    assert fail(visitor, page, FREE) == [400] * FREE


def test_an_address_slows_only_the_accounts_that_failed_there(provider: Provider, page: httpx.Response) -> None:
    stranger = provider.visitor()
    fail(stranger, stranger.get("/login"), FREE + 1)
    neighbour = provider.visitor()
    assert neighbour.log_in(neighbour.get("/login"), "zhang.hebei").status_code == 303
    elsewhere = provider.run(provider.parts.log_in.attempt("wang.tianjin", PASSWORD, "192.0.2.7"))
    assert elsewhere.person is not None


def test_an_unknown_account_waits_exactly_like_a_known_one(
    provider: Provider, visitor: Visitor, page: httpx.Response
) -> None:
    known, unknown = fail(visitor, page, FREE + 1), fail(visitor, page, FREE + 1, "nobody.at.all")
    assert known == unknown == [400, 400, 400, 429]


def test_another_spelling_of_the_name_is_the_same_account(visitor: Visitor, page: httpx.Response) -> None:
    spellings = ("wang.tianjin", "WANG.tianjin", " wang.tianjin ", "\uff57ang.tianjin")
    assert [fail(visitor, page, 1, name)[0] for name in spellings] == [400, 400, 400, 429]


def test_a_hundred_guesses_at_once_are_held_by_the_same_delay(provider: Provider) -> None:
    # Counted before the password is hashed: what is under way already counts.
    async def guess() -> list[bool]:
        attempts = [provider.parts.log_in.attempt("zhang.hebei", f"guess {n}", "192.0.2.9") for n in range(20)]
        return [outcome.failed for outcome in await asyncio.gather(*attempts)]

    assert sum(provider.run(guess())) == FREE


def test_delays_are_kept_as_events(visitor: Visitor, page: httpx.Response, events: EventsSince) -> None:
    fail(visitor, page, FREE + 1)
    assert [event.event for event in events()] == ["login.failed"] * FREE + ["login.delayed"]
    assert "wang" not in str([event.detail for event in events()])

"""How old the provider's keys may be: what one that was revoked is still worth at a portal, and for how long."""

from __future__ import annotations

from starlette.responses import Response

from portals.provider import KEYS_FRESH_SECONDS, KEYS_STALE_SECONDS
from tests.portals.conftest import Running
from tests.portals.test_whoami import ask, good
from tests.portals.verdicts.signer import Signer


async def test_while_the_provider_is_down_all_that_it_issued_before_is_judged_by_the_keys_it_had(
    portal: Running,
) -> None:
    token = good(portal)
    assert (await ask(portal, token)).status_code == 200
    portal.provider.stop()
    # To the last second of its life.
    portal.clock.advance(299)
    assert (await ask(portal, token)).status_code == 200


async def test_without_the_provider_keys_are_believed_ten_minutes_longer_and_then_nobody_is(portal: Running) -> None:
    assert (await ask(portal, good(portal))).status_code == 200
    portal.provider.stop()
    portal.clock.advance(KEYS_FRESH_SECONDS + KEYS_STALE_SECONDS - 1)
    # The double says nothing about how long its keys may be kept. Whoever stole one makes tokens all the time.
    assert (await ask(portal, good(portal))).status_code == 200
    portal.clock.advance(3)
    answer = await ask(portal, good(portal))
    # Not that the token is bad, which nobody knows: that it cannot be judged now.
    assert (answer.status_code, answer.headers["retry-after"].isdigit()) == (503, True)


async def test_a_removed_key_is_believed_no_more_as_soon_as_the_provider_answers_again(portal: Running) -> None:
    assert (await ask(portal, good(portal))).status_code == 200
    stolen = good(portal)
    portal.provider.signers[:] = [Signer.new("key-2")]
    portal.clock.advance(KEYS_FRESH_SECONDS + 1)
    portal.provider.failing["/jwks"] = Response("not now", 503)
    assert (await ask(portal, good(portal))).status_code == 200
    portal.provider.failing.clear()
    portal.clock.advance(3)
    assert (await ask(portal, stolen)).status_code == 401

"""An API that needs more than the log-in had says what would do, and whoever gets that is let in (RFC 9470)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from time import time

import httpx
import pytest

from lab.region import RegionThread
from tests.journeys.as_portal import as_portal, parts_of, present, tokens
from tests.journeys.conftest import PersonFactory
from tests.journeys.test_signals import account, provider
from tests.person import Person


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegionThread]:
    """A region for this story alone: somebody's level is raised."""
    with RegionThread(tmp_path_factory.mktemp("step-up") / "var") as running:
        yield running


def item(walker: Person, token: str, code: str) -> httpx.Response:
    """Ask Hebei's API for an item."""
    return present(walker, "hebei", f"/api/items/{code}", token, parts_of(walker.region, "hebei").dpop_key)


def test_who_is_asked_to_step_up_does_so_at_the_provider_and_is_let_in_rfc9470_4_5(
    region: RegionThread, person: PersonFactory
) -> None:
    walker = person(region, "zhang.hebei")
    hebei = as_portal(walker, "hebei", time)
    walker.visit("hebei")
    weak = tokens(walker, hebei, scope="openid", resource=hebei.resource)
    assert item(walker, weak.access_token, "HE-0106").status_code == 200
    answer = item(walker, weak.access_token, "HE-0103")
    challenge = answer.headers["www-authenticate"]
    assert (answer.status_code, answer.json()["error"]) == (401, "insufficient_user_authentication")
    wanted = re.search(r'acr_values="([^"]+)"', challenge)
    assert wanted is not None

    # The level is nothing that a log-in alone can raise: until somebody checks who this is, it stays as it was.
    again = tokens(walker, hebei, scope="openid", resource=hebei.resource, acr_values=wanted[1])
    assert item(walker, again.access_token, "HE-0103").json()["error"] == "insufficient_user_authentication"

    region.run(provider(region).sign_outs.set_level(account(region, "zhang.hebei"), 3))
    strong = tokens(walker, hebei, scope="openid", resource=hebei.resource, acr_values=wanted[1], prompt="login")
    answer = item(walker, strong.access_token, "HE-0103")
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    assert 'scope="openid id_number"' in answer.headers["www-authenticate"]

"""The database is away, restarts, or is frozen: what cannot be done is to be tried again, and it comes back by itself.

Each is done to a real server while the provider runs.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

import web.postgres
from tests.idp.provider import Provider
from tests.journeys.eventually import eventually
from tests.portal_client import PortalClient, Tokens
from tests.postgres import PostgresServer
from tests.scrape import SHOWN, TOKEN, Scrape
from web.serve import CannotStart


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of these tests' own, since they stop it."""
    with PostgresServer() as running:
        yield running


@pytest.fixture
def provider(server: PostgresServer, tmp_path: Path) -> Iterator[Provider]:
    with Provider(tmp_path, idp_database=server.fresh()) as running:
        yield running


@pytest.fixture
def client(provider: Provider) -> PortalClient:
    return provider.client("alpha")


def to_be_tried_again(response: httpx.Response) -> bool:
    return response.status_code == 503 and response.headers["retry-after"].isdigit()


def ready(provider: Provider) -> bool:
    return provider.get("/readyz").status_code == 200


def everything(provider: Provider, tokens: Tokens, refresh_token: str) -> dict[str, httpx.Response]:
    """Ask for each thing that needs the database, as a browser or a program does."""
    client, visitor = provider.client("alpha"), provider.visitor()
    visitor.http.cookies.set("manyou_idp", "x" * 43)
    return {
        "authorize": client.authorize(visitor),
        "token": client.refresh(refresh_token),
        "userinfo": client.userinfo(tokens.access_token),
        "introspect": client.introspect(tokens.access_token),
        "par": client.call("/par", client.ask().parameters),
        "refused": client.call("/token", {"grant_type": "nonsense"}),
        "bad page": provider.get("/authorize?client_id=nobody"),
        "not found": provider.get("/nowhere"),
    }


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_while_the_database_is_away_all_is_to_be_tried_again_and_then_it_goes_on(
    provider: Provider, client: PortalClient, server: PostgresServer, mode: str
) -> None:
    tokens = client.tokens(provider.visitor())
    assert ready(provider)
    server.stop(mode)
    try:
        assert to_be_tried_again(provider.get("/readyz"))
        assert provider.get("/healthz").status_code == 200
        # What is known without the database is told all the same: portals must be able to verify tokens.
        assert provider.get("/jwks").json()["keys"]
        assert provider.get("/.well-known/openid-configuration").status_code == 200
        answers = everything(provider, tokens, tokens.refresh_token)
        not_found = answers.pop("not found")
        assert not_found.status_code == 404
        assert {name: response.status_code for name, response in answers.items()} == dict.fromkeys(answers, 503)
        assert all(to_be_tried_again(response) for response in answers.values())
        assert answers["token"].json()["error"] == "temporarily_unavailable"
        assert "text/html" in answers["authorize"].headers["content-type"]
    finally:
        server.start()
    assert eventually(lambda: ready(provider))
    # Nothing of what was refused has used anything up.
    assert client.refresh(tokens.refresh_token).status_code == 200
    assert client.tokens(provider.visitor()).access_token


def test_while_the_database_is_away_what_is_counted_is_told_all_the_same(
    server: PostgresServer, tmp_path: Path
) -> None:
    with Provider(tmp_path, idp_database=server.fresh(), metrics_token=TOKEN) as counting:

        def look() -> Scrape:
            return Scrape(counting.http().get(f"{counting.issuer}/metrics", headers=SHOWN))

        assert look().value("manyou_deliveries_waiting") == 0
        server.stop("fast")
        try:
            assert to_be_tried_again(counting.get("/authorize?client_id=nobody"))
            away = look()
            assert away.value("manyou_store_errors_total", asked="request") == 1
            assert away.value("manyou_refusals_total") == 0
            assert math.isnan(away.value("manyou_deliveries_waiting"))
            assert math.isnan(away.value("manyou_delivery_oldest_seconds"))
            assert eventually(lambda: look().value("manyou_store_errors_total", asked="upkeep") > 0)
        finally:
            server.start()
        assert eventually(lambda: look().value("manyou_deliveries_waiting") == 0)


def test_a_restart_between_two_requests_is_noticed_by_none(
    provider: Provider, client: PortalClient, server: PostgresServer
) -> None:
    tokens = client.tokens(provider.visitor())
    for _ in range(3):
        server.stop("fast")
        server.start()
        response = client.refresh(tokens.refresh_token)
        assert response.status_code == 200, response.text
        tokens = Tokens(response.json())


def test_a_connection_that_the_server_breaks_off_is_made_anew(
    provider: Provider, client: PortalClient, server: PostgresServer
) -> None:
    tokens = client.tokens(provider.visitor())
    with psycopg.connect(server.url, autocommit=True) as connection:
        # Waited for: a statement that is under way meanwhile is answered with 503.
        connection.execute(
            "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    assert client.refresh(tokens.refresh_token).status_code == 200


def test_a_database_that_is_frozen_holds_nobody_for_long(
    provider: Provider, client: PortalClient, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = client.tokens(provider.visitor())
    monkeypatch.setattr(web.postgres, "SILENT_SECONDS", 1.0)
    server.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert to_be_tried_again(provider.get("/readyz"))
        assert provider.get("/healthz").status_code == 200
        assert to_be_tried_again(client.userinfo(tokens.access_token))
        assert time.monotonic() - began < 20
    finally:
        server.signal(signal.SIGCONT)
    assert eventually(lambda: ready(provider))
    assert client.refresh(tokens.refresh_token).status_code == 200


def test_a_log_out_before_the_database_went_away_is_told_when_it_is_back(
    provider: Provider, client: PortalClient, server: PostgresServer
) -> None:
    visitor = provider.visitor()
    tokens = client.tokens(visitor)
    sid = provider.read(tokens.id_token)[1]["sid"]
    person = provider.run(provider.parts.stores.people.by_id("li.beijing"))
    # As a command does it, which wakes nobody.
    [sign_in] = provider.run(provider.parts.stores.sign_ins.live_of_person(person.user_id))
    uri = f"http://alpha.localhost:{provider.listener.port}/backchannel-logout/alpha"
    provider.run(provider.parts.stores.sign_ins.end([sign_in.sid], "frozen", provider.clock(), {"alpha": uri}))
    server.stop("immediate")
    server.start()
    assert provider.logout_tokens("alpha", sid)


def test_without_a_database_the_provider_says_so_and_does_not_start(server: PostgresServer, tmp_path: Path) -> None:
    nowhere = Provider(tmp_path, idp_database="postgresql://manyou:kept-secret@127.0.0.1:1/manyou")
    with pytest.raises(CannotStart, match="idp could not start: The database cannot be used: ") as refused, nowhere:
        pass
    assert "kept-secret" not in str(refused.value)
    assert "\n" not in str(refused.value)

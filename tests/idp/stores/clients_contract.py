"""What every store promises of clients that register themselves; inherited beside contract.py."""

from __future__ import annotations

from idp.stores.protocols import Stores
from tests.idp.stores.contract import NOW, URIS, grant, registered_client, session, sign_in
from tests.replaced import replace


class ClientsContract:
    """Clients register, change and go."""

    async def test_clients_register_change_and_go_with_what_was_granted_to_them(self, stores: Stores) -> None:
        kept = registered_client(secret_hash="secret", vouched=True)
        assert await stores.registered_clients.add(kept, 0)
        assert await stores.registered_clients.get("c1") == kept
        changed = replace(kept, metadata={"client_name": "大店"}, changed_at=NOW + 1, secret_hash=None)
        assert await stores.registered_clients.replace(changed)
        assert await stores.registered_clients.get("c1") == changed
        for sid, client_id in (("sid1", "c1"), ("sid2", "alpha")):
            await stores.sign_ins.enter(sign_in(sid, client_id))
        await stores.grants.issue(grant("g1", "sid1", client_id="c1"), "code")
        await stores.grants.issue(grant("g2", "sid2"), "other code")
        await stores.grants.issue(grant("g3", "ended before", client_id="c1", offline=True), "a third code")
        assert await stores.registered_clients.remove("c1", NOW + 2)
        assert not await stores.registered_clients.remove("c1", NOW + 2)
        assert not await stores.registered_clients.replace(changed)
        assert await stores.registered_clients.get("c1") is None
        found = [await stores.grants.get(grant_id) for grant_id in ("g1", "g2", "g3")]
        assert [one.revoked_at for one in found if one is not None] == [NOW + 2, None, NOW + 2]

    async def test_a_client_that_moved_has_to_ask_anew_and_no_other_one(self, stores: Stores) -> None:
        for client_id in ("c1", "c2"):
            await stores.registered_clients.add(registered_client(client_id), 9)
            await stores.consents.give("li", client_id, {"email": "consent"}, NOW)
        stayed = replace(registered_client("c1"), changed_at=NOW + 1)
        assert await stores.registered_clients.replace(stayed)
        assert await stores.consents.given("li", "c1") == {"email": "consent"}
        assert await stores.registered_clients.replace(replace(stayed, changed_at=NOW + 2), moved=True)
        assert await stores.consents.given("li", "c1") == {}
        assert [one.withdrawn_at for one in await stores.consents.of_person("li") if one.client_id == "c1"] == [NOW + 2]
        assert await stores.consents.given("li", "c2") == {"email": "consent"}

    async def test_with_a_client_go_the_logout_tokens_that_wait_for_it_and_no_others(self, stores: Stores) -> None:
        await stores.sessions.start(session())
        for client_id in ("c1", "alpha"):
            await stores.sign_ins.enter(sign_in(f"sid-{client_id}", client_id))
        await stores.registered_clients.add(registered_client("c1"), 1)
        await stores.sign_ins.end_session("s1", "logged_out", NOW, {**URIS, "c1": "https://shop.example/backchannel"})
        assert await stores.registered_clients.remove("c1", NOW + 2)
        rows = {row.client_id: row for row in await stores.deliveries.of_person("li", 10)}
        assert {name: row.state for name, row in rows.items()} == {"c1": "given_up", "alpha": "pending"}
        await stores.deliveries.retry(rows["c1"].delivery_id, NOW + 3, "http_503")
        assert rows["c1"] in await stores.deliveries.of_person("li", 10)
        assert [row.client_id for row in await stores.deliveries.claim(NOW + 9, 30, 5)] == ["alpha"]

    async def test_clients_that_nobody_vouched_for_are_so_many_at_most(self, stores: Stores) -> None:
        assert await stores.registered_clients.add(registered_client("a", vouched=True), 1)
        assert await stores.registered_clients.add(registered_client("b"), 1)
        assert not await stores.registered_clients.add(registered_client("c"), 1)
        assert await stores.registered_clients.add(registered_client("d", vouched=True), 1)
        assert await stores.registered_clients.get("c") is None

    async def test_the_sweep_takes_clients_that_nobody_vouched_for_and_nobody_used_for_a_week(
        self, stores: Stores
    ) -> None:
        for client_id in ("unused", "granted", "visited", "consented", "vouched"):
            await stores.registered_clients.add(registered_client(client_id, vouched=client_id == "vouched"), 9)
        week = 7 * 86400
        await stores.registered_clients.add(registered_client("new", changed_at=NOW + 2), 9)
        await stores.grants.issue(grant(client_id="granted", offline=True), "code")
        await stores.grants.redeem("g1", NOW, "token", NOW + 2 * week)
        await stores.sessions.start(session())
        await stores.sign_ins.enter(sign_in(client_id="visited"))
        await stores.consents.give("li", "consented", {"email": "consent"}, NOW)
        await stores.upkeep.sweep(NOW + week)
        assert await stores.registered_clients.get("unused") is not None
        await stores.upkeep.sweep(NOW + week + 1)
        assert await stores.registered_clients.get("unused") is None
        for client_id in ("granted", "visited", "consented", "vouched", "new"):
            assert await stores.registered_clients.get(client_id) is not None, client_id

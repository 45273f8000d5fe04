"""What every store promises of a roam, which is answered from few statements; inherited beside contract.py."""

from __future__ import annotations

from typing import Any

from idp.model import AuditEvent, Basis, Visit
from idp.stores.protocols import Stores
from tests.idp.stores.contract import NOW, grant, person, session, sign_in
from tests.replaced import replace

GRANTED = AuditEvent(NOW, "authorization.granted", "alpha", "li", None, None, {"scope": "openid"})


class RoamContract:
    """What is read at once is what single stores say; what is kept at once is kept together or not at all."""

    async def test_a_visit_tells_of_session_person_releases_and_the_clients_part_of_it(self, stores: Stores) -> None:
        whose = person(address="北京市示范区演示路 1 号", standard_claims={"nickname": "小李"})
        await stores.people.add(whose, "hash")
        await stores.sessions.start(session())
        assert await stores.sessions.visit("s1", "alpha", NOW) == Visit(session(), whose, {}, None)
        given: dict[str, Basis] = {"profile": "legal_duty", "phone": "consent"}
        await stores.consents.give("li", "alpha", given, NOW)
        for client_id in ("alpha", "beta"):
            await stores.sign_ins.enter(sign_in(f"sid-{client_id}", client_id))
        entered = sign_in("sid-alpha")
        assert await stores.sessions.visit("s1", "alpha", NOW) == Visit(session(), whose, given, entered)

    async def test_the_next_visit_knows_what_was_withdrawn_ended_or_frozen(self, stores: Stores) -> None:
        await stores.people.add(person(), "hash")
        await stores.sessions.start(session())
        await stores.consents.give("li", "alpha", {"profile": "legal_duty", "phone": "consent"}, NOW)
        await stores.sign_ins.enter(sign_in())
        await stores.consents.withdraw("li", "alpha", NOW + 1)
        await stores.sign_ins.end(["sid1"], "test", NOW + 1, {})
        await stores.sessions.lower_level("li", 1)
        await stores.people.set_frozen("li", True, NOW + 1)
        kept = person(frozen=True, updated_at=int(NOW + 1))
        visit = await stores.sessions.visit("s1", "alpha", NOW + 2)
        assert visit == Visit(session(level=1), kept, {"profile": "legal_duty"}, None)

    async def test_there_is_no_visit_without_a_live_session_of_somebody(self, stores: Stores) -> None:
        await stores.sessions.start(session())
        assert await stores.sessions.visit("s1", "alpha", NOW) is None
        await stores.people.add(person(), "hash")
        assert await stores.sessions.visit("unknown", "alpha", NOW) is None
        assert await stores.sessions.visit("s1", "alpha", NOW + 28800) is None
        await stores.sign_ins.end_session("s1", "logged_out", NOW + 5, {})
        assert await stores.sessions.visit("s1", "alpha", NOW + 6) is None

    async def test_a_grant_comes_back_with_its_person(self, stores: Stores) -> None:
        empty: dict[str, Any] = {"resource": None, "nonce": None, "code_challenge": None, "offline": True}
        await stores.grants.issue(grant(**empty), "code")
        assert await stores.grants.with_person("g1", "code") == (grant(**empty), None)
        whose = person(phone="10000000006")
        await stores.people.add(whose, "hash")
        assert await stores.grants.with_person("g1", "code") == (grant(**empty), whose)
        assert await stores.grants.with_person("g1", "unknown") is None
        assert await stores.grants.with_person("unknown", "code") is None

    async def test_the_event_of_a_grant_is_kept_with_it_or_not_at_all(self, stores: Stores) -> None:
        await stores.sessions.start(session())
        await stores.sign_ins.enter(sign_in())
        assert await stores.grants.issue(grant(), "code", GRANTED)
        assert await stores.audit.latest(10) == [GRANTED]
        await stores.sign_ins.end_session("s1", "logged_out", NOW + 5, {})
        assert not await stores.grants.issue(grant("g2"), "other", replace(GRANTED, at=NOW + 6))
        assert await stores.audit.latest(10) == [GRANTED]

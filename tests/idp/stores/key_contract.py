"""What every store does with a key that is revoked."""

from __future__ import annotations

from idp.stores.protocols import Stores
from tests.idp.stores.contract import NOW, stored_key


class RevokingContract:
    """Revoked keys are gone, and there is always one that signs and one that is next."""

    async def test_a_revoked_key_goes_whatever_its_state_and_its_successor_takes_over(self, stores: Stores) -> None:
        async def states() -> dict[str, str]:
            return {key.kid: key.state for key in await stores.keys.all()}

        await stores.keys.add([stored_key("a", "current"), stored_key("b", "next")])
        assert await stores.keys.revoke("a", stored_key("c", "next", NOW + 1), NOW + 1)
        assert await states() == {"b": "current", "c": "next"}
        assert await stores.keys.revoke("c", stored_key("d", "next", NOW + 2), NOW + 2)
        assert await states() == {"b": "current", "d": "next"}
        await stores.keys.rotate("ES256", stored_key("e", "next", NOW + 3), NOW + 3)
        assert await stores.keys.revoke("b", stored_key("f", "next", NOW + 4), NOW + 4)
        assert await states() == {"d": "current", "e": "next"}
        assert not await stores.keys.revoke("b", stored_key("f", "next", NOW + 4), NOW + 4)
        assert [key.activated_at for key in await stores.keys.all() if key.kid == "d"] == [NOW + 3]

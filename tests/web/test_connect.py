"""Which name is dialled where: exact names before endings, in any case of letters, and the rest as they are."""

from __future__ import annotations

import pytest

from web.connect import ConnectMap


@pytest.mark.parametrize(
    ("host", "dialled"),
    [
        ("idp.localhost", "10.0.0.5"),
        ("IDP.LOCALHOST", "10.0.0.5"),
        ("portal.localhost", "127.0.0.1"),
        ("a.b.LocalHost", "127.0.0.1"),
        ("localhost", "localhost"),
        ("notlocalhost", "notlocalhost"),
        ("idp.example", "idp.example"),
    ],
)
def test_an_exact_name_counts_before_an_ending(host: str, dialled: str) -> None:
    assert ConnectMap.parse(" *.localhost=127.0.0.1, Idp.localhost=10.0.0.5,").address(host) == dialled


@pytest.mark.parametrize("part", ["idp.localhost", "=10.0.0.5", "idp.localhost=", "="])
def test_a_part_without_name_or_address_is_quoted(part: str) -> None:
    with pytest.raises(ValueError, match=f"^'{part}' should be like"):
        ConnectMap.parse(f"*.localhost=127.0.0.1,{part}")

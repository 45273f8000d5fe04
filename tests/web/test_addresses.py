"""Whoever comes under another name of this machine is sent to the one that cookies are kept for."""

from __future__ import annotations

import pytest

from tests.conftest import HttpFactory
from web.addresses import under_its_own_name

ADDRESS = "http://beijing.localhost:8001"


@pytest.mark.parametrize("host", ["127.0.0.1:8001", "localhost:8001", "[::1]:8001", "localhost"])
def test_a_loopback_name_is_another_name(host: str) -> None:
    assert under_its_own_name(ADDRESS, host, "/login?a=b") == f"{ADDRESS}/login?a=b"


@pytest.mark.parametrize("host", ["beijing.localhost:8001", "portal.example", "proxy.internal:80", "", None])
def test_its_own_name_and_those_of_a_proxy_are_left_alone(host: str | None) -> None:
    assert under_its_own_name(ADDRESS, host, "/login") is None


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000"])
def test_behind_a_public_name_it_may_be_a_proxy_that_asks(host: str) -> None:
    assert under_its_own_name("https://idp.example", host, "/login") is None


def test_an_address_that_is_a_loopback_name_is_its_own() -> None:
    assert under_its_own_name("http://127.0.0.1:8001", "127.0.0.1:8001", "/") is None


def test_a_log_in_begins_under_the_name_that_it_comes_back_to(region: object, http: HttpFactory) -> None:
    for name, path in (("beijing", "/login?target_link_uri=%2Fme"), ("idp", "/login"), ("idp", "/")):
        address: str = region.address(name)  # type: ignore[attr-defined]
        answer = http().get(address.replace(f"{name}.localhost", "127.0.0.1") + path)
        assert (answer.status_code, answer.headers["location"]) == (303, address + path)
        assert "set-cookie" not in answer.headers

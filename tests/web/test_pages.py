"""The headers of pages: what a Content-Security-Policy can name, and what it can not."""

from __future__ import annotations

import pytest

from web.pages import origin


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("https://rp.example/callback?a=1", "https://rp.example"),
        ("http://alpha.localhost:8001/", "http://alpha.localhost:8001"),
        ("http://127.0.0.1:4000/callback", "http://127.0.0.1:4000"),
        ("http://[::1]:4000/callback", "http:"),
        ("https://a_b.example/callback", "https:"),
        ("com.example.app:/callback", "com.example.app:"),
        ("com.example.app://callback", "com.example.app:"),
    ],
)
def test_a_source_that_no_policy_can_name_is_its_scheme_csp3_2_3_1(url: str, source: str) -> None:
    assert origin(url) == source

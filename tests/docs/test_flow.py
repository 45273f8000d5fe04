"""docs/flow.md, and every other document that names code, names code that is there."""

from __future__ import annotations

import re

import pytest

from tests.docs.defined import names_in
from tests.rules.tracked import ROOT, named

POINTED = re.compile(r"`((?:web|idp|portals|lab|tests|bench)/[\w./-]+\.py):([\w.]+)`")


def test_every_function_that_a_document_names_exists() -> None:
    missing = [
        f"{document}: {path}:{name}"
        for document, text in named(".md")
        for path, name in POINTED.findall(text)
        if name not in names_in(path)
    ]
    assert missing == []


@pytest.mark.parametrize(
    "endpoint",
    [
        *(
            f"idp/endpoints/{name}.py:{name}"
            for name in ("authorize", "login", "consent", "token", "userinfo", "end_session")
        ),
        *(f"portals/{name}.py:{name}" for name in ("login", "callback", "me", "backchannel_logout")),
        "portals/sign_out.py:logout",
        "portals/api/presented.py:answered",
    ],
)
def test_the_flow_names_every_endpoint_of_a_roam_and_a_log_out(endpoint: str) -> None:
    path, name = endpoint.split(":")
    assert name in names_in(path)
    assert f"`{endpoint}`" in (ROOT / "docs/flow.md").read_text(encoding="utf-8")

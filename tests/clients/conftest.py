"""One provider for all clients, and a person who is logged in there already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from tests.clients.provider import Provider, registration
from tests.clients.script import Library, Person
from tests.portal_client import Registration

LIBRARIES = ("openid-client", "oauth4webapi")


def clients() -> list[Registration]:
    """Return the clients by what is special about each."""
    return [
        registration("basic", auth="client_secret_basic"),
        registration("post", auth="client_secret_post", id_token_signed_response_alg="RS256"),
        registration("public", auth="none", jwks=None),
        registration("by-key", alg="ES256"),
        registration("jarm", auth="client_secret_basic", authorization_signed_response_alg="ES256"),
        registration("hybrid", response_types=["code id_token"], grant_types=["authorization_code", "implicit"]),
        registration(
            "implicit", auth="none", jwks=None, response_types=["id_token"], grant_types=["implicit"], resources=None
        ),
        registration("signed-userinfo", auth="client_secret_basic", userinfo_signed_response_alg="ES256"),
        *(registration(f"fapi-{alg.lower()}", alg=alg, profile="fapi2") for alg in ("ES256", "PS256", "EdDSA")),
        registration(
            "message-signing",
            profile="fapi2",
            require_signed_request_object=True,
            request_object_signing_alg="ES256",
            authorization_signed_response_alg="ES256",
        ),
    ]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with Provider(tmp_path_factory.mktemp("provider"), clients()) as running:
        yield running


@pytest.fixture(scope="module")
def person(provider: Provider) -> Person:
    """Somebody who has logged in once and stays so; who logs out must be somebody of the test's own."""
    return Person(provider.visitor())


@pytest.fixture(scope="module")
def libraries(provider: Provider) -> Iterator[Mapping[str, Library]]:
    """Both libraries, each in one process for all tests, in whatever order they come."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(Library(name, provider)) for name in LIBRARIES}


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest, libraries: Mapping[str, Library]) -> Library:
    """Each of the libraries."""
    return libraries[request.param]


@pytest.fixture
def openid_client(libraries: Mapping[str, Library]) -> Library:
    """The one that knows the flow without a code."""
    return libraries["openid-client"]

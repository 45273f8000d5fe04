"""What docs/decisions/0003-authlib.md says of Authlib's own pieces is so; where one of these fails, ours can go."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.auth import TokenAuth
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request, grants
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207.parameter import IssuerParameter
from authlib.oidc.core.grants.code import OpenIDToken
from authlib.oidc.rpinitiated import EndSessionEndpoint
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

CALLBACK = "https://portal.example/callback"
ASKED = {
    "client_id": "portal", "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid", "state": "s",
    "code_challenge": "x" * 43, "code_challenge_method": "S256",
}  # fmt: skip
KEY = ECKey.generate_key("P-256", {"kid": "ours"}, private=True)


class Portal(ClientMixin):  # type: ignore[misc]  # authlib is untyped
    def get_client_id(self) -> str:
        return "portal"

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri == CALLBACK

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "private_key_jwt"

    def check_grant_type(self, grant_type: str) -> bool:
        return True


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = ["private_key_jwt"]

    def save_authorization_code(self, code: str, request: Any) -> None:
        pass


class Issuer(IssuerParameter):  # type: ignore[misc]
    def get_issuer(self) -> str:
        return "https://idp.example"


@dataclass
class Answer:
    location: str


class Server(AuthorizationServer):  # type: ignore[misc]
    def query_client(self, client_id: str) -> Portal | None:
        return Portal() if client_id == "portal" else None

    def create_oauth2_request(self, request: Any) -> Any:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Answer:
        return Answer(dict(headers).get("Location", ""))

    def send_signal(self, name: str, *arguments: Any, **options: Any) -> None:
        pass


class Request(OAuth2Request):  # type: ignore[misc]
    def __init__(self, values: dict[str, str]) -> None:
        super().__init__("GET", "https://idp.example/authorize", headers={})
        self.payload = BasicOAuth2Payload(values)
        self.values = values

    @property
    def args(self) -> dict[str, str]:
        return self.values

    @property
    def form(self) -> dict[str, str]:
        return {}


@pytest.fixture
def server() -> Server:
    made = Server(scopes_supported=["openid"])
    made.register_grant(CodeGrant, [CodeChallenge(required=True)])
    made.register_extension(Issuer())
    return made


def _authorize(server: Server, **changes: str | None) -> dict[str, list[str]]:
    """Answer a request in Authlib's two steps, as its documentation does: check, ask the person, answer."""
    values = {name: value for name, value in {**ASKED, **changes}.items() if value is not None}
    request = Request(values)
    try:
        grant = server.get_consent_grant(request, end_user=object())
        answer = server.create_authorization_response(request, grant_user=object(), grant=grant)
    except OAuth2Error as error:
        answer = server.handle_error_response(request, error)
    return parse_qs(urlsplit(answer.location).query)


def test_errors_before_a_person_is_asked_have_no_iss(server: Server) -> None:
    assert _authorize(server)["iss"] == ["https://idp.example"]
    early = _authorize(server, scope="unknown")
    assert early["error"] == ["invalid_scope"]
    assert "iss" not in early


@pytest.mark.parametrize(
    "change", [{"redirect_uri": CALLBACK + '"'}, {"redirect_uri": "é"}, {"response_type": 'co"de'}]
)
def test_odd_characters_raise_value_error(server: Server, change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="forbidden characters"):
        _authorize(server, **change)


@pytest.mark.parametrize(
    "change",
    [{"code_challenge": None, "code_challenge_method": None}, {"code_challenge_method": "plain"}],
    ids=["without a challenge", "plain"],
)
def test_required_pkce_is_not_required_of_a_confidential_client(server: Server, change: dict[str, str | None]) -> None:
    assert "code" in _authorize(server, **change)


@pytest.mark.parametrize("change", [{"max_age": "soon"}, {"resource": "https://elsewhere.example"}])
def test_max_age_and_resource_are_not_read(server: Server, change: dict[str, str]) -> None:
    assert "code" in _authorize(server, **change)


class EndSession(EndSessionEndpoint):  # type: ignore[misc]
    def get_server_jwks(self) -> KeySet:
        return KeySet([KEY])

    def get_algorithms(self) -> list[str]:
        return ["ES256"]

    def end_session(self, end_session_request: Any) -> None:
        pass


def test_any_jwt_of_our_keys_is_a_hint_for_end_session(server: Server) -> None:
    claims = {"iss": "https://another.example", "aud": "portal", "sub": "someone"}
    access_token = jwt.encode({"alg": "ES256", "kid": "ours", "typ": "at+jwt"}, claims, KEY, algorithms=["ES256"])
    asked = EndSession(server).validate_request(Request({"id_token_hint": access_token}))
    assert asked.id_token_claims["sub"] == "someone"


class IDToken(OpenIDToken):  # type: ignore[misc]
    def resolve_client_private_key(self, client: Any) -> ECKey:
        return KEY

    def get_client_algorithm(self, client: Any) -> str:
        return "ES256"

    def get_client_claims(self, client: Any) -> dict[str, Any]:
        return {"iss": "https://idp.example"}

    def generate_user_info(self, user: Any, scope: str) -> dict[str, str]:
        return {"sub": "someone"}


def test_an_id_token_made_on_refresh_says_that_the_person_logged_in_just_now() -> None:
    before = int(time.time())
    request = Request({"grant_type": "refresh_token"})
    request.client = Portal()
    request.authorization_code = None
    made = IDToken().encode_id_token({"scope": "openid"}, request)
    claims = jwt.decode(made, KEY, algorithms=["ES256"]).claims
    assert claims["auth_time"] >= before
    assert {"acr", "amr"} & claims.keys() == set()


def test_the_token_is_saved_before_the_code_is_deleted(server: Server) -> None:
    order: list[str] = []

    class Watched(CodeGrant):
        def authenticate_user(self, authorization_code: Any) -> object:
            return object()

        def generate_token(self, *arguments: Any, **options: Any) -> dict[str, Any]:
            return {}

        def save_token(self, token: dict[str, Any]) -> None:
            order.append("save")

        def delete_authorization_code(self, authorization_code: Any) -> None:
            order.append("delete")

    class Code:
        def get_scope(self) -> str:
            return "openid"

    request = Request(ASKED)
    request.client, request.authorization_code = Portal(), Code()
    Watched(request, server).create_token_response()
    assert order == ["save", "delete"]


def test_the_client_has_no_par_and_no_dpop() -> None:
    assert set(TokenAuth.SIGN_METHODS) == {"bearer"}
    assert not [name for name in dir(AsyncOAuth2Client) if "push" in name or "dpop" in name.lower()]

"""What comes back to the client, from GET and POST, right and wrong (RFC 6749 4.1.2, RFC 9207 2)."""

from __future__ import annotations

import http.client
from urllib.parse import urlencode

import pytest

from tests.idp.authorize.answers import asks_to_log_in, refused_on_a_page, sent_to_client
from tests.idp.provider import Provider
from tests.portal_client import PortalClient
from tests.visitor import Visitor

STATES = [
    "x" * 200,
    "state with spaces",
    "1+1=2&3%2B4%20",
    "\u72b6\u6001\U0001f600",
    "\"quoted\"\\'<script>'",
    "a/b?c#d;e:f@g",
    "line\r\nset-cookie: x=1\ttab",
    "=",
    "%00%zz",
]


def test_success_is_code_state_and_iss_and_nothing_else(client: PortalClient, signed_in: Visitor) -> None:
    asked = client.ask()
    response = client.authorize(signed_in, asked)
    answer = sent_to_client(response, client.redirect_uri)
    assert set(answer) == {"code", "state", "iss"}
    assert answer["state"] == asked.parameters["state"]
    assert answer["iss"] == client.issuer
    assert len(answer["code"]) >= 22  # 128 bit, RFC 6749 10.10
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("state", STATES, ids=range(len(STATES)))
@pytest.mark.parametrize("wrong", [{}, {"scope": "nothing"}], ids=["code", "error"])
def test_state_comes_back_byte_for_byte_rfc6749_4_1_2(
    state: str, wrong: dict[str, str], client: PortalClient, signed_in: Visitor
) -> None:
    answer = sent_to_client(client.authorize(signed_in, client.ask(state=state, **wrong)), client.redirect_uri)
    assert answer["state"] == state
    assert ("error" in answer) == bool(wrong)


def test_state_comes_back_byte_for_byte_after_logging_in(client: PortalClient, visitor: Visitor) -> None:
    assert client.sign_in(visitor, state=STATES[2]).parameters["state"] == STATES[2]


def test_without_state_there_is_none_in_the_answer(client: PortalClient, signed_in: Visitor) -> None:
    assert "state" not in sent_to_client(client.authorize(signed_in, state=None), client.redirect_uri)
    assert "state" not in sent_to_client(client.authorize(signed_in, state="", scope="x"), client.redirect_uri)


def test_errors_have_state_iss_and_an_ascii_description_rfc9207_2(client: PortalClient, signed_in: Visitor) -> None:
    asked = client.ask(response_type='\u4ee3\u7801"\\')
    answer = sent_to_client(client.authorize(signed_in, asked), client.redirect_uri)
    assert set(answer) == {"error", "error_description", "state", "iss"}
    assert answer["error"] == "unsupported_response_type"
    assert answer["error_description"].isascii()
    assert (answer["state"], answer["iss"]) == (asked.parameters["state"], client.issuer)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://rp.example/request.jwt"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"id_token_hint": "e30.e30."}, "invalid_request"),
        ({"prompt": "none consent"}, "invalid_request"),
    ],
)
def test_a_wrong_request_goes_back_with_its_own_error_whoever_is_signed_in_core_3_1_2_6(
    changes: dict[str, str | None], error: str, client: PortalClient, provider: Provider
) -> None:
    nobody = provider.visitor()
    assert sent_to_client(client.authorize(nobody, client.ask(**changes)), client.redirect_uri)["error"] == error


def test_post_is_answered_like_get_core_3_1_2_1(client: PortalClient, signed_in: Visitor) -> None:
    asked = client.ask()
    response = signed_in.http.post(f"{client.issuer}/authorize", data=asked.parameters)
    answer = sent_to_client(response, client.redirect_uri)
    assert set(answer) == {"code", "state", "iss"}
    assert client.exchange(client.landing(asked, response)).status_code == 200
    wrong = client.ask(scope="nothing")
    response = signed_in.http.post(f"{client.issuer}/authorize", data=wrong.parameters)
    assert sent_to_client(response, client.redirect_uri)["error"] == "invalid_scope"


def test_post_by_somebody_who_is_not_signed_in_leads_to_the_log_in_page(client: PortalClient, visitor: Visitor) -> None:
    asked = client.ask(state=STATES[2])
    page = visitor.follow(visitor.http.post(f"{client.issuer}/authorize", data=asked.parameters))
    assert asks_to_log_in(page)
    response = visitor.follow(visitor.log_in(page, "li.beijing"))
    assert sent_to_client(response, client.redirect_uri)["state"] == STATES[2]


def test_a_form_of_another_site_comes_without_the_cookie_and_keeps_single_sign_on(
    client: PortalClient, signed_in: Visitor, provider: Provider
) -> None:
    asked = client.ask(prompt="none")
    # SameSite=Lax: the browser withholds the session from a POST of another site, and sends it along the redirect.
    response = provider.visitor().http.post(f"{client.issuer}/authorize", data=asked.parameters)
    answer = sent_to_client(signed_in.get(response.headers["location"]), client.redirect_uri)
    assert "code" in answer
    assert not response.headers.get_list("set-cookie")


def test_a_post_that_is_no_form_is_a_page(client: PortalClient, signed_in: Visitor) -> None:
    refused_on_a_page(signed_in.http.post(f"{client.issuer}/authorize", json=client.ask().parameters), 415)


def test_unknown_parameters_are_ignored_rfc6749_3_1(client: PortalClient, signed_in: Visitor) -> None:
    response = client.authorize(signed_in, extra="1", client_secret="x", claims="not json", display="wap")
    assert set(sent_to_client(response, client.redirect_uri)) == {"code", "state", "iss"}


def test_an_empty_parameter_counts_as_not_sent_rfc6749_3_1(client: PortalClient, signed_in: Visitor) -> None:
    response = client.authorize(signed_in, prompt="", max_age="", request="", resource="", response_mode="")
    assert set(sent_to_client(response, client.redirect_uri)) == {"code", "state", "iss"}


@pytest.mark.parametrize("name", ["state", "nonce", "scope", "code_challenge", "prompt", "extra"])
def test_a_repeated_parameter_is_invalid_request_rfc6749_3_1(
    name: str, client: PortalClient, signed_in: Visitor
) -> None:
    url = f"{client.authorize_url(client.ask(prompt='login', extra='1'))}&{urlencode({name: 'again'})}"
    answer = sent_to_client(signed_in.get(url), client.redirect_uri)
    assert answer["error"] == "invalid_request"
    # Which of two states is meant nobody knows: neither comes back.
    assert ("state" in answer) == (name != "state")


def test_acr_values_are_never_an_error_and_acr_is_the_level_core_5_5_1_1(
    client: PortalClient, visitor: Visitor, provider: Provider
) -> None:
    tokens = client.tokens(visitor, "zhang.hebei", acr_values="urn:manyou:loa:4 urn:unheard:of")
    assert provider.read(tokens.id_token)[1]["acr"] == "urn:manyou:loa:2"


@pytest.mark.parametrize("raw", ["%ff%fe", "%00", "%1b", "%7f", "%c3%28", "%ed%a0%80"])
def test_bytes_that_are_no_text_are_a_page(raw: str, client: PortalClient, signed_in: Visitor) -> None:
    refused_on_a_page(signed_in.get(f"{client.authorize_url(client.ask(state=None))}&state={raw}"))


def test_a_query_of_100_kb_is_refused_and_the_next_request_is_answered(
    client: PortalClient, signed_in: Visitor
) -> None:
    refused_on_a_page(client.authorize(signed_in, state="x" * 20_000))
    port = int(client.issuer.rsplit(":", 1)[1])
    # Beyond 64 kB it is the server that answers, before the application sees anything.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", f"/authorize?client_id=alpha&state={'x' * 100_000}")
    assert connection.getresponse().status in (400, 414, 431)
    connection.close()
    assert "code" in sent_to_client(client.authorize(signed_in), client.redirect_uri)


@pytest.mark.parametrize("size", [20_000, 100_000], ids=["longer than a query", "longer than a form"])
def test_a_form_that_is_too_long_is_a_page(client: PortalClient, signed_in: Visitor, size: int) -> None:
    response = signed_in.http.post(f"{client.issuer}/authorize", data=client.ask(state="x" * size).parameters)
    refused_on_a_page(response, 413)


def test_a_thousand_parameters_are_a_page(client: PortalClient, signed_in: Visitor) -> None:
    many = "&".join(f"p{number}=1" for number in range(1000))
    refused_on_a_page(signed_in.get(f"{client.authorize_url(client.ask())}&{many}"))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_other_methods_are_refused_with_those_that_are_allowed_rfc9110_15_5_6(
    method: str, client: PortalClient, signed_in: Visitor
) -> None:
    response = signed_in.http.request(method, client.authorize_url(client.ask()))
    assert response.status_code == 405
    assert "location" not in response.headers
    assert {"GET", "POST"} <= set(response.headers["allow"].split(", "))

"""The bridge to Authlib has all that Authlib's own request has."""

from __future__ import annotations

from authlib.oauth2.rfc6749 import OAuth2Request

from idp.oauth.request import BodyRequest
from web.forms import Parameters


def test_a_request_has_every_attribute_of_authlibs() -> None:
    own = vars(BodyRequest("https://idp.example/token", Parameters((("code", "a"),))))
    authlibs = vars(OAuth2Request("POST", "https://idp.example/token"))
    assert own.keys() - {"_form"} == authlibs.keys()
    assert all(own[name] == value for name, value in authlibs.items() if name != "payload")

"""A portal on FAPI 2.0 in all that it asks of the provider: roams, userinfo, refresh, log-out.

Each is a conversation (see load.py), so that the same step of many people can be measured together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from client_kinds import Fapi2Portal, Metadata
from http_messages import Answer, BadAnswer, Message, get
from load import Conversation, Load

from web.dpop import make_proof


class WholePortal(Fapi2Portal):
    """One of several portals; `logout_uri` is told of the end of each session."""

    def __init__(self, number: int, logout_uri: str) -> None:
        super().__init__()
        self.client_id = f"portal-{number}"
        self.redirect_uri = f"http://{self.client_id}.localhost/callback"
        self.onward = f"http://{self.client_id}.localhost/"
        self._logout_uri = logout_uri

    def table(self) -> dict[str, Any]:
        """Add where it wants to be told, and where people go afterwards."""
        return super().table() | {
            "backchannel_logout_uri": self._logout_uri,
            "backchannel_logout_session_required": True,
            "post_logout_redirect_uris": [self.onward],
        }

    def userinfo(self, metadata: Metadata, tokens: Mapping[str, Any]) -> Conversation[None]:
        """Ask what may be known of the person (Core 5.3)."""
        answer = yield get("userinfo", metadata["userinfo_endpoint"], self.presented("GET", metadata, tokens))
        _expect(200, answer)

    def presented(self, method: str, metadata: Metadata, tokens: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """Return the headers of a request with an access token (RFC 9449 7.1)."""
        access_token = str(tokens["access_token"])
        proof = make_proof(
            self._dpop_key,
            method=method,
            url=metadata["userinfo_endpoint"],
            now=time.time(),
            nonce=self._dpop_nonce,
            access_token=access_token,
        )
        return (("Authorization", f"DPoP {access_token}"), ("DPoP", proof))

    def refresh(self, metadata: Metadata, tokens: Mapping[str, Any]) -> Conversation[None]:
        """Ask for tokens anew (RFC 6749 6)."""
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        answer = yield self.token_request(metadata, form)
        _expect(200, answer)

    def log_out(self, metadata: Metadata, cookie: str, id_token: str) -> Conversation[None]:
        """Log the person out everywhere (RP-Initiated Logout 2)."""
        query = urlencode({"id_token_hint": id_token, "post_logout_redirect_uri": self.onward})
        answer = yield get("end_session", f"{metadata['end_session_endpoint']}?{query}", (("Cookie", cookie),))
        if not answer.headers.get("location", "").startswith(self.onward):
            raise BadAnswer(f"A log-out was answered with {answer.status} {answer.body[:400]!r}")


@dataclass
class _Paused:
    conversation: Generator[Message, Answer, Any]
    message: Message | None = None
    result: Any = None


class Together:
    """Many conversations that take each step together, so that what the server does meanwhile is that step alone."""

    def __init__(self, load: Load, conversations: Sequence[Conversation[Any]]) -> None:
        self._load = load
        self._paused = [_Paused(one) for one in conversations]
        for one in self._paused:
            one.message = next(one.conversation)

    def step(self) -> None:
        """Send what each has to say next, and hand it the answer."""
        waiting = iter(self._paused)

        def begin() -> Conversation[tuple[_Paused, Answer]]:
            return _exchange(next(waiting))

        for one, answer in self._load.run(begin, len(self._paused)).results:
            try:
                one.message = one.conversation.send(answer)
            except StopIteration as end:
                one.message, one.result = None, end.value

    def results(self) -> list[Any]:
        """Return what came of them, in their order."""
        if any(one.message is not None for one in self._paused):
            raise BadAnswer("A conversation has more steps than was expected.")
        return [one.result for one in self._paused]


def together(load: Load, conversations: Sequence[Conversation[Any]], steps: Sequence[Callable[[], Any]]) -> list[Any]:
    """Take the steps of all, each inside the context manager that `steps` make for it; return the results."""
    all_of_them = Together(load, conversations)
    for phase in steps:
        with phase():
            all_of_them.step()
    return all_of_them.results()


def _exchange(one: _Paused) -> Conversation[tuple[_Paused, Answer]]:
    assert one.message is not None
    answer = yield one.message
    return one, answer


def _expect(status: int, answer: Answer) -> None:
    if answer.status != status:
        raise BadAnswer(f"{answer.status} {answer.body[:400]!r} instead of {status}")

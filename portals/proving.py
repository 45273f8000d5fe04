"""What Authlib's client lacks for DPoP: each request to the provider proves this portal's key (RFC 9449 5, 7.1, 8)."""

from __future__ import annotations

from collections.abc import Generator

import httpx2
from joserfc.jwk import ECKey

from web.clock import Clock
from web.dpop import make_proof, thumbprint

Exchange = Generator[httpx2.Request, httpx2.Response, None]


class Prover:
    """Makes the proofs of one portal's key, and remembers for each server the nonce that it wants in the next one."""

    def __init__(self, key: ECKey, clock: Clock) -> None:
        self.jkt = thumbprint(key.as_dict(private=False))
        self._key = key
        self._clock = clock
        self._nonces: dict[str, str] = {}

    def proof(self, method: str, url: str, access_token: str | None = None) -> str:
        """Return a proof for one request, with the nonce that its server gave last."""
        nonce = self._nonces.get(_server(httpx2.URL(url)))
        return make_proof(self._key, method=method, url=url, now=self._clock(), nonce=nonce, access_token=access_token)

    def listen(self, answer: httpx2.Response) -> None:
        """Keep the nonce of an answer, refusal or not, for the next request to its server (RFC 9449 8.2)."""
        nonce = answer.headers.get("dpop-nonce")
        if nonce is not None:
            self._nonces[_server(answer.request.url)] = nonce

    def authenticates(self, client: httpx2.Auth) -> httpx2.Auth:
        """Return the authentication of a token request: `client`'s, and the proof of the key to bind to (5)."""
        return _Proven(self, client, None)

    def presents(self, access_token: str) -> httpx2.Auth:
        """Return the authentication of a request to a resource with a token that is bound to the key (7.1)."""
        return _Proven(self, None, access_token)


class _Proven(httpx2.Auth):
    """One request with its proof, and once more where the server wants a nonce that was not known (RFC 9449 8, 9)."""

    requires_request_body = True
    requires_response_body = True

    def __init__(self, prover: Prover, client: httpx2.Auth | None, access_token: str | None) -> None:
        self._prover = prover
        self._client = client
        self._access_token = access_token

    def auth_flow(self, request: httpx2.Request) -> Exchange:
        """Yield the request, with a new assertion of the client at each try: the first one may be used up by then."""
        for _ in range(2):
            sent = next(self._client.auth_flow(request)) if self._client else request
            sent.headers["dpop"] = self._prover.proof(sent.method, str(sent.url), self._access_token)
            if self._access_token is not None:
                sent.headers["authorization"] = f"DPoP {self._access_token}"
            answer = yield sent
            self._prover.listen(answer)
            if not _wants_nonce(answer):
                return


def _wants_nonce(answer: httpx2.Response) -> bool:
    # The error stands in the body at /token and in the challenge at a resource; taken wrongly, it costs one request.
    told = answer.content + answer.headers.get("www-authenticate", "").encode()
    return answer.status_code in (400, 401) and "dpop-nonce" in answer.headers and b'"use_dpop_nonce"' in told


def _server(url: httpx2.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"

"""What Prometheus is told, as both sides need it: times of requests, the endpoint and who may ask there.

Every application has a registry of its own, and answers for its own process alone.
"""

from __future__ import annotations

import hmac
import re

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector
from prometheus_client.exposition import generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from web.counting import OTHER, Count, Times

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
_NO_STORE = {"cache-control": "no-store"}
_CREDENTIALS = re.compile(r"(?i:bearer) +([A-Za-z0-9._~+/-]+=*)")


def new_registry() -> CollectorRegistry:
    """Return a registry that tells what this process uses: CPU time, memory, open files, when it started."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


class RequestTimes:
    """How long requests took, by the template of their path, their method and the class of the answer's status."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._times = Times(
            registry,
            "manyou_http_request_seconds",
            "Seconds until a request was answered, by route, method and class of status.",
            "endpoint", "method", "status",
        )  # fmt: skip
        self._refused = Count(
            registry, "manyou_http_refused", "Requests refused for load or slowness, before they were read.", "status"
        )

    def refused(self, status: int) -> None:
        """Count a request that was refused before anybody looked at it."""
        self._refused.add(str(status))

    def note(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request; `endpoint` is a template of ours, never a path that was asked for."""
        self._times.note(seconds, endpoint, method if method in _METHODS else OTHER, f"{status // 100}xx")


def usable_token(value: str) -> str:
    """Return the token that opens /metrics, or "" for none. Raises ValueError with a sentence."""
    if value and (len(value) < 32 or not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", value)):
        raise ValueError("should have 32 characters or more, letters, digits and -._~+/ alone (RFC 6750 2.1)")
    return value


def refusal(request: Request, token: str) -> Response | None:
    """Return the answer to whoever does not show `token` as a bearer token (RFC 6750 2.1, 3), None to who does."""
    headers = request.headers.getlist("authorization")
    found = _CREDENTIALS.fullmatch(headers[0]) if len(headers) == 1 else None
    if found is not None and hmac.compare_digest(found[1].encode(), token.encode()):
        return None
    challenge = 'Bearer realm="metrics"' + (', error="invalid_token"' if headers else "")
    return PlainTextResponse("unauthorized\n", 401, {**_NO_STORE, "www-authenticate": challenge})


def answer(registry: CollectorRegistry) -> Response:
    """Return all that is counted, in Prometheus' text format."""
    return Response(generate_latest(registry), headers={**_NO_STORE, "content-type": CONTENT_TYPE_LATEST})

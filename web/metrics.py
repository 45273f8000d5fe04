"""What Prometheus is told, as both sides need it: counters whose labels are bounded, times of requests, the endpoint.

Every application has a registry of its own, and answers for its own process alone. What is counted on the way of a
request is bound to its labels beforehand or at its first use: `labels()` costs more than counting.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

MOST_SERIES = 256
"""How many combinations of its labels one counter tells apart; the rest is counted under OTHER."""
OTHER = "other"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the histograms' buckets."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
_NO_STORE = {"cache-control": "no-store"}
_CREDENTIALS = re.compile(r"(?i:bearer) +([A-Za-z0-9._~+/-]+=*)")

# When each series began is one more series of each; whoever asks every few seconds knows it.
disable_created_metrics()  # type: ignore[no-untyped-call]


def new_registry() -> CollectorRegistry:
    """Return a registry that tells what this process uses: CPU time, memory, open files, when it started."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


class Count:
    """A counter by labels; a value that others choose cannot make it grow beyond MOST_SERIES."""

    def __init__(self, registry: CollectorRegistry, name: str, text: str, *labels: str) -> None:
        self._counter = Counter(name, text, labels, registry=registry)
        self._other = (OTHER,) * len(labels)
        self._bound: dict[tuple[str, ...], Callable[[], None]] = {}

    def add(self, *values: str) -> None:
        """Count one of these labels' values."""
        count = self._bound.get(values)
        (count if count is not None else self._bind(values))()

    def _bind(self, values: tuple[str, ...]) -> Callable[[], None]:
        if len(self._bound) >= MOST_SERIES:
            values = self._other
        count = self._counter.labels(*values).inc
        self._bound[values] = count
        return count


class Times:
    """A histogram of seconds by labels that the caller bounds."""

    def __init__(self, registry: CollectorRegistry, name: str, text: str, *labels: str) -> None:
        self._histogram = Histogram(name, text, labels, registry=registry, buckets=SECONDS)
        self._bound: dict[tuple[str, ...], Callable[[float], None]] = {}

    def note(self, seconds: float, *values: str) -> None:
        """Count one that took `seconds`."""
        observe = self._bound.get(values)
        if observe is None:
            observe = self._bound[values] = self._histogram.labels(*values).observe
        observe(seconds)


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

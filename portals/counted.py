"""What a portal counts for Prometheus: docs/metrics.md lists it all."""

from __future__ import annotations

from web.counting import OTHER, Count, Times
from web.metrics import RequestTimes, new_registry

PROVIDER_ENDPOINTS = frozenset({"openid-configuration", "jwks", "par", "token", "userinfo"})
"""The last words of the paths that a portal calls; whatever else a provider names its endpoints is one."""


class Metrics:
    """Counters of one portal's process."""

    def __init__(self) -> None:
        self.registry = new_registry()
        self.requests = RequestTimes(self.registry)
        self._verdicts = Count(self.registry, "manyou_verdicts", "Tokens judged, by use and code.", "use", "code")
        self._problems = Count(self.registry, "manyou_problems", "Refusals and failures, by code.", "code")
        self._sign_ins = Count(self.registry, "manyou_sign_ins", "People signed in, by level of assurance.", "level")
        self._calls = Times(
            self.registry,
            "manyou_provider_call_seconds",
            "Seconds until the provider answered, by endpoint and class of status (or failed).",
            "endpoint", "status",
        )  # fmt: skip

    def verdict(self, use: str, code: str) -> None:
        """Count a verdict on a token."""
        self._verdicts.add(use, code)

    def problem(self, code: str) -> None:
        """Count a refusal."""
        self._problems.add(code)

    def signed_in(self, level: int) -> None:
        """Count a sign-in that succeeded."""
        self._sign_ins.add(str(level))

    def called(self, path: str, status: int | None, seconds: float) -> None:
        """Count a call to the provider; None stands for no answer."""
        last = path.rpartition("/")[2]
        endpoint = last if last in PROVIDER_ENDPOINTS else OTHER
        self._calls.note(seconds, endpoint, f"{status // 100}xx" if status else "failed")

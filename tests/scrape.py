"""What Prometheus reads at /metrics: samples by name and labels."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families

TOKEN = "scrape-0123456789abcdef0123456789abcdef"
SHOWN = {"authorization": f"Bearer {TOKEN}"}


class Scrape:
    """One answer of /metrics, read by Prometheus' own parser."""

    def __init__(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert answer.headers["cache-control"] == "no-store"
        self.text = answer.text
        self.families = list(text_string_to_metric_families(answer.text))
        self._samples = [one for family in self.families for one in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of that name with these labels; 0 where there is none."""
        return sum(one.value for one in self._samples if one.name == name and _has(one.labels, labels))

    def labels(self, name: str, label: str) -> set[str]:
        """Return the values that a label has in the samples of that name."""
        return {one.labels[label] for one in self._samples if one.name == name}

    def series(self, prefix: str = "manyou_") -> int:
        """Return how many samples there are of ours."""
        return sum(one.name.startswith(prefix) for one in self._samples)


def _has(found: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(found.get(name) == value for name, value in wanted.items())

"""docs/metrics.md lists every metric, with its kind and its labels, and no other."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

import idp.metrics
import portals.counted
from tests.docs.defined import rows
from tests.rules.tracked import ROOT
from web.counting import Count, Times

TOLD = {
    row[0].strip("`"): (row[1], tuple(filter(None, row[2].replace("`", "").split(", "))))
    for row in rows((ROOT / "docs/metrics.md").read_text(encoding="utf-8"))
    if row[0].startswith("`manyou_")
}


def counted(registries: Iterable[CollectorRegistry]) -> dict[str, tuple[str, tuple[str, ...]]]:
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for one in (one for registry in registries for one in registry._collector_to_names):
        if isinstance(one, MetricWrapperBase):
            found[one._name] = (one._type, tuple(one._labelnames))
        elif isinstance(one, Count | Times):
            [family] = one.collect()
            found[family.name] = (family.type, tuple(one.labels))
    return found


def test_the_document_lists_every_metric_and_no_other() -> None:
    assert counted([idp.metrics.Metrics([]).registry, portals.counted.Metrics().registry]) == TOLD

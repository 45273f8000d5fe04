"""What a portal tells Prometheus, and GET /metrics, where it is told; docs/metrics.md lists it all."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from portals.parts import parts_of
from web.metrics import answer, refusal


async def metrics(request: Request) -> Response:
    """Answer GET /metrics, there only where MANYOU_METRICS_TOKEN is set, to whoever shows that token."""
    parts = parts_of(request)
    refused = refusal(request, parts.settings.metrics_token)
    return refused if refused is not None else answer(parts.metrics.registry)

"""GET /metrics, there only where MANYOU_METRICS_TOKEN is set: what Prometheus asks each process for, with it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.parts import Parts, parts
from web.metrics import answer, refusal
from web.unavailable import StoreUnavailable


async def metrics(request: Request) -> Response:
    """Answer with what was counted since the start, and with what can only be looked up now."""
    shop = parts(request)
    refused = refusal(request, shop.settings.metrics_token)
    if refused is not None:
        return refused
    await _look_up(shop)
    return answer(shop.metrics.registry)


async def _look_up(shop: Parts) -> None:
    now = shop.clock()
    shop.metrics.passwords(shop.log_in.waiting)
    shop.metrics.keys(shop.keys.rows(), now)
    try:
        backlog = await shop.stores.deliveries.backlog()
    except StoreUnavailable:
        # All the rest is known here, and is wanted now more than ever.
        backlog = None
    shop.metrics.deliveries(backlog, now)

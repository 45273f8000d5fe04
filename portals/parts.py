"""The parts of one running portal, put together by app.py and found by each endpoint on its request."""

from __future__ import annotations

from dataclasses import dataclass

from joserfc.jwk import ECKey
from starlette.requests import Request

from portals.cookies import Cookies
from portals.counted import Metrics
from portals.judging import Judge
from portals.outbound import Calls
from portals.portal import Portal
from portals.provider import Provider
from portals.settings import Settings
from portals.sign_in import SignIn
from portals.stores.database import Database
from portals.stores.endings import Endings
from portals.stores.flows import Flows
from portals.stores.proofs import Proofs
from portals.stores.sessions import Sessions
from portals.tokens import Refresher
from web.clock import Clock
from web.csrf import Csrf
from web.pages import Pages
from web.readiness import Readiness


@dataclass(frozen=True)
class Parts:
    """Everything an endpoint may need."""

    portal: Portal
    settings: Settings
    clock: Clock
    pages: Pages
    cookies: Cookies
    key: ECKey
    dpop_key: ECKey
    database: Database
    readiness: Readiness
    csrf: Csrf
    flows: Flows
    sessions: Sessions
    endings: Endings
    proofs: Proofs
    provider: Provider
    sign_in: SignIn
    judge: Judge
    refresher: Refresher
    metrics: Metrics
    calls: Calls


def parts_of(request: Request) -> Parts:
    """Return the parts of the portal that `request` came to."""
    parts: Parts = request.app.state.portal
    return parts

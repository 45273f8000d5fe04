"""The verdicts of one checkout's portal, without HTTP: started by bench/verdict.py, asked by lines of JSON.

A line names how often to go round, and the requests to judge; the answer is how much CPU time one verdict took, in
milliseconds. Each verdict is compared with the one that is due, within the time that counts.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from portal_process import PORTAL

from portals.app import create_app
from portals.finding import Presentation
from portals.portal import find, load
from portals.settings import from_environment


async def main() -> None:
    """Answer until standard input ends."""
    settings = from_environment()
    app = create_app(load(find(PORTAL, settings), settings), settings)
    async with app.router.lifespan_context(app):
        judge = app.state.portal.judge
        # The first line may fetch the keys, which are then as old as in the middle of a day.
        for line in sys.stdin:
            asked: dict[str, Any] = json.loads(line)
            made = [(token, Presentation((proof,), "GET", asked["url"]), code) for token, proof, code in asked["asked"]]
            began = time.process_time_ns()
            for _ in range(asked["rounds"]):
                for token, presented, code in made:
                    verdict = await judge.access_token(token, presented)
                    if verdict.code != code:
                        raise SystemExit(f"The verdict was {verdict.code} where {code} was due.")
            spent = time.process_time_ns() - began
            print(spent / 1e6 / (len(made) * asked["rounds"]), flush=True)


if __name__ == "__main__":
    asyncio.run(main())

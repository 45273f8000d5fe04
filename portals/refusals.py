"""A refusal on its way out: written down, counted, and given the number by which its caller can ask about it."""

from __future__ import annotations

from portals import journal
from portals.errors import Problem, new_incident
from portals.parts import Parts


def noted(parts: Parts, problem: Problem) -> str:
    """Write and count `problem`, and return its incident number."""
    incident = new_incident()
    journal.problem(parts.portal.client_id, incident, problem.code, problem.reason, problem.verdict)
    parts.metrics.problem(problem.code)
    return incident

"""What the conformance suite runs: plans, their modules, and the variants in which each module is run."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.plans import PLANS, Plan

MODULES = Path(__file__).with_name("modules.toml")


@dataclass(frozen=True)
class Variant:
    """One module of one plan, with the response_type that it is run for."""

    plan: Plan
    module: str
    response_type: str = "code"

    @property
    def dynamic(self) -> bool:
        """Whether the plan's clients register themselves."""
        return self.plan.clients == "dynamic"

    @property
    def form_post(self) -> bool:
        """Whether the plan's answers come as a form (Form Post 2)."""
        return "formpost" in self.plan.name

    @property
    def signed(self) -> bool:
        """Whether the plan's requests are signed (FAPI 2.0 Message Signing 5.3)."""
        return self.plan.clients in ("fapi2-signed", "fapi2-jarm")

    @property
    def jarm(self) -> bool:
        """Whether the plan's answers are signed (FAPI 2.0 Message Signing 5.4)."""
        return self.plan.clients == "fapi2-jarm"

    @property
    def name(self) -> str:
        """What pytest shows in brackets."""
        return f"{self.plan.name} {self.response_type}"

    def issues(self, what: str) -> bool:
        """Tell whether the authorization endpoint answers with a code, token or id_token."""
        return what in self.response_type.split()


def name_of_test(module: str) -> str:
    """Return what the module's test is called."""
    return "test_" + module.replace("-", "_").lower()


@functools.cache
def _facts() -> dict[str, Any]:
    return tomllib.loads(MODULES.read_text(encoding="utf-8"))


def plan_names() -> list[str]:
    """Return the plans of which the modules are listed."""
    return list(_facts())


@functools.cache
def variants(plan_name: str) -> tuple[Variant, ...]:
    """Return every run of a module in that plan."""
    facts = _facts()[plan_name]
    without = facts.get("without", ())
    facts = _facts()[facts["same_as"]] if "same_as" in facts else facts
    plan = next(plan for plan in PLANS if plan.name == plan_name)
    every = facts.get("response_types", ["code"])
    return tuple(
        Variant(plan, module, response_type)
        for module in facts["modules"]
        if module not in without
        for response_type in facts.get("some", {}).get(module, every)
    )

"""Plans: the ways to execute a search, and the explanation of the choice between them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vecq._native import lib

Plan = Literal["auto", "walk", "step_over", "scan", "probe"]

PLANS: dict[str, int] = {
    "auto": lib.VECQ_PLAN_AUTO,
    "walk": lib.VECQ_PLAN_WALK,
    "step_over": lib.VECQ_PLAN_STEP_OVER,
    "scan": lib.VECQ_PLAN_SCAN,
    "probe": lib.VECQ_PLAN_PROBE,
}
NAMES = {number: name for name, number in PLANS.items()}
DESCRIPTIONS = {
    "walk": "walk the graph",
    "step_over": "walk the graph, step over rejected items without scoring them",
    "scan": "score every allowed item",
    "probe": "score the allowed items of the nearest cells",
}


@dataclass(frozen=True)
class Explanation:
    """How a search was executed, and why; print it to read it."""

    plan: str  # "walk", "step_over", "scan" or "probe"
    chosen: bool  # by estimated cost; False if the caller named the plan
    costs: dict[str, float]  # estimated seconds of each plan that was possible
    allowed: int  # items that pass the filter
    items: int
    queries: int
    completed_by_scan: int  # queries whose walk found fewer than k items

    def __str__(self) -> str:
        lines = [f"{self.plan}: {DESCRIPTIONS[self.plan]}"]
        share = self.allowed / max(self.items, 1)
        lines.append(f"{self.allowed:,} of {self.items:,} items are allowed ({share:.2%})")
        for plan, seconds in sorted(self.costs.items(), key=lambda item: item[1]):
            lines.append(f"  {plan:<10}{1e3 * seconds:>10.3f} ms estimated")
        lines.append("chosen as the cheapest" if self.chosen else "asked for by the caller")
        if self.completed_by_scan:
            lines.append(
                f"{self.completed_by_scan:,} of {self.queries:,} walks found fewer than k items "
                "and were completed by a scan"
            )
        return "\n".join(lines)


def explanation_of(reports: Sequence[Any], items: int, queries: int, chosen: bool) -> Explanation:
    """Combine the native reports of all batches; the first batch is the largest."""
    costs = {
        name: sum(getattr(part, f"{name}_cost_seconds") for part in reports)
        for name in DESCRIPTIONS
    }
    return Explanation(
        plan=NAMES[reports[0].plan],
        chosen=chosen,
        costs={name: cost for name, cost in costs.items() if math.isfinite(cost)},
        allowed=reports[0].allowed_rows,
        items=items,
        queries=queries,
        completed_by_scan=sum(part.walks_completed_by_scan for part in reports),
    )

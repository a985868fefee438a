"""Which way a search takes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vecq._native import lib

Plan = Literal["auto", "walk", "step_over", "scan"]

PLANS: dict[str, int] = {
    "auto": lib.VECQ_PLAN_AUTO,
    "walk": lib.VECQ_PLAN_WALK,
    "step_over": lib.VECQ_PLAN_STEP_OVER,
    "scan": lib.VECQ_PLAN_SCAN,
}
NAMES = {number: name for name, number in PLANS.items()}
WAYS = {
    "walk": "the graph is walked",
    "step_over": "the graph is walked; items that do not pass are stepped over, not scored",
    "scan": "every item that passes is scored",
}


@dataclass(frozen=True)
class Explanation:
    """How a search was done, and why; printing it tells."""

    plan: str  # "walk", "step_over" or "scan"
    chosen: bool  # by what it was estimated to cost, and not by the caller
    costs: dict[str, float]  # estimated seconds, of each plan that was possible
    allowed: int  # items that pass the filter
    items: int  # all there are
    queries: int
    completed_by_scan: (
        int  # queries whose walk found too little, so that items were scanned for them
    )

    def __str__(self) -> str:
        lines = [f"{self.plan}: {WAYS[self.plan]}"]
        share = self.allowed / max(self.items, 1)
        lines.append(f"{self.allowed:,} of {self.items:,} items pass ({share:.2%})")
        for plan, seconds in sorted(self.costs.items(), key=lambda item: item[1]):
            lines.append(f"  {plan:<10}{1e3 * seconds:>10.3f} ms estimated")
        lines.append("chosen as the cheapest" if self.chosen else "asked for by the caller")
        if self.completed_by_scan:
            lines.append(
                f"{self.completed_by_scan:,} of {self.queries:,} walks found fewer than k items "
                "and were completed by a scan"
            )
        return "\n".join(lines)

    @classmethod
    def of(cls, reports: Sequence[Any], items: int, queries: int, chosen: bool) -> "Explanation":
        """From the native reports of parts of the queries, of which the first is the largest."""
        costs = {
            name: sum(getattr(part, f"{name}_cost_seconds") for part in reports) for name in WAYS
        }
        return cls(
            plan=NAMES[reports[0].plan],
            chosen=chosen,
            costs={name: cost for name, cost in costs.items() if math.isfinite(cost)},
            allowed=reports[0].allowed_rows,
            items=items,
            queries=queries,
            completed_by_scan=sum(part.walks_completed_by_scan for part in reports),
        )

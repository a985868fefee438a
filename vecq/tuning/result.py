"""What tuning found: settings, what they promise, and the table of what was tried."""

import json
from dataclasses import dataclass
from typing import Any

from vecq.quantization.codec import Codec
from vecq.quantization.metric import Metric
from vecq.tuning.criteria import Criterion
from vecq.tuning.interval import Interval
from vecq.tuning.objective import OBJECTIVES
from vecq.tuning.trial import Trial

ENDED = {
    "time": "the limit of time was reached",
    "trials": "the limit of trials was reached",
    "draws": "points of the space were left",
    "interrupted": "it was interrupted",
}


@dataclass(frozen=True)
class Alternative:
    """What another criterion would take."""

    criterion: Criterion
    trial: Trial | None  # none if nothing that was tried reaches it
    index_settings: dict[str, Any] | None

    @property
    def search_settings(self) -> dict[str, Any] | None:
        return None if self.trial is None else self.trial.search_settings

    def describe(self, beside: Trial, objective: str) -> str:
        """In words, against what was chosen."""
        if self.trial is None:
            return f"{self.criterion}: nothing that was tried reaches it"
        settings = self.trial.search_settings
        if self.index_settings is not None and self.trial.index_key != beside.index_key:
            settings = self.index_settings | settings
        cost, change = said(self.trial, objective), amount(self.trial, objective)
        change /= amount(beside, objective) or change or 1
        return f"{self.criterion}: {_arguments(settings)}, {cost} ({change - 1:+.0%})"


@dataclass(frozen=True)
class Tuned:
    """The settings that were chosen, and why.

    `vecq.Index(dim=..., metric=..., **index_settings)` makes the index, and
    `index.search(queries, k, **search_settings)` searches it. Printing it shows the trials.
    """

    index_settings: dict[str, Any]
    search_settings: dict[str, Any]
    trials: tuple[Trial, ...]
    chosen: Trial
    dim: int
    metric: Metric
    k: int
    criterion: Criterion
    objective: str
    strategy: str
    accuracy: float  # on fresh queries, which were not used in tuning
    interval: Interval  # that of queries to come
    confidence: float
    queries: int  # fresh ones
    own_queries: bool  # they were held out from the vectors
    borrowed: bool  # accuracies are of a graph that was linked on other codes
    looser: Alternative | None
    stricter: Alternative | None
    binding: str  # why nothing meets the criterion; empty if something does
    ended: str  # "time", "trials", "draws" or "interrupted"; empty if the strategy was through
    seconds: float
    build_seconds: float  # of these, for graphs of all rows
    with_users: bool

    @property
    def met(self) -> bool:
        """Whether the criterion is met."""
        return not self.binding

    def code(self) -> str:
        """The chosen settings, to be pasted."""
        index = {"dim": self.dim, "metric": self.metric, **self.index_settings}
        users = ", users=users" if self.with_users else ""
        return (
            "import vecq\n\n"
            f"index = vecq.Index({_arguments(index)})\n"
            f"index.add(items{users})\n"
            f"ids, scores = index.search(queries, k={self.k}, {_arguments(self.search_settings)})\n"
        )

    def json(self) -> str:
        """The settings, as `vecq build --settings` and `vecq search --settings` take them."""
        search = {"k": self.k, **self.search_settings}
        index = {"metric": self.metric, **plain(self.index_settings)}
        return json.dumps({**index, "search": search}, indent=2)

    def __str__(self) -> str:
        lines = [self._title(), *self.table(), ""]
        if self.binding:
            lines.append(f"Nothing meets the criterion: {self.binding}. This comes nearest:")
        lines += [self.code().rstrip(), "", self.promise()]
        return "\n".join(lines + self.notes())

    def notes(self) -> list[str]:
        """What the next criteria would take, and what to keep in mind."""
        lines = [
            f"{name}: {other.describe(self.chosen, self.objective)}"
            for name, other in (("looser", self.looser), ("stricter", self.stricter))
            if other is not None
        ]
        if self.borrowed:
            lines.append(
                "Accuracies are of a graph that was linked on other codes; its own differs."
            )
        if self.own_queries:
            lines.append("Queries are vectors of the set: give real ones for figures to rely on.")
        return lines

    def promise(self) -> str:
        """The accuracy on fresh queries, and what is to be expected of others."""
        return (
            f"accuracy {self.accuracy:.4f} on {self.queries:,} fresh queries, "
            f"{self.interval} with {self.confidence:.0%} confidence"
        )

    def table(self) -> list[str]:
        """The trials, a line each; > marks what was chosen."""
        names = [trial.name(self.metric) for trial in self.trials]
        width = max(map(len, names), default=0) + 2
        speed = "ms/query" if self.objective == "latency" else "queries/s"
        lines = [
            f"  {'codes':<{width}}{'m':>4}{'ef_c':>6}{'ef':>7}{'rerank':>8}{'bits':>6}"
            f"{'accuracy':>10}{speed:>12}{'MB':>9}{'build s':>9}  "
        ]
        for name, trial in zip(names, self.trials, strict=True):
            lines.append(
                f"{'>' if trial is self.chosen else ' '} {name:<{width}}{_row(trial, speed)}"
            )
        return lines

    def _title(self) -> str:
        ended = f"; {ENDED[self.ended]}" if self.ended else ""
        measured = sum(trial.measured for trial in self.trials)
        return (
            f"{self.criterion} at k={self.k}, by {OBJECTIVES[self.objective]}: strategy "
            f"{self.strategy}, {measured} trials in {self.seconds:.1f} s, of which graphs "
            f"{self.build_seconds:.1f} s{ended}"
        )


def plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings for JSON: codecs become what makes them."""
    return {
        name: value.settings if isinstance(value, Codec) else value
        for name, value in settings.items()
    }


def _arguments(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in settings.items())


def amount(trial: Trial, objective: str) -> float:
    """What the objective is about, in its own unit."""
    return {
        "qps": trial.qps,
        "latency": 1e3 / max(trial.qps, 1e-9),
        "memory": trial.bytes / 1e6,
        "build": trial.build_seconds,
    }[objective]


def said(trial: Trial, objective: str) -> str:
    """The same in words."""
    value = amount(trial, objective)
    return {
        "qps": f"{value:,.0f} queries/s",
        "latency": f"{value:.3f} ms/query",
        "memory": f"{value:,.1f} MB",
        "build": f"{value:.1f} s to build",
    }[objective]


def _row(trial: Trial, speed: str) -> str:
    graph, search = trial.build.graph, trial.search
    measured = trial.measured
    shown = "" if not measured else f"{trial.qps:,.0f}"
    if measured and speed == "ms/query":
        shown = f"{1e3 / trial.qps:.3f}"
    effort = "scan" if search.ef is None else str(search.ef) if measured else ""
    accuracy = f"{trial.accuracy:.4f}" if measured else f"<{trial.accuracy:.4f}"
    seconds = f"{trial.build_seconds:.1f}" if measured else ""
    return (
        f"{graph.m:>4}{graph.ef_construction:>6}{effort:>7}{search.rerank or '':>8}"
        f"{search.query_bits:>6}{accuracy:>10}{shown:>12}{trial.bytes / 1e6:>9,.1f}{seconds:>9}"
        f"  {trial.state}"
    )

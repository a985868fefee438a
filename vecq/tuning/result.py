"""The result of tuning: settings, the accuracy to expect, and the table of trials."""

import json
from dataclasses import dataclass
from html import escape
from typing import Any

from numpy.typing import ArrayLike

from vecq.core.html import table
from vecq.core.plots import scatter
from vecq.core.progress import Progress
from vecq.index import Index
from vecq.quantization.codec import Codec
from vecq.quantization.metric import Metric
from vecq.tuning.criteria import Criterion
from vecq.tuning.interval import Interval
from vecq.tuning.objective import OBJECTIVES
from vecq.tuning.trial import Trial

ENDED = {
    "time": "the limit of time was reached",
    "trials": "the limit of trials was reached",
    "draws": "not all points of the space were drawn",
    "interrupted": "tuning was interrupted",
}


@dataclass(frozen=True)
class Alternative:
    """The cheapest settings under another criterion.

    Args:
        criterion: The other criterion.
        trial: The trial; None if none reaches the criterion.
        index_settings: Arguments of `vecq.Index`.
    """

    criterion: Criterion
    trial: Trial | None
    index_settings: dict[str, Any] | None

    @property
    def search_settings(self) -> dict[str, Any] | None:
        """Arguments of `Index.search`."""
        return None if self.trial is None else self.trial.search_settings

    def describe(self, chosen: Trial, objective: str) -> str:
        """Return the settings and their cost, compared with the chosen trial."""
        if self.trial is None:
            return f"{self.criterion}: no trial reaches it"
        settings = self.trial.search_settings
        if self.index_settings is not None and self.trial.index_key != chosen.index_key:
            settings = self.index_settings | settings
        cost, change = described(self.trial, objective), amount(self.trial, objective)
        change /= amount(chosen, objective) or change or 1
        return f"{self.criterion}: {_arguments(settings)}, {cost} ({change - 1:+.0%})"


@dataclass(frozen=True)
class Tuned:
    """The chosen settings and the evidence for them; printing it shows all trials.

    Args:
        index_settings: Arguments of `vecq.Index`, besides dim and metric.
        search_settings: Arguments of `Index.search`, besides queries and k.
        trials: All trials, in order.
        chosen: The trial of the chosen settings.
        dim, metric, k, criterion, objective, strategy, confidence: Arguments of `vecq.tune`.
        accuracy: Accuracy on the fresh queries, which did not tune.
        interval: Predicted interval of the accuracy on as many new queries.
        queries: Number of fresh queries.
        own_queries: The queries were held out from the vectors.
        shares_graph: Accuracies are of a graph that was linked on other codes.
        looser, stricter: Settings under the next looser and stricter criterion.
        binding: The constraint that prevents the criterion from being met; "" if it is met.
        ended: "time", "trials", "draws" or "interrupted"; "" if the strategy finished.
        seconds: Seconds of tuning.
        build_seconds: Seconds of these for graphs of all rows.
        with_users: Graphs were built with users.

    >>> items = numpy.random.default_rng(0).standard_normal((3000, 32), dtype="float32")
    >>> best = vecq.tune(items[200:], items[:200], k=10, accuracy=vecq.Recall(0.9))
    >>> best.build(items)
    <vecq.Index of 3,000 x 32 ...>
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
    accuracy: float
    interval: Interval
    confidence: float
    queries: int
    own_queries: bool
    shares_graph: bool
    looser: Alternative | None
    stricter: Alternative | None
    binding: str
    ended: str
    seconds: float
    build_seconds: float
    with_users: bool

    @property
    def met(self) -> bool:
        """Whether the criterion is met."""
        return not self.binding

    def build(
        self,
        vectors: ArrayLike,
        ids: ArrayLike | None = None,
        *,
        users: ArrayLike | None = None,
        threads: int = 0,
        progress: Progress = None,
    ) -> Index:
        """Build an index with the chosen settings.

        Args:
            vectors, ids, users, threads, progress: As in `Index.add`.

        Returns:
            The index; search it with `search_settings`.
        """
        settings: dict[str, Any] = {
            name: Codec(**value.settings) if isinstance(value, Codec) else value
            for name, value in self.index_settings.items()
        }
        index = Index(self.dim, self.metric, **settings)
        return index.add(vectors, ids, users=users, threads=threads, progress=progress)

    def code(self) -> str:
        """Return Python code that builds and searches the index."""
        index = {"dim": self.dim, "metric": self.metric, **self.index_settings}
        users = ", users=users" if self.with_users else ""
        return (
            "import vecq\n\n"
            f"index = vecq.Index({_arguments(index)})\n"
            f"index.add(items{users})\n"
            f"ids, scores = index.search(queries, k={self.k}, {_arguments(self.search_settings)})\n"
        )

    def json(self) -> str:
        """Return the settings as JSON, for `vecq build --settings` and `vecq search --settings`."""
        search = {"k": self.k, **self.search_settings}
        index = {"metric": self.metric, **plain(self.index_settings)}
        return json.dumps({**index, "search": search}, indent=2)

    def __str__(self) -> str:
        lines = [self._title(), *self.table(), ""]
        if self.binding:
            lines.append(f"Nothing meets the criterion: {self.binding}. The closest settings:")
        lines += [self.code().rstrip(), "", self.promise()]
        return "\n".join(lines + self.notes())

    def _repr_html_(self) -> str:
        measured = [trial for trial in self.trials if trial.measured]
        points = [
            (trial.accuracy, trial.qps, f"{trial.name(self.metric)} {trial.search_settings}")
            for trial in measured
        ]
        chosen = measured.index(self.chosen) if self.chosen in measured else -1
        plot = scatter(self.criterion.measure, "queries/s", points, chosen)
        rows = [
            (
                trial.name(self.metric),
                _arguments(trial.search_settings),
                f"{trial.accuracy:.4f}",
                f"{trial.qps:,.0f}",
                f"{trial.bytes / 1e6:,.1f}",
                trial.state + (", chosen" if trial is self.chosen else ""),
            )
            for trial in measured
        ]
        header = ("codes", "search", self.criterion.measure, "queries/s", "MB", "state")
        text = "<br>".join(map(escape, [self.promise(), *self.notes()]))
        return f"{table(self._title(), header, rows)}{plot}<pre>{escape(self.code())}</pre>{text}"

    def notes(self) -> list[str]:
        """Return lines about the next criteria and about limits of the evidence."""
        lines = [
            f"{name}: {other.describe(self.chosen, self.objective)}"
            for name, other in (("looser", self.looser), ("stricter", self.stricter))
            if other is not None
        ]
        if self.shares_graph:
            lines.append(
                "Accuracies are of a graph that was linked on other codes; a new graph differs."
            )
        if self.own_queries:
            lines.append(
                "Queries were held out from the vectors: give real ones for reliable figures."
            )
        return lines

    def promise(self) -> str:
        """Return the accuracy on fresh queries and the prediction for new ones."""
        return (
            f"accuracy {self.accuracy:.4f} on {self.queries:,} fresh queries, "
            f"{self.interval} on as many new ones with {self.confidence:.0%} confidence"
        )

    def table(self) -> list[str]:
        """Return the trials, one per line; > marks the chosen one."""
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
    """Return settings for JSON: a codec becomes its arguments."""
    return {
        name: value.settings if isinstance(value, Codec) else value
        for name, value in settings.items()
    }


def _arguments(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in settings.items())


def amount(trial: Trial, objective: str) -> float:
    """Return the cost or speed of a trial, in the unit of the objective."""
    return {
        "qps": trial.qps,
        "latency": 1e3 / max(trial.qps, 1e-9),
        "memory": trial.bytes / 1e6,
        "build": trial.build_seconds,
    }[objective]


def described(trial: Trial, objective: str) -> str:
    """Return the cost or speed with its unit."""
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

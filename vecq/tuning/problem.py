"""The problem of tuning: vectors, queries, and how results are judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.ranking import Ids, Truth, Values, hit_rates, ndcgs
from vecq.quantization.metric import Metric
from vecq.quantization.scan import brute_force
from vecq.tuning.criteria import Criterion, margin
from vecq.tuning.interval import Interval
from vecq.tuning.limits import Clock
from vecq.tuning.queries import Queries


class Judge:
    """Queries with their exact results, which judges other results.

    Args:
        queries: The queries.
        rows: The vectors to search.
        metric: The metric.
        k: Number of results per query.
        criterion: The required accuracy.
        threads: Threads of the exact search.
        clock: Ends the exact search when time is up.
    """

    def __init__(
        self,
        queries: Queries,
        rows: NDArray[Any],
        metric: Metric,
        k: int,
        criterion: Criterion,
        threads: int,
        clock: Clock,
    ) -> None:
        self.queries, self._k, self._criterion = queries, k, criterion
        more = min(len(rows), k + k // 4 + 16)  # room for rows that score the same as the last
        found = brute_force(
            *(rows, queries.vectors, metric, more),
            exclude=queries.excluded,
            threads=threads,
            progress=clock.watch("truth"),
        )
        self._truth = Truth(found.ids, found.scores, k)
        self.best = self.values(found.ids)

    def values(self, found: Ids) -> Values:
        """Return the accuracy of each query's results, by the measure of the criterion."""
        found = found[:, : self._k]
        if self._criterion.measure == "recall":
            return self._truth.recalls(found)
        chosen: Sequence[Ids] = self.queries.heldout or []
        return (hit_rates if self._criterion.measure == "hit_rate" else ndcgs)(found, chosen)

    def value(self, values: Values) -> float:
        return self._criterion.value(values, self.best)

    def met(self, values: Values, criterion: Criterion | None = None) -> bool:
        """Return whether the criterion is exceeded by one standard error.

        What loses nothing of what can be had meets whatever can be met.
        """
        wanted = criterion or self._criterion
        slack = margin(values, self.best, wanted)
        return wanted.value(values, self.best) >= min(wanted.least + slack, 1.0)

    def error(self, values: Values) -> float:
        """Return the standard error of the value."""
        return margin(values, self.best, self._criterion)

    def interval(self, values: Values, confidence: float) -> Interval:
        """Return the confidence interval of the value over all queries that could come."""
        return self._criterion.interval(values, self.best, confidence)

    def prediction(
        self, values: Values, confidence: float, other: "Judge", other_values: Values
    ) -> Interval:
        """Return the interval of the value on as many new queries as these.

        It allows for the sampling error of these queries and of the new ones.

        Args:
            values: What each query gets.
            confidence: Probability that the interval holds the value of the new queries.
            other: A judge of other queries, such as those that tuned. They only improve the
                estimate of the variance, which is rough where few queries miss anything.
            other_values: What each of the other queries gets.
        """
        return self._criterion.interval(
            *(values, self.best, confidence),
            others=(other_values, other.best),
            new_queries=len(values),
        )


@dataclass(frozen=True)
class Problem:
    """The problem that settings are measured on.

    Half of the queries tune. The others, `fresh`, are asked once, by what was chosen.
    """

    rows: NDArray[Any]
    metric: Metric
    k: int
    criterion: Criterion
    tuning: Judge
    fresh: Judge
    users: NDArray[Any] | None
    total: int  # rows that the index will have, held-out ones among them
    threads: int
    seed: int

    @property
    def dim(self) -> int:
        return int(self.rows.shape[1])

    def judge(self, queries: Queries, clock: Clock) -> Judge:
        """Return a judge of other queries."""
        return Judge(queries, self.rows, self.metric, self.k, self.criterion, self.threads, clock)

    def sample(self, rows: int) -> NDArray[Any]:
        """Return evenly spaced rows; all if there are no more."""
        numbers = np.linspace(0, len(self.rows) - 1, min(rows, len(self.rows))).astype(np.intp)
        return self.rows if len(numbers) == len(self.rows) else self.rows[numbers]

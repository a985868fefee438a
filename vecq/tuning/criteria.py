"""Criteria of accuracy: recall of the true neighbors, or measures of held-out interactions."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from vecq.core.arguments import choose, real
from vecq.core.errors import ArgumentError
from vecq.core.ranking import Values
from vecq.tuning.interval import Interval, of_ratio, of_share

MeasureName = Literal["recall", "hit_rate", "ndcg"]


@dataclass(frozen=True)
class Measure:
    """A measure of accuracy.

    Args:
        name: Its name in texts.
        held_out: It needs held-out interactions.
    """

    name: str
    held_out: bool = True


MEASURES = {
    "recall": Measure("recall", held_out=False),
    "hit_rate": Measure("hit rate"),
    "ndcg": Measure("NDCG"),
}


@dataclass(frozen=True)
class Relative:
    """Lose at most this share of the accuracy of exact float32 search.

    Args:
        loss: The share, 0 to 1. Default: 0.01.
        of: "recall"; or "hit_rate" or "ndcg", which need `heldout`. Default: "recall".

    >>> vecq.Relative(0.01, of="ndcg")
    Relative(loss=0.01, of='ndcg')
    """

    loss: float = 0.01
    of: MeasureName = "recall"

    def __post_init__(self) -> None:
        choose(dict.fromkeys(MEASURES, 0), self.of, "of")
        _between(self.loss, "loss")
        if self.loss == 1:
            raise ArgumentError("loss is 1, which any result meets: expected less", "loss")

    @property
    def least(self) -> float:
        """The least sufficient `value`."""
        return 1 - self.loss

    @property
    def measure(self) -> str:
        """The name of the measure."""
        return self.of

    def value(self, values: Values, best: Values) -> float:
        """Return the share of exact search's accuracy, given both for each query."""
        total = float(best.mean())
        return float(values.mean()) / total if total > 0 else 1.0

    def interval(
        self,
        values: Values,
        best: Values,
        confidence: float,
        others: tuple[Values, Values] | None = None,
        new_queries: float = math.inf,
    ) -> Interval:
        """Return the interval of the value.

        Args:
            values: What each query gets.
            best: What exact search gets for each of them.
            confidence: Probability that the interval holds the value.
            others: The same two of other queries, which improve the estimate of the variance.
            new_queries: Predict the value on this many new queries. Default: on all to come.
        """
        if self.of != "recall":
            return of_ratio(values, best, confidence, others=others, new_queries=new_queries)
        return _interval_of_share(values, confidence, others, new_queries)

    def changed(self, factor: float) -> "Relative":
        """Return a criterion that allows a multiple of the loss."""
        return replace(self, loss=min(self.loss * factor, 0.99))

    def __str__(self) -> str:
        return f"at least {1 - self.loss:.4g} of exact search's {MEASURES[self.of].name}"


@dataclass(frozen=True)
class Absolute:
    """A measure reaches a value, regardless of exact search."""

    least: float
    measure: ClassVar[str]

    def __post_init__(self) -> None:
        _between(self.least, "least")
        if self.least == 0:
            raise ArgumentError("least is 0, which any result meets: expected more", "least")

    def value(self, values: Values, best: Values) -> float:
        """Return the mean over queries."""
        return float(values.mean())

    def interval(
        self,
        values: Values,
        best: Values,
        confidence: float,
        others: tuple[Values, Values] | None = None,
        new_queries: float = math.inf,
    ) -> Interval:
        """Return the interval of the value.

        Args:
            values: What each query gets.
            best: What exact search gets for each of them.
            confidence: Probability that the interval holds the value.
            others: The same two of other queries, which improve the estimate of the variance.
            new_queries: Predict the value on this many new queries. Default: on all to come.
        """
        return _interval_of_share(values, confidence, others, new_queries)

    def changed(self, factor: float) -> "Absolute":
        """Return a criterion whose distance from 1 is a multiple."""
        return type(self)(max(1 - (1 - self.least) * factor, 0.01))

    def __str__(self) -> str:
        return f"{MEASURES[self.measure].name} of at least {self.least:.4g}"


class Recall(Absolute):
    """Find at least this share of the true k nearest neighbors, those of exact float32 search.

    >>> vecq.Recall(0.95)
    Recall(least=0.95)
    """

    measure = "recall"


class HitRate(Absolute):
    """Return a held-out item among the k results of at least this share of queries."""

    measure = "hit_rate"


class Ndcg(Absolute):
    """Reach at least this NDCG of the held-out items in the k results."""

    measure = "ndcg"


Criterion = Relative | Absolute


def checked(accuracy: object) -> Criterion:
    """Return the argument if it is a criterion, else raise ArgumentError."""
    if isinstance(accuracy, Relative | Absolute):
        return accuracy
    raise ArgumentError(
        f"accuracy is {accuracy!r}, expected vecq.Relative(0.01), vecq.Recall(0.95), "
        "vecq.HitRate(...) or vecq.Ndcg(...)",
        "accuracy",
    )


def _interval_of_share(
    values: Values, confidence: float, others: tuple[Values, Values] | None, new_queries: float
) -> Interval:
    other_values = None if others is None else others[0]
    return of_share(values, confidence, others=other_values, new_queries=new_queries)


def margin(values: Values, best: Values, criterion: Criterion) -> float:
    """Return the standard error of a criterion's value."""
    if len(values) < 2:
        return 0.0
    value = criterion.value(values, best)
    scale = float(best.mean()) if isinstance(criterion, Relative) and best.any() else 1.0
    deviations = values - (value * best if isinstance(criterion, Relative) else value)
    return float(np.std(deviations, ddof=1) / np.sqrt(len(values)) / scale)


def _between(value: float, argument: str) -> None:
    if not 0 <= real(value, argument) <= 1:
        raise ArgumentError(f"{argument} is {value!r}, expected a number from 0 to 1", argument)

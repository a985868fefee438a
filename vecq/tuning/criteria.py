"""What accuracy is asked for: recall of the true neighbours, or what users chose later."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from vecq.core.arguments import choose, real
from vecq.core.errors import ArgumentError
from vecq.core.ranking import Values
from vecq.tuning.interval import Interval, of_ratio, of_share
from vecq.tuning.measures import MEASURES

Measure = Literal["recall", "hit_rate", "ndcg"]


@dataclass(frozen=True)
class Relative:
    """At most this share of the accuracy of exact float32 search may be lost.

    Args:
        loss: 0.01 keeps 99 % of it.
        of: "recall"; or "hit_rate" or "ndcg" of the best k, which need held-out interactions.

    >>> vecq.Relative(0.01, of="ndcg")
    Relative(loss=0.01, of='ndcg')
    """

    loss: float = 0.01
    of: Measure = "recall"

    def __post_init__(self) -> None:
        choose(dict.fromkeys(MEASURES, 0), self.of, "of")
        _between(self.loss, "loss")
        if self.loss == 1:
            raise ArgumentError("loss is 1, which anything meets: expected less", "loss")

    @property
    def least(self) -> float:
        """What `value` has to reach."""
        return 1 - self.loss

    @property
    def measure(self) -> str:
        return self.of

    def value(self, values: Values, best: Values) -> float:
        """What there is of it, `best` being what exact search gets for each query."""
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
        """The criterion that allows so many times the loss."""
        return replace(self, loss=min(self.loss * factor, 0.99))

    def __str__(self) -> str:
        return f"at least {1 - self.loss:.4g} of exact search's {MEASURES[self.of].name}"


@dataclass(frozen=True)
class Absolute:
    """A measure reaches a value, whatever exact search reaches."""

    least: float
    measure: ClassVar[str]

    def __post_init__(self) -> None:
        _between(self.least, "least")
        if self.least == 0:
            raise ArgumentError("least is 0, which anything meets: expected more", "least")

    def value(self, values: Values, best: Values) -> float:
        """What there is of it; what exact search gets does not matter."""
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
        """The criterion that is so many times as far from 1."""
        return type(self)(max(1 - (1 - self.least) * factor, 0.01))

    def __str__(self) -> str:
        return f"{MEASURES[self.measure].name} of at least {self.least:.4g}"


class Recall(Absolute):
    """At least this share of the true best k, those of exact float32 search, is found.

    >>> vecq.Recall(0.95)
    Recall(least=0.95)
    """

    measure = "recall"


class HitRate(Absolute):
    """At least this share of users finds something that they chose later among their k."""

    measure = "hit_rate"


class Ndcg(Absolute):
    """The best k have at least this NDCG, by what users chose later."""

    measure = "ndcg"


Criterion = Relative | Absolute


def checked(accuracy: object) -> Criterion:
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
    """One standard error of a criterion's value: other queries would tell something else."""
    if len(values) < 2:
        return 0.0
    value = criterion.value(values, best)
    scale = float(best.mean()) if isinstance(criterion, Relative) and best.any() else 1.0
    off = values - (value * best if isinstance(criterion, Relative) else value)
    return float(np.std(off, ddof=1) / np.sqrt(len(values)) / scale)


def _between(value: float, argument: str) -> None:
    if not 0 <= real(value, argument) <= 1:
        raise ArgumentError(f"{argument} is {value!r}, expected a number from 0 to 1", argument)

"""Intervals for the accuracy on queries that were not measured, estimated from those that were.

A confidence interval holds the mean over all queries that could come. A prediction interval holds
the mean of a finite set of new queries, which has a sampling error of its own, and is wider.
"""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# If all queries have the same share, 0 or 1, their spread is unknown. Each then counts as this many
# independent trials.
TRIALS = 4
NO_VARIANCE = 1e-12  # rounding errors of a variance of 0 are smaller
LEAST_FREEDOM = 4.0  # the series of Student's quantile is good to 2 % from here

Values = NDArray[np.float64]


class Interval(NamedTuple):
    """Holds the true value with the given confidence."""

    low: float
    high: float

    @property
    def half(self) -> float:
        return (self.high - self.low) / 2

    def __str__(self) -> str:
        return f"{self.low:.4f} to {self.high:.4f}"


def of_share(
    values: Values,
    confidence: float,
    *,
    others: Values | None = None,
    new_queries: float = math.inf,
) -> Interval:
    """Return Wilson's interval of a mean of shares, one share per query.

    The neighbors of a query are found or missed together, so they are not independent trials. The
    effective number of trials follows from the variance between queries.

    Args:
        values: A share from 0 to 1 for each query.
        confidence: Probability that the interval holds the mean, 0 to 1.
        others: Shares of other queries, which improve the estimate of the variance between
            queries. Default: the variance of `values`, taken as exact.
        new_queries: Predict the mean of this many new queries. Default: of infinitely many.

    Returns:
        The interval, within 0 to 1.

    >>> of_share(numpy.array([1.0, 0.9, 1.0, 1.0] * 25), 0.95)
    Interval(low=0.96..., high=0.98...)
    """
    count, share = len(values), float(values.mean())
    known = values if others is None else np.concatenate([values, others])
    other_deviations = None if others is None else others - others.mean()
    variance, z = _variance(values - share, other_deviations, confidence)
    # If each query found all or nothing, it would be one trial of variance p (1 - p).
    trials = TRIALS if variance < NO_VARIANCE else max(_binomial(float(known.mean())) / variance, 1)
    trials /= 1 / count + 1 / new_queries
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    root = math.sqrt(_binomial(share) / trials + z * z / (4 * trials * trials))
    half = z * root / (1 + z * z / trials)
    # Rounding must not leave out a share of 0 or 1.
    return Interval(max(min(middle - half, share), 0.0), min(max(middle + half, share), 1.0))


def of_ratio(
    values: Values,
    base: Values,
    confidence: float,
    *,
    others: tuple[Values, Values] | None = None,
    new_queries: float = math.inf,
) -> Interval:
    """Return the interval of mean(values) / mean(base), both measured on the same queries.

    Args:
        values: A value for each query.
        base: The value that exact search gets for each of them.
        confidence: Probability that the interval holds the ratio, 0 to 1.
        others: Values and base of other queries, as in `of_share`.
        new_queries: Predict the ratio of this many new queries. Default: of infinitely many.

    >>> of_ratio(numpy.array([0.9, 1.0] * 50), numpy.ones(100), 0.95)
    Interval(low=0.94..., high=0.95...)
    """
    count, mean = len(values), float(base.mean())
    if mean == 0:
        return Interval(0.0, 1.0)
    other_deviations = None if others is None else _deviations_of_ratio(*others)
    variance, z = _variance(_deviations_of_ratio(values, base), other_deviations, confidence)
    per_query = 1 / count + 1 / new_queries
    # If no query lost anything, one in TRIALS * count still may.
    least = math.sqrt(per_query / count) / TRIALS
    half = z * max(math.sqrt(variance * per_query), least)
    ratio = float(values.mean()) / mean
    return Interval(ratio - half, ratio + half)


def _deviations_of_ratio(values: Values, base: Values) -> Values:
    """Return the deviation of each query from mean(values) / mean(base), to first order."""
    mean = float(base.mean())
    if mean == 0:
        return np.zeros(len(values))
    return np.asarray((values - float(values.mean()) / mean * base) / mean)


def _binomial(share: float) -> float:
    return share * (1 - share)


def _variance(own: Values, others: Values | None, confidence: float) -> tuple[float, float]:
    """Return the variance between queries, and how many standard errors an interval extends.

    With other queries the variance counts as an estimate, so the quantile is Student's. Its degrees
    of freedom follow from the kurtosis (Welch and Satterthwaite): where few queries miss many
    neighbors, the variance is known badly.
    """
    sample = own if others is None else np.concatenate([own, others])
    count, z = len(sample), NormalDist().inv_cdf((1 + confidence) / 2)
    squares = sample**2
    mean_square = float(squares.mean())
    variance = mean_square * count / max(count - 1, 1)
    if others is None or variance < NO_VARIANCE:
        return variance, z
    excess = float((squares**2).mean()) / mean_square**2 - 1
    freedom = min(max(2 * count / max(excess, 1e-9), LEAST_FREEDOM), count)
    return variance, z * _student(z, freedom)


def _student(z: float, freedom: float) -> float:
    """Return Student's quantile as a multiple of the normal one, by its series in 1 / freedom."""
    squared = z * z
    first = (squared + 1) / 4
    second = (5 * squared**2 + 16 * squared + 3) / 96
    return 1 + first / freedom + second / freedom**2

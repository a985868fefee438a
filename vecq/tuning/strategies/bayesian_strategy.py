"""Bayesian optimization: a Gaussian process over the points of the space, in NumPy alone.

The space is finite, so the acquisition function is evaluated at every point and needs no optimizer.
After Snoek, Larochelle and Adams, "Practical Bayesian Optimization" (2012), with a grid in place of
gradients for the length scale.
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from vecq.tuning.strategies.grid import draw
from vecq.tuning.strategies.points import Point, points_of
from vecq.tuning.trial import Trial
from vecq.tuning.trial_runner import TrialRunner

Floats = NDArray[np.float64]

INITIAL = 5  # points that are drawn at random before the process is asked
LENGTH_SCALES = (0.3, 0.6, 1.2, 2.4, 4.8)
NOISE = 1e-2  # variance of measurements, as a share of that of all points
# How far below the worst sufficient point an insufficient one counts, in logarithms of the cost.
PENALTY = 1.0


def bayesian(runner: TrialRunner) -> None:
    """Try the point of greatest expected improvement, again and again."""
    points = points_of(runner)
    features = features_of(points)
    order = np.random.default_rng(runner.problem.seed).permutation(len(points))
    tried: dict[int, Trial] = {}

    def attempt(number: int) -> None:
        if len(tried) < INITIAL:
            chosen = int(order[number])
        else:
            chosen = _next(features, [*tried], _values([*tried.values()], runner))
        tried[chosen] = points[chosen].attempt(runner)

    draw(runner, len(points), attempt)


def features_of(points: list[Point]) -> Floats:
    """Return a row of numbers for each point, each column scaled to 0 to 1.

    Names become one column per value; numbers whose ratio matters become logarithms.
    """
    codecs = sorted({repr(point.codec) for point in points})
    rerank_codecs = sorted({str(point.rerank_codec) for point in points})
    rows = [
        [
            *(float(repr(point.codec) == codec) for codec in codecs),
            *(float(str(point.rerank_codec) == codec) for codec in rerank_codecs),
            math.log(point.graph.m),
            math.log(point.graph.ef_construction),
            point.rerank,
            float(point.query_bits),
            float(point.scan),
        ]
        for point in points
    ]
    features = np.array(rows)
    span = features.max(axis=0) - features.min(axis=0)
    return np.asarray((features - features.min(axis=0)) / np.where(span > 0, span, 1))


def _values(trials: list[Trial], runner: TrialRunner) -> Floats:
    """Return what to maximize: the gain where the criterion is met, else less than any such gain.

    As long as nothing meets it, the accuracy leads the way.
    """
    gains = [runner.gain(trial) for trial in trials if trial.state == "met"]
    if not gains:
        return np.array([trial.accuracy for trial in trials])
    insufficient = min(gains) - PENALTY
    return np.array(
        [runner.gain(trial) if trial.state == "met" else insufficient for trial in trials]
    )


def _next(features: Floats, tried: list[int], values: Floats) -> int:
    """Return the untried point of greatest expected improvement over the best value."""
    left = np.setdiff1d(np.arange(len(features)), tried)
    scale = float(values.std()) or 1.0
    scaled = (values - values.mean()) / scale
    mean, deviation = predict(features[tried], scaled, features[left])
    return int(left[np.argmax(_expected_improvement(mean, deviation, float(scaled.max())))])


def predict(known: Floats, values: Floats, unknown: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of a Gaussian process at unknown points.

    The length scale of its Matérn kernel is the one of LENGTH_SCALES with the largest marginal
    likelihood.

    Args:
        known: A row of features for each known point.
        values: Its value; all of them have mean 0 and variance 1.
        unknown: A row of features for each point to predict.
    """
    fits = [(_likelihood(known, values, length), length) for length in LENGTH_SCALES]
    length = max(fits)[1]
    covariance = _matern(known, known, length) + NOISE * np.eye(len(known))
    across = _matern(unknown, known, length)
    mean = across @ np.linalg.solve(covariance, values)
    explained = (across * np.linalg.solve(covariance, across.T).T).sum(axis=1)
    return mean, np.sqrt(np.maximum(1 + NOISE - explained, 1e-12))


def _likelihood(known: Floats, values: Floats, length: float) -> float:
    """Return the logarithm of the marginal likelihood, up to a constant."""
    covariance = _matern(known, known, length) + NOISE * np.eye(len(known))
    _, log_determinant = np.linalg.slogdet(covariance)
    return float(-values @ np.linalg.solve(covariance, values) - log_determinant)


def _matern(one: Floats, other: Floats, length: float) -> Floats:
    """Return the Matérn kernel of smoothness 5/2."""
    squares = ((one[:, None, :] - other[None, :, :]) ** 2).sum(axis=2)
    distance = np.sqrt(5 * squares) / length
    return np.asarray((1 + distance + distance**2 / 3) * np.exp(-distance))


def _expected_improvement(mean: Floats, deviation: Floats, best: float) -> Floats:
    normal = NormalDist()
    z = (mean - best) / deviation
    density = np.array([normal.pdf(one) for one in z])
    below = np.array([normal.cdf(one) for one in z])
    return np.asarray((mean - best) * below + deviation * density)

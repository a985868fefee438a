"""Strategies over the points of a space: all of them, or a random sample."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from vecq.tuning.limits import LimitError
from vecq.tuning.space import Search
from vecq.tuning.strategies.points import points_of
from vecq.tuning.trial_runner import TrialRunner

DRAWS = 30  # measured trials if there is no limit of trials
PRUNED = 5  # draws per measured trial, of which the others are pruned or repeated


def exhaustive(runner: TrialRunner) -> None:
    """Measure every point of the space with every `ef`.

    If the largest `ef` misses the criterion, all do, so the others are skipped. Screening prunes
    nothing here: it is an estimate on fewer queries.
    """
    points = points_of(runner)
    runner.progress.plan(sum(1 if point.scan else len(runner.ladder) for point in points))
    for point in points:
        most = Search(None if point.scan else runner.ladder[-1], point.rerank, point.query_bits)
        if runner.too_large(point.build, most):
            continue
        efs = runner.ladder if runner.may_meet(point.build, most) else [most.ef]
        for ef in efs if most.ef else [None]:
            runner.measure(point.build, replace(most, ef=ef))


def random(runner: TrialRunner) -> None:
    """Try points in random order."""
    points = points_of(runner)
    order = np.random.default_rng(runner.problem.seed).permutation(len(points))
    draw(runner, len(points), lambda number: points[order[number]].attempt(runner))


def draw(runner: TrialRunner, total: int, attempt: Callable[[int], object]) -> None:
    """Try one point after the other until enough were measured or none are left.

    Args:
        runner: Runs the trials.
        total: Number of points.
        attempt: Tries the next point, given the number of calls before.

    Raises:
        LimitError: The limit of trials or draws was reached before all points were tried.
    """
    most = runner.limits.trials or DRAWS
    runner.progress.plan(min(most, total))
    for number in range(PRUNED * most):
        if runner.attempted == total:
            return
        if runner.measured >= most:
            raise LimitError("trials" if runner.limits.trials else "draws")
        attempt(number)
    if runner.attempted < total:
        raise LimitError("draws")

"""Strategies that go by the points of a space: all of them, or some at random."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from vecq.tuning.limits import LimitError
from vecq.tuning.space import Search
from vecq.tuning.strategies.points import points_of
from vecq.tuning.workbench import Workbench

# Draws that are measured where trials have no limit, and how many more may be pruned or repeated.
DRAWS, PRUNED = 30, 5


def exhaustive(bench: Workbench) -> None:
    """Every point of the space, with every `ef` of the ladder.

    Of a ladder only the end is tried where that cannot change what is found: recall rises with
    `ef`, so that where the most misses the criterion all do. What codes alone lose prunes nothing
    here: it is an estimate, on fewer queries.
    """
    points = points_of(bench)
    bench.telling.plan(sum(1 if point.scan else len(bench.ladder) for point in points))
    for point in points:
        most = Search(None if point.scan else bench.ladder[-1], point.rerank, point.query_bits)
        if bench.heavy(point.build, most):
            continue
        efs = bench.ladder if bench.may_meet(point.build, most) else [most.ef]
        for ef in efs if most.ef else [None]:
            bench.measure(point.build, replace(most, ef=ef))


def random(bench: Workbench) -> None:
    """Points drawn by the seed, none of them twice."""
    points = points_of(bench)
    order = np.random.default_rng(bench.problem.seed).permutation(len(points))
    draw(bench, len(points), lambda number: points[order[number]].attempt(bench))


def draw(bench: Workbench, total: int, attempt: Callable[[int], object]) -> None:
    """Tries one point after the other until enough of them were measured, or there are no more."""
    most = bench.limits.trials or DRAWS
    bench.telling.plan(min(most, total))
    for number in range(PRUNED * most):
        if bench.attempted == total:
            return
        if bench.measured >= most:
            raise LimitError("trials" if bench.limits.trials else "draws")
        attempt(number)
    if bench.attempted < total:
        raise LimitError("draws")

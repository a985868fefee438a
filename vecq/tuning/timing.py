"""Measures speeds in short interleaved rounds, so that disturbances hit all workloads alike."""

import time
from collections.abc import Callable, Sequence
from functools import cache
from statistics import median

from vecq.tuning.limits import Clock
from vecq.tuning.queries import Queries
from vecq.tuning.space import Search
from vecq.tuning.trial_index import TrialIndex

ROUNDS, ROUND_SECONDS = 5, 0.02
MOST_SECONDS = 1.0  # for all rounds of one workload
HOPELESS_SPEED = 0.6  # share of the best speed below which timing stops early
# A call answers as many queries as take CALL_SECONDS: short, so that few calls are interrupted, but
# at least FEWEST, so that scans have blocks of queries to work on.
CALL_SECONDS, FEWEST, MOST = 0.005, 64, 256

Workload = Callable[[int], object]


def queries_per_second(
    workloads: Sequence[Workload], queries: int, clock: Clock, rounds: int = ROUNDS
) -> list[float]:
    """Time workloads in interleaved rounds.

    Disturbances only make a call slower, so the fastest call of a round counts, and of the first
    workload the fastest round. The others are timed relative to the first, by the median of all
    rounds: on shared cores a few rounds get more than their share. If the second of two workloads
    is far behind, or time is up, timing ends early.

    Args:
        workloads: Functions that answer the given number of queries.
        queries: Number of queries that there are.
        clock: Ends timing when time is up.
        rounds: Number of rounds.

    Returns:
        Queries per second of each workload.
    """
    counts = [_calibrated_count(workload, min(queries, MOST)) for workload in workloads]
    found: list[list[float]] = [[] for _ in workloads]
    start = time.perf_counter()
    for number in range(rounds):
        for rates, workload, count in zip(found, workloads, counts, strict=True):
            rates.append(count / _fastest_call(workload, count))
        is_behind = len(workloads) == 2 and max(_ratios(found[1], found[0])) < HOPELESS_SPEED
        is_long = time.perf_counter() - start > MOST_SECONDS * len(workloads)
        if (number > 0 and is_behind) or is_long or clock.left <= 0:
            break
    return [max(found[0]) * median(_ratios(rates, found[0])) for rates in found]


def workload(index: TrialIndex, search: Search, objective: str) -> Workload:
    """Return a workload of one search: one query per call for "latency", else all in one call."""
    queries = index.problem.tuning.queries
    if objective == "latency":
        singles = [queries.of([number]) for number in range(min(len(queries), MOST))]

        def one_by_one(count: int) -> object:
            return [index.search(one, search, threads=1) for one in singles[:count]]

        return one_by_one

    @cache
    def first(count: int) -> Queries:
        return queries.of(range(count))

    return lambda count: index.search(first(count), search)


def _ratios(rates: Sequence[float], others: Sequence[float]) -> list[float]:
    return [rate / other for rate, other in zip(rates, others, strict=True)]


def _calibrated_count(workload: Workload, most: int) -> int:
    """Return the number of queries of a call; warm up on the way."""
    few = min(FEWEST, most)
    workload(few)
    count = max(few, min(most, int(few * CALL_SECONDS / _seconds(workload, few))))
    workload(count)
    return count


def _fastest_call(workload: Workload, count: int) -> float:
    """Return the seconds of the fastest call of a round."""
    end, least = time.perf_counter() + ROUND_SECONDS, float("inf")
    while True:
        least = min(least, _seconds(workload, count))
        if time.perf_counter() >= end:
            return least


def _seconds(workload: Workload, count: int) -> float:
    start = time.perf_counter()
    workload(count)
    return max(time.perf_counter() - start, 1e-9)

"""Speeds, measured in short turns: whatever disturbs the machine disturbs all who take part."""

import time
from collections.abc import Callable, Sequence
from functools import cache
from statistics import median

from vecq.tuning.built import Built
from vecq.tuning.limits import Clock
from vecq.tuning.queries import Queries
from vecq.tuning.space import Search

# Turns of each, seconds that one takes, seconds for all, and a share of speed that is hopeless.
TURNS, TURN, SECONDS, HOPELESS = 5, 0.02, 1.0, 0.6
# Queries of a call: those of so many seconds, so that most calls are not interrupted, but so many
# that scans have blocks of them to work on.
CALL, FEWEST, MOST = 0.005, 64, 256

Work = Callable[[int], object]


def speeds(works: Sequence[Work], queries: int, clock: Clock, turns: int = TURNS) -> list[float]:
    """Queries per second of each work, which is called with how many queries to answer.

    What disturbs a call makes it slower, never faster: of a turn the fastest call counts, and of
    the first work the fastest turn. How many times its speed the others have is the median of all
    turns: where cores are shared, a few turns have more of them than the rest, and whoever has such
    a turn is no faster for it. Of two works of which the second is far behind, both end early, as
    all do when time is up.
    """
    counts = [_count(work, min(queries, MOST)) for work in works]
    found: list[list[float]] = [[] for _ in works]
    start = time.perf_counter()
    for turn in range(turns):
        for rates, work, count in zip(found, works, counts, strict=True):
            rates.append(count / _fastest(work, count))
        behind = len(works) == 2 and max(_times(found[1], found[0])) < HOPELESS
        long = time.perf_counter() - start > SECONDS * len(works)
        if (turn > 0 and behind) or long or clock.left <= 0:
            break
    return [max(found[0]) * median(_times(rates, found[0])) for rates in found]


def _times(rates: Sequence[float], others: Sequence[float]) -> list[float]:
    """How many times the other's speed each turn had."""
    return [rate / other for rate, other in zip(rates, others, strict=True)]


def work(built: Built, search: Search, objective: str) -> Work:
    """Answers queries as the objective wants them answered: all at once, or each by a call."""
    queries = built.problem.tuning.queries
    if objective == "latency":
        singles = [queries.of([number]) for number in range(min(len(queries), MOST))]

        def one_by_one(count: int) -> object:
            return [built.search(one, search, threads=1) for one in singles[:count]]

        return one_by_one

    @cache
    def first(count: int) -> Queries:
        return queries.of(range(count))

    return lambda count: built.search(first(count), search)


def _count(work: Work, most: int) -> int:
    """How many queries make a call; warms up on the way."""
    few = min(FEWEST, most)
    work(few)
    count = max(few, min(most, int(few * CALL / _seconds(work, few))))
    work(count)
    return count


def _fastest(work: Work, count: int) -> float:
    """Seconds of the fastest call of a turn."""
    end, least = time.perf_counter() + TURN, float("inf")
    while True:
        least = min(least, _seconds(work, count))
        if time.perf_counter() >= end:
            return least


def _seconds(work: Work, count: int) -> float:
    start = time.perf_counter()
    work(count)
    return max(time.perf_counter() - start, 1e-9)

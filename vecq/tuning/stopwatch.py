"""Speeds, measured in short turns: whatever disturbs the machine disturbs all who take part."""

import statistics
import time
from collections.abc import Callable, Sequence
from functools import cache

from vecq.tuning.built import Built
from vecq.tuning.queries import Queries
from vecq.tuning.space import Search

# Turns of each, seconds that they may take, and a share of the first's speed that is hopeless.
TURNS, SECONDS, HOPELESS = 7, 0.8, 0.6
# Queries of a turn: as many as take this long, in seconds.
SLICE, MOST = 0.02, 256
# Queries of a turn at most where each is a call.
CALLS = 64

Work = Callable[[int], object]


def speeds(works: Sequence[Work], queries: int, turns: int = TURNS) -> list[float]:
    """Queries per second of each work, which is called with how many queries to answer.

    Of the first it is the best of its turns. The others are compared with it turn by turn, and the
    median tells how much faster they are. Two of which the second is far behind end early.
    """
    counts = [_slice(work, min(queries, MOST)) for work in works]
    found: list[list[float]] = []
    start = time.perf_counter()
    for turn in range(turns):
        found.append([n / _seconds(work, n) for work, n in zip(works, counts, strict=True)])
        behind = len(works) == 2 and found[-1][1] < HOPELESS * found[-1][0]
        if (turn > 1 and behind) or time.perf_counter() - start > SECONDS * len(works):
            break
    first = max(turn[0] for turn in found)
    return [
        first * statistics.median(turn[number] / turn[0] for turn in found)
        for number in range(len(works))
    ]


def work(built: Built, search: Search, objective: str) -> Work:
    """Answers queries as the objective wants them answered: all at once, or each by a call."""
    queries = built.problem.tuning.queries
    if objective == "latency":
        singles = [queries.of([number]) for number in range(min(len(queries), CALLS))]

        def one_by_one(count: int) -> object:
            return [built.search(one, search, threads=1) for one in singles[:count]]

        return one_by_one

    @cache
    def first(count: int) -> Queries:
        return queries.of(range(count))

    return lambda count: built.search(first(count), search)


def _slice(work: Work, most: int) -> int:
    """How many queries make a turn; warms up on the way."""
    few = min(16, most)
    work(few)
    return max(few, min(most, int(few * SLICE / _seconds(work, few))))


def _seconds(work: Work, count: int) -> float:
    start = time.perf_counter()
    work(count)
    return max(time.perf_counter() - start, 1e-9)

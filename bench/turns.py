"""Contestants timed in turns, so that whatever disturbs the machine disturbs all of them."""

import time
from collections.abc import Callable, Mapping


def best_times(works: Mapping[str, Callable[[], object]], repetitions: int = 5) -> dict[str, float]:
    """Seconds of each, the best of its turns; a first turn warms up and is not counted."""
    best = dict.fromkeys(works, float("inf"))
    for turn in range(repetitions + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if turn > 0:
                best[name] = min(best[name], time.perf_counter() - start)
    return best

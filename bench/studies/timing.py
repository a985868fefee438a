"""Contenders timed in turns, so that whatever disturbs the machine disturbs all of them."""

import time
from collections.abc import Callable, Mapping

Works = Mapping[str, Callable[[], object]]


def best_times(works: Works, repetitions: int = 5) -> dict[str, float]:
    """Seconds of each, the best of its turns."""
    return {name: min(times) for name, times in all_times(works, repetitions).items()}


def all_times(works: Works, repetitions: int) -> dict[str, list[float]]:
    """Seconds of each in every turn; a first turn warms up and is not counted."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repetitions + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if turn > 0:
                times[name].append(time.perf_counter() - start)
    return times

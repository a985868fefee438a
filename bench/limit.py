"""The speed that memory, its latency and arithmetic allow a walk, and the share of it reached."""

from dataclasses import dataclass
from functools import lru_cache

from vecq.core.machine import measure_rates

LINE, LINK_LINES = 64, 2  # bytes; of 32 links
FOLLOWED, TURNS = 3, 3  # nodes that a walk follows at a time, walks of a batch that take turns
CODE_BYTES = {"int8": 1, "int16": 2, "fp16": 2, "fp32": 4}

rates = lru_cache(measure_rates)


@dataclass(frozen=True)
class Limit:
    """Seconds that a query takes at least on one thread, and what it is that takes them."""

    seconds: float
    bound: str


def limit(
    dim: int, rows: int, codec: str, hops: float, distances: float, *, turns: int = TURNS
) -> Limit:
    """The limit of a walk of so many hops and distances.

    All rows and links come from memory at the rate of random reads that are asked for ahead; every
    step waits twice for memory, but several nodes are followed at a time and, in a batch, several
    walks take turns; every row is scored as from the first cache.

    >>> limit(128, 100_000, "int8", hops=50, distances=1000).seconds > 0
    True
    """
    found = rates(dim, rows, codec)
    lines = -(-dim * CODE_BYTES[codec] // LINE)
    times = {
        "memory": (hops * LINK_LINES / lines + distances) / found.read,
        "latency": 2 * hops * found.latency / (FOLLOWED * turns),
        "arithmetic": distances / found.scored,
    }
    bound = max(times, key=lambda name: times[name])
    return Limit(times[bound], bound)

"""The bound on search speed by memory bandwidth, memory latency and arithmetic."""

from dataclasses import dataclass
from functools import lru_cache

from vecq.core.machine import measure_rates

LINE, LINK_LINES = 64, 2  # bytes of a cache line, and lines of a list of 32 links
EXPANDED, INTERLEAVE = 3, 3  # nodes expanded at a time, searches of a batch interleaved
CODE_BYTES = {"int8": 1, "int16": 2, "fp16": 2, "fp32": 4}

rates = lru_cache(measure_rates)


@dataclass(frozen=True)
class Limit:
    """The least seconds per query on one thread, and the resource that bounds them."""

    seconds: float
    bound: str


def limit(
    dim: int, rows: int, codec: str, hops: float, distances: float, *, interleave: int = INTERLEAVE
) -> Limit:
    """Return the bound for a search by its hops and distances.

    Rows and links arrive at the rate of prefetched random reads. Every hop waits twice for memory,
    shared by the nodes expanded at a time and the interleaved searches. Rows are scored as if they
    lay in the L1 cache.

    >>> limit(128, 100_000, "int8", hops=50, distances=1000).seconds > 0
    True
    """
    in_planes = codec == "int8" and dim >= 256 and -(-dim // LINE) % 2 == 0
    if codec in ("int4", "int12") or in_planes:
        # A walk reads a plane of nibbles, half the bytes of int8.
        dim, codec = -(-dim // 2), "int8"
    found = rates(dim, rows, codec)
    lines = -(-dim * CODE_BYTES[codec] // LINE)
    times = {
        "memory": (hops * LINK_LINES / lines + distances) / found.read,
        "latency": 2 * hops * found.latency / (EXPANDED * interleave),
        "arithmetic": distances / found.scored,
    }
    bound = max(times, key=lambda name: times[name])
    return Limit(times[bound], bound)

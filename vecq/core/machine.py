"""Measured limits of this machine, which bound the speed of any search."""

from dataclasses import dataclass

from vecq._native import lib
from vecq.core.arguments import choose, whole
from vecq.core.errors import call
from vecq.core.structs import new_struct
from vecq.quantization.codec import KINDS, Kind


@dataclass(frozen=True)
class Rates:
    """Rates per second on one thread; `latency` is in seconds."""

    read: float  # random rows from memory, prefetched
    cached: float  # the same, from rows that stay in the L1 cache
    scored: float  # rows scored from the L1 cache
    latency: float  # of a cache line from memory that was not prefetched
    peak: float  # multiply-adds of scans, from registers alone


def measure_rates(dim: int, rows: int, codec: Kind = "int8") -> Rates:
    """Measure how fast this machine reads and scores `rows` rows of `dim` codes.

    >>> measure_rates(128, 1_000_000).read > 0
    True
    """
    found = new_struct("vecq_machine_limits")
    call(
        lib.vecq_measure_machine_limits,
        *(choose(KINDS, codec, "codec"), whole(dim, "dim", 1, 65535)),
        *(whole(rows, "rows", 1, 2**32 - 2), found),
    )
    return Rates(
        read=found.random_rows_per_second,
        cached=found.cached_rows_per_second,
        scored=found.scored_rows_per_second,
        latency=found.latency_seconds,
        peak=found.multiply_adds_per_second,
    )

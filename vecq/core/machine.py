"""What the machine allows: the limit that any search runs into."""

from dataclasses import dataclass

from vecq._native import lib
from vecq.core.arguments import choose, whole
from vecq.core.errors import call
from vecq.core.structs import new_struct
from vecq.quantization.codec import KINDS, Kind


@dataclass(frozen=True)
class Rates:
    """Per second on one thread, measured with rows of one kind; `latency` is in seconds."""

    read: float  # rows at random from all, asked for ahead
    cached: float  # the same, from few rows that stay in the first cache
    scored: float  # scored from there
    latency: float  # until a line comes that was not asked for ahead
    peak: float  # multiply-adds per second of exact scans, from registers alone


def measure_rates(dim: int, rows: int, codec: Kind = "int8") -> Rates:
    """Measures how fast this machine reads and scores `rows` rows of `dim` codes.

    >>> measure_rates(128, 1_000_000).read > 0
    True
    """
    found = new_struct("vecq_machine_limits")
    call(
        lib.vecq_measure_machine_limits,
        *(choose(KINDS, codec, "codec"), whole(dim, "dim", 1, 65535)),
        *(whole(rows, "rows", 1, 2**31), found),
    )
    return Rates(
        read=found.random_rows_per_second,
        cached=found.cached_rows_per_second,
        scored=found.scored_rows_per_second,
        latency=found.latency_seconds,
        peak=found.multiply_adds_per_second,
    )

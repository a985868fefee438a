"""A queue with one server that takes what waits in batches, to tell its share of a latency."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class BatchServer:
    """A server that takes a constant time for a batch, and a constant time more for each member.

    `most` is the size of its largest batch; times are in seconds.
    """

    per_batch: float
    per_request: float
    most: int

    @classmethod
    def of(cls, alone: float, batched: float, size: float, most: int) -> "BatchServer":
        """Return the server of measured times of a request, alone and in batches of a mean size."""
        per_batch = max(alone - batched, 0.0) / (1 - 1 / size) if size > 1 else 0.0
        return cls(per_batch, alone - per_batch, most)

    def latencies(self, rate: float, count: int, seed: int = 0) -> NDArray[np.float64]:
        """Return the latencies of requests that arrive at random times of a rate."""
        rng = np.random.default_rng(seed)
        due = np.cumsum(rng.exponential(1 / rate, count))
        found, now, first = np.empty(count), 0.0, 0
        while first < count:
            now = max(now, due[first])
            last = min(int(np.searchsorted(due, now, "right")), first + self.most)
            now += self.per_batch + self.per_request * (last - first)
            found[first:last] = now - due[first:last]
            first = last
        return found

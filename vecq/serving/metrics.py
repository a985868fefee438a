"""Counters of all workers in shared memory, and their exposition for Prometheus.

Each worker has a row of doubles that only it writes, so counting takes no lock. The supervisor owns
the memory: what a killed worker counted stays, and its replacement counts on. Any worker answers
/metrics for all.
"""

from __future__ import annotations

import mmap
import os
import time
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from vecq.serving.packages import prometheus_client
from vecq.serving.refusal import STATUSES

core = prometheus_client.core

ENDPOINTS = ("search", "search_by_ids", "other")
CODES = (200, *STATUSES)
# Upper bounds of latency buckets, in seconds.
BUCKETS = (
    *(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01),
    *(0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
)
GAUGES = ("heartbeat", "connections", "requests_in_flight")
COUNTS = ("queries", "micro_batches", "micro_batched_requests", "swaps", "failed_loads", "starts")
FIRST_COUNT = len(GAUGES)
FIRST_CODE = FIRST_COUNT + len(COUNTS)
FIRST_BUCKET = FIRST_CODE + len(ENDPOINTS) * len(CODES)
# Of each endpoint: a count per bucket and one beyond the last, then the sum of seconds.
HISTOGRAM = len(BUCKETS) + 2
ROW = FIRST_BUCKET + len(ENDPOINTS) * HISTOGRAM
_AT = {name: at for at, name in enumerate((*GAUGES, *COUNTS))}
_CODE_AT = {code: at for at, code in enumerate(CODES)}


class SharedCounters:
    """The rows of all workers."""

    def __init__(self, descriptor: int, workers: int) -> None:
        self.workers = workers
        self._memory = mmap.mmap(descriptor, 8 * ROW * workers)
        self._cells: memoryview[float] = memoryview(self._memory).cast("d")

    @staticmethod
    def create(workers: int) -> int:
        """Return the descriptor of new memory for rows of zeros."""
        descriptor = os.memfd_create("vecq-serve", os.MFD_CLOEXEC)
        os.truncate(descriptor, 8 * ROW * workers)
        return descriptor

    def row(self, worker: int) -> memoryview[float]:
        """Return the row of a worker."""
        return self._cells[worker * ROW : (worker + 1) * ROW]

    def total(self, at: int) -> float:
        """Return the sum of a cell over all workers."""
        return sum(self._cells[worker * ROW + at] for worker in range(self.workers))

    def heartbeat(self, worker: int) -> float:
        """Return the monotonic time of a worker's last heartbeat; 0 if there was none."""
        return self._cells[worker * ROW]

    def start(self, worker: int) -> None:
        """Reset the gauges of a worker that is about to start."""
        row = self.row(worker)
        row[: len(GAUGES)] = memoryview(bytes(8 * len(GAUGES))).cast("d")
        row[_AT["starts"]] += 1


class Recorder:
    """Counts the events of one worker."""

    def __init__(self, row: memoryview[float]) -> None:
        self._row = row

    def request(self, endpoint: int, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        row = self._row
        row[FIRST_CODE + endpoint * len(CODES) + _CODE_AT[status]] += 1
        first = FIRST_BUCKET + endpoint * HISTOGRAM
        row[first + bisect_left(BUCKETS, seconds)] += 1
        row[first + HISTOGRAM - 1] += seconds

    def add(self, name: str, amount: float = 1) -> None:
        """Add to one of COUNTS."""
        self._row[_AT[name]] += amount

    def beat(self, connections: int, in_flight: int) -> None:
        """Set the gauges, which also shows that the worker is alive."""
        self._row[0], self._row[1], self._row[2] = time.monotonic(), connections, in_flight


def exposition(counters: SharedCounters, facts: dict[str, Any]) -> bytes:
    """Return all metrics in Prometheus' text format.

    Args:
        counters: The counters of all workers.
        facts: The current version: name, items, recall curve.
    """
    registry = prometheus_client.CollectorRegistry()
    registry.register(_Collector(counters, facts))
    return prometheus_client.generate_latest(registry)


class _Collector(prometheus_client.registry.Collector):
    def __init__(self, counters: SharedCounters, facts: dict[str, Any]) -> None:
        self._counters, self._facts = counters, facts

    def collect(self) -> Iterator[Any]:
        yield from self._requests()
        yield from self._latencies()
        yield from self._counts()
        yield from self._index()

    def _requests(self) -> Iterator[Any]:
        family = core.CounterMetricFamily(
            "vecq_requests", "Answered requests.", labels=("endpoint", "status")
        )
        for number, endpoint in enumerate(ENDPOINTS):
            for at, code in enumerate(CODES):
                count = self._counters.total(FIRST_CODE + number * len(CODES) + at)
                if count:
                    family.add_metric((endpoint, str(code)), count)
        yield family

    def _latencies(self) -> Iterator[Any]:
        family = core.HistogramMetricFamily(
            "vecq_request_seconds",
            "Seconds from the first byte of a request to its answer.",
            labels=("endpoint",),
        )
        for number, endpoint in enumerate(ENDPOINTS):
            first, below, buckets = FIRST_BUCKET + number * HISTOGRAM, 0.0, []
            for at, bound in enumerate((*map(str, BUCKETS), "+Inf")):
                below += self._counters.total(first + at)
                buckets.append((bound, below))
            family.add_metric((endpoint,), buckets, self._counters.total(first + HISTOGRAM - 1))
        yield family

    def _counts(self) -> Iterator[Any]:
        texts = {
            "queries": "Answered queries; a request has one or more.",
            "micro_batches": "Native calls that answered several requests.",
            "micro_batched_requests": "Requests that such calls answered.",
            "swaps": "Versions that workers swapped in.",
            "failed_loads": "Versions that a worker could not load.",
            "starts": "Workers that were started, replacements included.",
        }
        for name in COUNTS:
            total = self._counters.total(_AT[name])
            yield core.CounterMetricFamily(f"vecq_{name}", texts[name], value=total)
        yield core.GaugeMetricFamily(
            "vecq_workers", "Worker processes.", value=self._counters.workers
        )
        yield core.GaugeMetricFamily(
            "vecq_connections", "Open connections.", value=self._counters.total(1)
        )
        yield core.GaugeMetricFamily(
            "vecq_requests_in_flight",
            "Requests that were read and not answered.",
            value=self._counters.total(2),
        )

    def _index(self) -> Iterator[Any]:
        version = core.InfoMetricFamily("vecq_index", "The index that this worker searches.")
        version.add_metric((), {"version": self._facts["version"]})
        yield version
        yield core.GaugeMetricFamily("vecq_index_items", "Items.", value=self._facts["rows"])
        curve = core.GaugeMetricFamily(
            "vecq_recall", "Measured recall by beam width.", labels=("k", "ef")
        )
        for k, points in (self._facts["recall_curve"] or {}).items():
            for ef, recall in points:
                curve.add_metric((str(k), str(ef)), recall)
        yield curve

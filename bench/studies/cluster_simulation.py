"""Simulates sharded and replicated serving on 1 to 64 machines, from the constants of a machine.

python -I bench/studies cluster_simulation --out docs/drawings; nothing here runs on a cluster.

The model: a machine has `cores` servers and first-come-first-served queues. A query on an index of
n items takes `search_us * (1 + growth * log2(n / base_items))`, lognormal with `sigma`. Replicated:
a query runs on one machine of the least queue of two chosen at random. Sharded: it runs on a
machine of each shard group, pays one network round trip, waits for the slowest and merges.
"""

import argparse
import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vecq.bench.report.drawing import Axis, Lines, Mark, Series
from vecq.bench.report.files import standalone
from vecq.bench.report.scales import Log
from vecq.bench.report.words import seconds, whole


@dataclass(frozen=True)
class Machine:
    """Constants of one machine, and parameters of the network.

    Searches and merging are measured, by the studies sharding (parts spread and merge) and growth;
    cores, memory and the network are assumptions.
    """

    cores: int = 32
    search_us: float = 123.0  # one query, k = 100, on base_items
    base_items: float = 1e6
    growth: float = 0.47  # of the time, for each doubling of the items
    sigma: float = 0.10  # of the logarithm of the time
    network_us: float = 150.0  # a round trip, median
    network_sigma: float = 0.4
    merge_us: float = 0.7  # for each shard
    bytes_per_item: float = 289.0
    memory_bytes: float = 256e9

    def seconds(self, items: float) -> float:
        """Median time of a query on an index of so many items."""
        return (
            1e-6 * self.search_us * (1 + self.growth * math.log2(max(items, 2) / self.base_items))
        )


@dataclass(frozen=True)
class Outcome:
    p50: float
    p99: float
    qps: float


def fitting_groups(machine: Machine, items: float) -> int:
    """The least number of shard groups whose share of the items fits into a machine."""
    return max(1, math.ceil(items * machine.bytes_per_item / (0.7 * machine.memory_bytes)))


def capacity(machine: Machine, machines: int, groups: int, items: float) -> float:
    """Queries per second at which the machines are busy all the time."""
    mean = machine.seconds(items / groups) * math.exp(machine.sigma**2 / 2)
    return machine.cores * (machines // groups) / mean


def simulate(
    machine: Machine,
    machines: int,
    groups: int,
    items: float,
    load: float = 0.6,
    queries: int = 4000,
    seed: int = 0,
) -> Outcome:
    """Simulate Poisson arrivals at a share `load` of the capacity."""
    rng = np.random.default_rng(seed)
    replicas = machines // groups
    rate = load * capacity(machine, machines, groups, items)
    arrivals = np.cumsum(rng.exponential(1 / rate, queries))
    times = machine.seconds(items / groups) * rng.lognormal(0, machine.sigma, (queries, groups))
    network = 1e-6 * machine.network_us * rng.lognormal(0, machine.network_sigma, (queries, groups))
    free = [[[0.0] * machine.cores for _ in range(replicas)] for _ in range(groups)]
    took = np.empty(queries)
    for query, arrival in enumerate(arrivals):
        last = 0.0
        for group in range(groups):
            first, second = rng.integers(replicas), rng.integers(replicas)
            cores = min(free[group][first], free[group][second], key=lambda one: one[0])
            end = max(arrival, cores[0]) + times[query, group]
            heapq.heapreplace(cores, end)
            last = max(last, end - arrival + network[query, group])
        took[query] = last + (1e-6 * machine.merge_us * groups if groups > 1 else 0)
    kept = took[queries // 10 :]  # the queues have filled
    return Outcome(float(np.quantile(kept, 0.5)), float(np.quantile(kept, 0.99)), rate)


SIZES = (1e8, 4e8, 1e9, 4e9)
MACHINES = (1, 2, 4, 8, 16, 32, 64)


def drawings(machine: Machine) -> Iterator[tuple[str, Lines]]:
    """QPS, p50 and p99 by the number of machines, a line for each number of items."""
    found = {}
    for items in SIZES:
        groups = fitting_groups(machine, items)
        for machines in MACHINES:
            if machines >= groups:
                found[items, machines] = groups, simulate(machine, machines, groups, items)
    for name, title in (("qps", "QPS at 60 % load"), ("p50", "p50"), ("p99", "p99")):
        text = whole if name == "qps" else seconds
        series = []
        for number, items in enumerate(SIZES):
            marks = [
                Mark(
                    machines,
                    getattr(outcome, name),
                    f"simulation: {items:,.0f} items, {groups} groups, {machines} machines: "
                    f"{text(getattr(outcome, name))}",
                )
                for (size, machines), (groups, outcome) in found.items()
                if size == items
            ]
            series.append(Series(f"{items / 1e6:,.0f} M items", number, marks))
        values = [mark.y for one in series for mark in one.marks]
        said = "; ".join(mark.title for one in series for mark in one.marks)
        yield (
            f"cluster-{name}",
            Lines(
                f"Simulation: {title} by machines",
                f"A simulation from the constants of a machine, not a measurement. {said}",
                Axis("machines of 32 cores and 256 GB", Log(list(MACHINES))),
                Axis(title, Log(values) if name == "qps" else Log(values, seconds)),
                series,
            ),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="docs/drawings", help="folder of the plots")
    for name, value in vars(Machine()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    arguments = vars(parser.parse_args())
    out = Path(arguments.pop("out"))
    for name, drawn in drawings(Machine(**arguments)):
        (out / f"{name}.svg").write_text(standalone(drawn), encoding="utf-8")
        print(out / f"{name}.svg")


if __name__ == "__main__":
    main()

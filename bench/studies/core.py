"""The index against hnswlib and faiss: median QPS at equal recall, builds and memory.

Peers are built with several M, and every figure is that of their fastest variant at the recall
that it names. Usage: make bench-core DATA='FILE.hdf5 ...' ARGS='--rows 0 --repetitions 9'
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import faiss

import vecq
from vecq.bench.harness import run
from vecq.bench.limit import limit
from vecq.bench.plan import PEER_M, Plan
from vecq.bench.records import Build, Data, Record, write
from vecq.bench.sweep import RECALL_ENOUGH
from vecq.datasets import Dataset, read_hdf5
from vecq.datasets.synthetic import clustered

from .curves import MODES, Curves, compare, curves_of

OURS, FLOATS, RERANKED, PEER = "vecq int8", "vecq fp32", "vecq int8+fp16", "hnswlib FP32"
CODECS = ("int8", "fp32", "int8+fp16")
PEERS = (PEER, "faiss HNSWFlat", "faiss HNSWSQ 8 bit")
KS = (10, 100)
COLUMNS = [(10, 0.95), (10, 0.99), (100, 0.95), (100, 0.99)]
LEGEND = """\
QPS: medians. bytes: per vector, as saved, links included. distances: per query, batched.
Peers are listed with every M; QPS are those of the fastest M. max: recall saturates there; slow:
further points take too long; end: its largest setting finds that; *: its smallest ef finds more."""
MILLION = 1_000_000

Pair = tuple[float | None, float | None]


@dataclass(frozen=True)
class Verdict:
    """A figure and its target, if there is one for such data."""

    what: str
    value: float | None
    target: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def missed(self) -> bool:
        if self.target is None:
            return False
        if self.value is None:
            return True
        return self.value > self.target if self.at_most else self.value < self.target

    def __str__(self) -> str:
        value = "-" if self.value is None else figure(self.value)
        target = state = ""
        if self.target is not None:
            target = f"target {'<=' if self.at_most else '>='} {figure(self.target)}"
            state = "missed" if self.missed else "met"
        note = f"({self.note})" if self.note else ""
        return f"{self.what:<61}{value:>8}  {target:<16}{state:<7}{note}".rstrip()


@dataclass(frozen=True)
class Results:
    """The results of all contenders on one data set."""

    data: Data
    builds: dict[str, Build]
    curves: Curves

    @classmethod
    def of(cls, records: list[Record]) -> "Results":
        (data,) = (record for record in records if isinstance(record, Data))
        builds = {one.contender: one for one in records if isinstance(one, Build)}
        return cls(data, builds, curves_of(records))


def figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def print_table(results: Results) -> None:
    data = results.data
    print(f"{data.data}: {data.rows:,} x {data.dim}, {data.metric}, {data.queries:,} queries")
    groups = "".join(f"{f'QPS, k={k} at {recall}':>22}" for k, recall in COLUMNS)
    print(f"{'':<40}{groups}{'distances at 0.95':>19}")
    modes = "".join(f"{mode:>11}" for _ in COLUMNS for mode in MODES)
    print(f"{'':<24}{'build s':>8}{'bytes':>8}{modes}" + "".join(f"{f'k={k}':>9}" for k in KS))
    printed: set[str] = set()
    for name, build in results.builds.items():
        line = f"{name:<24}{build.seconds or 0:>8.1f}{build.bytes_per_vector or 0:>8.0f}"
        if build.group not in printed:
            printed.add(build.group)
            for k, recall in COLUMNS:
                curves = (results.curves[build.group, mode, k] for mode in MODES)
                line += "".join(f"{curve.speed(recall):>11}" for curve in curves)
            curves = (results.curves[build.group, "batched", k] for k in KS)
            line += "".join(f"{curve.distances(0.95):>9}" for curve in curves)
        print(line)
    print(LEGEND)


def speed_targets(data: Data, k: int) -> Pair:
    """Return the targets of vecq int8 over hnswlib at recall 0.95: online, batched."""
    rows, dim = data.rows, data.dim
    if k == 100:
        return (6.0, 7.0) if data.metric == "ip" else (2.5, 3.0)
    if rows >= MILLION and dim <= 128:
        return 2.5, 4.0
    if rows <= 120_000 and dim <= 128:
        return 3.0, 3.5
    if rows <= 120_000 and dim >= 384:
        return 3.5, 4.5
    return None, None


def verdicts(results: Results) -> Iterator[Verdict]:
    yield from against_peer(results)
    yield from against_floats(results)
    if results.data.metric == "ip":
        yield from distances(results)


def against_peer(results: Results) -> Iterator[Verdict]:
    for k, recall in COLUMNS:
        targets = speed_targets(results.data, k) if recall == 0.95 else (None, None)
        for mode, target in zip(MODES, targets, strict=True):
            ours, peer = (results.curves[name, mode, k] for name in (OURS, PEER))
            ratio, note = compare(ours, peer, recall)
            what = f"{OURS} / {PEER}: {mode} QPS, k={k} at {recall}"
            yield Verdict(what, ratio, target, note=note)
    # Builds and memory belong to the variant of the peer that is the fastest at this recall.
    variant = results.curves[PEER, "batched", 10].variant(0.95)
    mine, its = results.builds[OURS], results.builds[variant]
    note = f"{variant}, its fastest, batched, k=10 at 0.95"
    build = quotient(its.seconds, mine.seconds)
    yield Verdict(f"{OURS} / {PEER}: speed of building", build, 3.0, note=note)
    memory = quotient(mine.bytes_per_vector, its.bytes_per_vector)
    target = 0.45 if results.data.dim == 128 else None
    yield Verdict(f"{OURS} / {PEER}: bytes per vector", memory, target, at_most=True, note=note)


def quotient(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def against_floats(results: Results) -> Iterator[Verdict]:
    large = results.data.rows >= MILLION
    for mode in MODES:
        ours, floats = (results.curves[name, mode, 10] for name in (OURS, FLOATS))
        ratio, note = compare(ours, floats, 0.95)
        what = f"{OURS} / {FLOATS}: {mode} QPS, k=10 at 0.95"
        yield Verdict(what, ratio, 1.6 if large and results.data.dim == 128 else None, note=note)
    loss, where = max(recall_losses(results.curves))
    what = f"{FLOATS} - {OURS}: greatest loss of recall at equal ef"
    yield Verdict(what, loss, 0.005 if large else None, at_most=True, note=where)


def recall_losses(curves: Curves) -> Iterator[tuple[float, str]]:
    for k in KS:
        ours, floats = (curves[name, "batched", k].recalls for name in (OURS, FLOATS))
        for ef in ours.keys() & floats.keys():
            yield floats[ef] - ours[ef], f"k={k}, ef={ef}"


def distances(results: Results) -> Iterator[Verdict]:
    """Yield the distances per query under the inner product."""
    for name, recall, target in ((OURS, 0.99, 1300), (RERANKED, 0.999, 3000)):
        what = f"{name}: distances per query, k=100 at {recall}"
        if name not in results.builds:
            yield Verdict(what, None, note="not measured")
            continue
        curve = results.curves[name, "batched", 100]
        point = curve.at(recall)
        note = curve.ending() if point is None else ""
        yield Verdict(what, point.distances if point else None, target, at_most=True, note=note)


def of_limit(results: Results) -> Verdict:
    """Return the share of the bound by memory and arithmetic, batched, k=10 at 0.95."""
    what = f"{OURS}: share of the physical limit, batched, k=10 at 0.95"
    point = results.curves[OURS, "batched", 10].at(0.95)
    if point is None or point.hops is None or point.distances is None:
        return Verdict(what, None)
    least = limit(results.data.dim, results.data.rows, "int8", point.hops, point.distances)
    return Verdict(what, least.seconds * point.qps, 0.4, note=f"of {least.bound}")


def measure(data: Dataset, repetitions: int, only: list[str], peer_m: list[int]) -> list[Record]:
    """Measure on one data set on one thread, print the results, and return the records."""
    # Under the inner product, a target concerns distances at recall 0.999.
    enough = {k: 0.999 if data.metric == "ip" and k == 100 else RECALL_ENOUGH for k in KS}
    plan = Plan(
        data,
        k=KS,
        codecs=[codec for codec in CODECS if f"vecq {codec}" in only],
        peers=[peer for peer in PEERS if peer in only],
        peer_m=peer_m,
        regimes=("single", "batch"),
        threads=1,
        repetitions=repetitions,
        enough=enough,
        isas=(),
        accuracy=False,
    )
    records = run(plan)
    results = Results.of(records)
    print_table(results)
    print(*verdicts(results), of_limit(results), "", sep="\n", flush=True)
    return records


def main() -> None:
    parser = argparse.ArgumentParser(prog="core", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE.hdf5", help="data sets of ann-benchmarks")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the records to FILE")
    parser.add_argument("--rows", type=int, default=MILLION, help="of the generated set; 0: none")
    parser.add_argument("--repetitions", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--only", metavar="NAME,...", help="measure only these contenders")
    default = ",".join(map(str, PEER_M))
    parser.add_argument("--peer-m", default=default, help="M of peers (default: %(default)s)")
    options = parser.parse_args()
    every = [*(f"vecq {codec}" for codec in CODECS), *PEERS]
    only = every if options.only is None else options.only.split(",")
    if not {OURS, FLOATS, PEER} <= set(only) <= set(every):
        parser.error(f"--only takes {OURS}, {FLOATS}, {PEER} and others of {', '.join(every)}")
    sets: list[Callable[[], Dataset]] = [partial(read_hdf5, path) for path in options.files]
    if options.rows:
        sets.append(lambda: clustered(options.rows, 128))
    about = f"vecq on {vecq.cpu().active}, faiss {faiss.__version__} {faiss.get_compile_options()}"
    print(f"{about}\n", flush=True)
    records: list[Record] = []
    peer_m = [int(value) for value in options.peer_m.split(",")]
    for load in sets:
        records += measure(load(), options.repetitions, only, peer_m)
        if options.json:  # after every set, since a run may be long
            write(records, options.json)


if __name__ == "__main__":
    main()

"""The index against hnswlib and faiss: queries per second at equal recall, builds and memory.

python -m vecq.bench.core [--json FILE] [--rows N] [--repetitions N] [--only NAMES]
    [FILE.hdf5 ...]
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import faiss

import vecq
from vecq.bench.curves import MODES, Curves, compare, curves_of
from vecq.bench.harness import run
from vecq.bench.limit import limit
from vecq.bench.plan import Plan
from vecq.bench.records import Build, Data, Record, write
from vecq.bench.sweep import RECALL_ENOUGH
from vecq.datasets import Dataset, read_hdf5
from vecq.datasets.synthetic import clustered

OURS, FLOATS, RERANKED, PEER = "vecq int8", "vecq fp32", "vecq int8+fp16", "hnswlib FP32"
CODECS = ("int8", "fp32", "int8+fp16")
PEERS = (PEER, "faiss HNSWFlat", "faiss HNSWSQ 8 bit")
KS = (10, 100)
COLUMNS = [(10, 0.95), (10, 0.99), (100, 0.95), (100, 0.99)]
LEGEND = """\
bytes: per vector; vecq's by its stats, the peers' as they are saved. distances: per query, batched.
max: it stalls at that recall; slow: it was given up there, a point took too long; *: at the
smallest ef, which finds more."""
MILLION = 1_000_000

Pair = tuple[float | None, float | None]


@dataclass(frozen=True)
class Verdict:
    """A figure beside the mark that it is held to, if there is one for such data."""

    what: str
    value: float | None
    mark: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def short(self) -> bool:
        if self.mark is None:
            return False
        if self.value is None:
            return True
        return self.value > self.mark if self.at_most else self.value < self.mark

    def __str__(self) -> str:
        value = "-" if self.value is None else figure(self.value)
        mark = ""
        if self.mark is not None:
            mark = f"mark {'<=' if self.at_most else '>='} {figure(self.mark)}"
        note = f"({self.note})" if self.note else ""
        short = "SHORT" if self.short else ""
        return f"{self.what:<61}{value:>8}  {mark:<14}{short:<6}{note}".rstrip()


@dataclass(frozen=True)
class Round:
    """One data set, and what the contenders did on it."""

    data: Data
    builds: dict[str, Build]
    curves: Curves

    @classmethod
    def of(cls, records: list[Record]) -> "Round":
        (data,) = (record for record in records if isinstance(record, Data))
        builds = {one.contender: one for one in records if isinstance(one, Build)}
        return cls(data, builds, curves_of(records))


def figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def print_table(turn: Round) -> None:
    data = turn.data
    print(f"{data.data}: {data.rows:,} x {data.dim}, {data.metric}, {data.queries:,} queries")
    groups = "".join(f"{f'QPS, k={k} at {recall}':>22}" for k, recall in COLUMNS)
    print(f"{'':<34}{groups}{'distances at 0.95':>19}")
    modes = "".join(f"{mode:>11}" for _ in COLUMNS for mode in MODES)
    print(f"{'':<18}{'build s':>8}{'bytes':>8}{modes}" + "".join(f"{f'k={k}':>9}" for k in KS))
    for name, build in turn.builds.items():
        line = f"{name:<18}{build.seconds:>8.1f}{build.bytes_per_vector:>8.0f}"
        for k, recall in COLUMNS:
            line += "".join(f"{turn.curves[name, mode, k].speed(recall):>11}" for mode in MODES)
        curves = (turn.curves[name, "batched", k] for k in KS)
        print(line + "".join(f"{curve.distances(0.95):>9}" for curve in curves))
    print(LEGEND)


def speed_marks(data: Data, k: int) -> Pair:
    """What vecq int8 should reach over hnswlib at recall 0.95: online, batched."""
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


def verdicts(turn: Round) -> Iterator[Verdict]:
    yield from against_peer(turn)
    yield from against_floats(turn)
    if turn.data.metric == "ip":
        yield from walks(turn)


def against_peer(turn: Round) -> Iterator[Verdict]:
    for k, recall in COLUMNS:
        marks = speed_marks(turn.data, k) if recall == 0.95 else (None, None)
        for mode, mark in zip(MODES, marks, strict=True):
            curves = (turn.curves[name, mode, k] for name in (OURS, PEER))
            ratio, note = compare(*curves, recall)
            what = f"{OURS} / {PEER}: {mode} QPS, k={k} at {recall}"
            yield Verdict(what, ratio, mark, note=note)
    ours, peer = turn.builds[OURS], turn.builds[PEER]
    build = peer.seconds / ours.seconds
    yield Verdict(f"{OURS} / {PEER}: speed of building", build, 3.0)
    memory = ours.bytes_per_vector / peer.bytes_per_vector
    mark = 0.45 if turn.data.dim == 128 else None
    yield Verdict(f"{OURS} / {PEER}: bytes per vector", memory, mark, at_most=True)


def against_floats(turn: Round) -> Iterator[Verdict]:
    large = turn.data.rows >= MILLION
    for mode in MODES:
        curves = (turn.curves[name, mode, 10] for name in (OURS, FLOATS))
        ratio, note = compare(*curves, 0.95)
        what = f"{OURS} / {FLOATS}: {mode} QPS, k=10 at 0.95"
        yield Verdict(what, ratio, 1.6 if large and turn.data.dim == 128 else None, note=note)
    loss, where = max(recall_losses(turn.curves))
    what = f"{FLOATS} - {OURS}: greatest loss of recall at equal ef"
    yield Verdict(what, loss, 0.005 if large else None, at_most=True, note=where)


def recall_losses(curves: Curves) -> Iterator[tuple[float, str]]:
    for k in KS:
        ours, floats = (curves[name, "batched", k].recalls for name in (OURS, FLOATS))
        for ef in ours.keys() & floats.keys():
            yield floats[ef] - ours[ef], f"k={k}, ef={ef}"


def walks(turn: Round) -> Iterator[Verdict]:
    """Distances per query that inner products cost."""
    for name, recall, mark in ((OURS, 0.99, 1300), (RERANKED, 0.999, 3000)):
        what = f"{name}: distances per query, k=100 at {recall}"
        if name not in turn.builds:
            yield Verdict(what, None, note="not measured")
            continue
        curve = turn.curves[name, "batched", 100]
        point = curve.at(recall)
        note = curve.failure() if point is None else ""
        yield Verdict(what, point and point.distances, mark, at_most=True, note=note)


def of_limit(turn: Round) -> Verdict:
    """Share of the speed that memory, its latency and arithmetic allow, batched, k=10 at 0.95."""
    what = f"{OURS}: share of the physical limit, batched, k=10 at 0.95"
    point = turn.curves[OURS, "batched", 10].at(0.95)
    if point is None or point.hops is None or point.distances is None:
        return Verdict(what, None)
    least = limit(turn.data.dim, turn.data.rows, "int8", point.hops, point.distances)
    return Verdict(what, least.seconds * point.qps, 0.4, note=f"of {least.bound}")


def measure(data: Dataset, repetitions: int, only: list[str]) -> list[Record]:
    """Measures on one data set, on one thread, prints it, and returns the records."""
    # Inner products are also asked for the walks at recall 0.999.
    enough = {k: 0.999 if data.metric == "ip" and k == 100 else RECALL_ENOUGH for k in KS}
    plan = Plan(
        data,
        k=KS,
        codecs=[codec for codec in CODECS if f"vecq {codec}" in only],
        peers=[peer for peer in PEERS if peer in only],
        regimes=("single", "batch"),
        threads=1,
        repetitions=repetitions,
        enough=enough,
        isas=(),
        accuracy=False,
    )
    records = run(plan)
    turn = Round.of(records)
    print_table(turn)
    print(*verdicts(turn), of_limit(turn), "", sep="\n", flush=True)
    return records


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m vecq.bench.core", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE.hdf5", help="sets of ann-benchmarks")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the records there too")
    parser.add_argument("--rows", type=int, default=MILLION, help="of the generated set; 0: none")
    parser.add_argument("--repetitions", type=int, default=5, help="of each point; the best counts")
    parser.add_argument("--only", metavar="NAME,...", help="these contenders, by their names")
    options = parser.parse_args()
    every = [*(f"vecq {codec}" for codec in CODECS), *PEERS]
    only = every if options.only is None else options.only.split(",")
    if not {OURS, FLOATS, PEER} <= set(only) <= set(every):
        parser.error(f"--only takes {OURS}, {FLOATS}, {PEER} and others of {', '.join(every)}")
    sets: list[Callable[[], Dataset]] = [
        lambda path=path: read_hdf5(path) for path in options.files
    ]
    if options.rows:
        sets.append(lambda: clustered(options.rows, 128))
    about = f"vecq on {vecq.cpu().active}, faiss {faiss.__version__} {faiss.get_compile_options()}"
    print(f"{about}\n", flush=True)
    records: list[Record] = []
    for load in sets:
        records += measure(load(), options.repetitions, only)
        if options.json:  # after every set, for a run may be long
            write(records, options.json)


if __name__ == "__main__":
    main()

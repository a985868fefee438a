"""Every instruction set forced in turn: do all give the same answers, and how fast is each?

VECQ_ISA is read when vecq is loaded, so each runs in its own process. All open the same saved
indexes, in a new random order in every repetition.
"""

import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import vecq
from vecq.bench.contender import Contender
from vecq.bench.records import IsaSpeed, Point
from vecq.bench.subprocess_call import call_in_subprocess
from vecq.bench.truth import GroundTruth

# The k and the recall that instruction sets are compared at.
K, RECALL = 100, 0.95
WARM_UP, PATIENCE = 32, 600.0  # queries; seconds that a process may take


@dataclass(frozen=True)
class Task:
    """One saved index, and how it is searched."""

    codec: str
    path: str
    k: int
    ef: int


def isa_names(names: Sequence[str] | None) -> list[str]:
    """Return the given names, validated, or all that this machine has, the most portable first."""
    known = {isa.name: isa for isa in vecq.cpu().isas}
    if names is None:
        return [name for name, isa in known.items() if isa.available]
    for name in names:
        if name not in known:
            raise vecq.ArgumentError(f"isas has {name!r}, expected of {', '.join(known)}", "isas")
        if not known[name].available:
            raise vecq.ArgumentError(
                f"isas has {name!r}, which cannot run here: {known[name].missing}", "isas"
            )
    return list(names)


def isa_speeds(
    contenders: Iterable[Contender],
    points: Sequence[Point],
    truth: GroundTruth,
    isas: Sequence[str],
    repetitions: int,
    say: Callable[[str], object],
    largest_k: int,
) -> Iterator[IsaSpeed]:
    """Yield the batch speed of vecq's contenders on each instruction set, on one thread."""
    ours = [one for one in contenders if one.adapter.family == "vecq"]
    if not ours or not isas:
        return
    with tempfile.TemporaryDirectory(prefix="vecq-isas-") as name:
        folder = Path(name)
        k = min(K, largest_k)
        ef = _width(points, [one.name for one in ours], k)
        tasks = [Task(str(one.adapter.codec), str(one.saved(folder)), k, ef) for one in ours]
        np.save(folder / "queries.npy", ours[0].queries)
        rates: dict[tuple[str, str], list[float]] = {}
        order = np.random.default_rng(0)
        for repetition in range(repetitions):
            for isa in order.permutation(isas).tolist():
                say(f"{isa}, repetition {repetition + 1}/{repetitions}")
                found = call_in_subprocess(
                    *(_search, isa, tasks, folder),
                    seconds=PATIENCE,
                    environment={"VECQ_ISA": isa},
                )
                for task, rate in zip(tasks, found, strict=True):
                    rates.setdefault((isa, task.codec), []).append(rate)
        for task in tasks:
            answers = {isa: np.load(folder / f"{isa}-{task.codec}.npy") for isa in isas}
            for isa, ids in answers.items():
                yield IsaSpeed(
                    *(ours[0].data.name, isa, task.k, task.ef, task.codec),
                    *(truth.at(task.k).recall(ids), rates[isa, task.codec]),
                    bool(np.array_equal(ids, answers[isas[0]])),
                )


def _width(points: Sequence[Point], names: Collection[str], k: int) -> int:
    """Return the smallest ef with which all of these contenders reach the recall."""
    reached = [
        min(
            (p.setting["ef"] for p in points if _reaches(p, k) and p.contender == name),
            default=4 * k,
        )
        for name in names
    ]
    return max(reached)


def _reaches(point: Point, k: int) -> bool:
    return point.k == k and point.recall is not None and point.recall >= RECALL


def _search(isa: str, tasks: Sequence[Task], folder: Path) -> list[float]:
    """Return the QPS of every task; runs in a process in which the instruction set is forced."""
    queries, rates = np.load(folder / "queries.npy"), []
    for task in tasks:
        index = vecq.open(task.path)
        index.search(queries[:WARM_UP], task.k, ef=task.ef)
        start = time.perf_counter()
        found = index.search(queries, task.k, ef=task.ef)
        rates.append(len(queries) / (time.perf_counter() - start))
        np.save(folder / f"{isa}-{task.codec}.npy", found.ids)
    return rates

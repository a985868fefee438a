"""Walks by codec: bytes per item, the best recall, and QPS at equal recall, one thread.

Rerank stores answer with the measured number of rescored candidates. Works are interleaved.
Usage: make bench-codec-walks DATA='FILE.hdf5 ...' ARGS='--generated 200000'
"""

import argparse
import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import vecq
from vecq.bench.truth import GroundTruth, ground_truth
from vecq.datasets import Dataset, read_hdf5

from .building import generated
from .timing import Timing, interleaved

CODECS = ("int8", "int12", "int4+int8", "int8+fp16", "int4")
KS, LEVELS = (10, 100), (0.95, 0.99)
WIDENING = tuple(1.15**step for step in range(36))
QUERIES, SAMPLE, REPETITIONS = 500, 500, 5


@dataclass(frozen=True)
class Subject:
    """An index of one codec, and half of the queries: the others measured its recall curve."""

    codec: str
    index: vecq.Index
    data: Dataset
    truth: GroundTruth

    def ef_for(self, k: int, level: float) -> int | None:
        """Return the least beam width that reaches a recall; None if none does."""
        right = self.truth.at(k)
        for factor in WIDENING:
            ef = int(k * factor)
            if right.recall(self.index.search(self.data.test, k, ef=ef).ids) >= level:
                return ef
        return None

    def best_recall(self, k: int) -> float:
        return self.truth.at(k).recall(self.index.search(self.data.test, k, plan="scan").ids)

    def single(self, k: int, ef: int) -> None:
        for query in self.data.test:
            self.index.search(query, k, ef=ef)

    def batch(self, k: int, ef: int) -> None:
        self.index.search(self.data.test, k, ef=ef, threads=1)


def built(data: Dataset, name: str) -> vecq.Index:
    codec, _, rerank = name.partition("+")
    options: dict[str, Any] = {"codec": codec, "rerank_codec": rerank or None}
    index = vecq.Index(data.train.shape[1], data.metric, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vecq.QuantizationWarning)  # the table shows the loss
        index.add(data.train, threads=0, progress=False)
    index.measure_recall(data.test[-SAMPLE:], KS, progress=False)
    return index


def print_walks(data: Dataset) -> None:
    indexes = {name: built(data, name) for name in CODECS}
    data = Dataset(data.name, data.metric, data.train, data.test[:QUERIES])
    truth = ground_truth(data, max(KS))
    subjects = [Subject(name, index, data, truth) for name, index in indexes.items()]
    rows, dim = data.train.shape
    print(f"{data.name}: {rows:,} x {dim} {data.metric}; thousand QPS, online / batch")
    heads = "".join(f"{f'k={k} at {level}':>16}" for k in KS for level in LEVELS)
    print(f"{'codec':<12}{'bytes':>7}{'recall@10':>11}{'@100':>8}{heads}")
    times: dict[tuple[str, int, float], tuple[Timing, Timing] | None] = {}
    for k in KS:
        for level in LEVELS:
            times |= at_level(subjects, k, level)
    for subject in subjects:
        per_item = subject.index.stats().bytes / rows
        line = f"{subject.codec:<12}{per_item:>7.0f}{subject.best_recall(10):>11.4f}"
        line += f"{subject.best_recall(100):>8.4f}"
        for k in KS:
            for level in LEVELS:
                found = times[subject.codec, k, level]
                rates = "-" if found is None else " / ".join(rate(one, data) for one in found)
                line += f"{rates:>16}"
        print(line, flush=True)
    print()


def rate(timing: Timing, data: Dataset) -> str:
    return f"{len(data.test) / timing.median / 1000:.1f}"


def at_level(
    subjects: list[Subject], k: int, level: float
) -> dict[tuple[str, int, float], tuple[Timing, Timing] | None]:
    """Time all codecs that reach a recall, online and in one batch."""
    efs = {subject.codec: subject.ef_for(k, level) for subject in subjects}
    works = {}
    for subject in subjects:
        ef = efs[subject.codec]
        if ef is not None:
            works[f"{subject.codec} online"] = partial(subject.single, k, ef)
            works[f"{subject.codec} batch"] = partial(subject.batch, k, ef)
    timed = interleaved(works, REPETITIONS)
    return {
        (name, k, level): None
        if efs[name] is None
        else (timed[f"{name} online"], timed[f"{name} batch"])
        for name in efs
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--rows", type=int, default=0, help="use the first rows (default: all)")
    parser.add_argument("--generated", type=int, default=0, help="also generate so many rows")
    arguments = parser.parse_args()
    sets = [read_hdf5(path) for path in arguments.files]
    if arguments.generated:
        sets.append(generated(arguments.generated))
    for data in sets:
        rows = arguments.rows or len(data.train)
        print_walks(Dataset(data.name, data.metric, np.asarray(data.train[:rows]), data.test))


if __name__ == "__main__":
    main()

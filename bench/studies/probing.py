"""Probes of cells against walks and peers, in batches, at equal recall: make bench-probing.

Each system is timed at rising effort, rounds interleaved; its QPS at a recall is interpolated
between the two efforts around it, or is that of the least effort if that recalls more. One thread.
ScaNN is left out, with a warning, where it is not installed.
A line of JSON per set and k. Usage: make bench-probing ARGS='--generated 1000000 DATA.hdf5'
"""

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

# One thread for BLAS and OpenMP as well, set before they are loaded.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import hnswlib
import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.bench.adapters.adapter import unit
from vecq.bench.adapters.ladders import Setting
from vecq.bench.adapters.scann import Scann
from vecq.bench.truth import brute_force
from vecq.core.ranking import Truth
from vecq.datasets import Dataset, read_hdf5
from vecq.datasets.synthetic import clustered

from .timing import interleaved, seconds_of

QUERIES, MEASURED = 10_000, 1000
KS = (100, 500, 1000)
LEVELS = (0.95, 0.98)
PROBES = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
WIDENED = (1, 1.2, 1.5, 2, 3, 4.5)

Floats = NDArray[np.float32]
Search = Callable[[Floats], NDArray[np.int64]]
Efforts = dict[int, Search]


def walks(index: vecq.Index, k: int) -> Efforts:
    def search(ef: int, queries: Floats) -> NDArray[np.int64]:
        return index.search(queries, k, ef=ef, plan="walk", rerank_factor=0).ids

    return {ef: partial(search, ef) for ef in (int(k * factor) for factor in WIDENED)}


def probed(index: vecq.Index, k: int, cells: int) -> Efforts:
    """Efforts of cells that hold four times the results: with fewer, scans complete queries."""

    def search(probes: int, queries: Floats) -> NDArray[np.int64]:
        return index.search(queries, k, probes=probes, rerank_factor=0).ids

    enough = (probes for probes in PROBES if probes * len(index) >= 4 * k * cells)
    return {probes: partial(search, probes) for probes in enough}


def scann_leaves(index: Scann, k: int, rows: int) -> Efforts:
    def search(setting: Setting, queries: Floats) -> NDArray[np.int64]:
        index.set(setting, k, 1)
        return np.asarray(index.ids(index.search(queries, k)))

    return {one["leaves"]: partial(search, one) for one in index.ladder(k, rows)}


def hnswlib_walks(index: hnswlib.Index, k: int) -> Efforts:
    def search(ef: int, queries: Floats) -> NDArray[np.int64]:
        index.set_ef(ef)
        return np.asarray(index.knn_query(queries, k, num_threads=1)[0], np.int64)

    return {ef: partial(search, ef) for ef in (int(k * factor) for factor in WIDENED)}


def useful(efforts: Efforts, queries: Floats, truth: Truth) -> dict[int, tuple[float, Search]]:
    """The efforts around LEVELS, with their recalls: the last one below, and those up to above."""
    found: dict[int, tuple[float, Search]] = {}
    for effort, search in efforts.items():
        recall = truth.recall(search(queries[: len(truth)]))
        if recall < LEVELS[0]:
            found.clear()
        found[effort] = (recall, search)
        if recall >= LEVELS[-1]:
            break
    return found


def qps_at(points: list[tuple[float, float]], level: float) -> float | None:
    """Interpolate the QPS at a recall; None if no effort reaches it."""
    points = sorted(points)
    if not points or points[-1][0] < level:
        return None
    if points[0][0] >= level:
        return max(qps for _, qps in points)
    recalls, rates = zip(*points, strict=True)
    return float(np.interp(level, recalls, rates))


def compared(
    systems: dict[str, Efforts], queries: Floats, truth: Truth, repetitions: int
) -> dict[str, Any]:
    """QPS of each system at each level. Peers answer as many queries as the truth has."""
    works: dict[str, Callable[[], Any]] = {}
    recalls, counts = {}, {}
    for system, efforts in systems.items():
        own = queries if system.startswith("vecq") else queries[: len(truth)]
        for effort, (recall, search) in useful(efforts, queries, truth).items():
            name = f"{system} {effort}"
            works[name] = partial(search, own)
            recalls[name], counts[name] = recall, len(own)
    times = interleaved(works, repetitions)
    found: dict[str, Any] = {}
    for system in systems:
        names = [name for name in works if name.rsplit(" ", 1)[0] == system]
        points = [(recalls[name], times[name].rate(counts[name])["median"]) for name in names]
        for level in LEVELS:
            found.setdefault(f"{system} QPS", {})[f"{level:g}"] = qps_at(points, level)
    return found


def built_scann(rows: Floats, metric: str) -> Scann | None:
    if importlib.util.find_spec(Scann.module) is None:
        print("scann is not installed and is left out: pip install scann", file=sys.stderr)
        return None
    scann = Scann(rows_per_leaf=400)
    scann.build(rows, metric, os.cpu_count() or 1)
    return scann


def measure(data: Dataset, repetitions: int) -> Iterator[dict[str, Any]]:
    metric, dim = data.metric, data.train.shape[1]
    index = vecq.Index(dim, metric).add(data.train)
    partitioning = seconds_of(index.partition)
    cells = index.stats().cells
    rows = unit(data.train) if metric == "cosine" else data.train
    scann = built_scann(rows, metric)
    peer = hnswlib.Index(metric, dim)
    peer.init_index(len(rows), M=16, ef_construction=200)
    peer.add_items(data.train, num_threads=os.cpu_count() or 1)
    queries = np.ascontiguousarray(data.test[:QUERIES], np.float32)
    for k in KS:
        truth = brute_force(data.train, queries[:MEASURED], metric, k).at(k)
        systems = {
            "vecq probe": probed(index, k, cells),
            "vecq walk": walks(index, k),
            "hnswlib": hnswlib_walks(peer, k),
        }
        if scann is not None:
            systems["scann"] = scann_leaves(scann, k, len(rows))
        yield {
            "study": "probing",
            "data": data.name,
            "rows": len(data.train),
            "queries": len(queries),
            "k": k,
            "cells": cells,
            "partition seconds": partitioning,
            **compared(systems, queries, truth, repetitions),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", type=Path, help="files of vectors (.hdf5)")
    generated = "rows of a generated set (default: 1,000,000 without files)"
    parser.add_argument("--generated", type=int, help=generated)
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    rows = arguments.generated or (0 if arguments.data else 1_000_000)
    if rows:
        data = clustered(rows, 128, QUERIES)
        for line in measure(data, arguments.repetitions):
            print(json.dumps(line), flush=True)
    for path in arguments.data:
        for line in measure(read_hdf5(path), arguments.repetitions):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

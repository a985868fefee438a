"""The strategy "basic" of vecq.tune against exhaustive search: make bench-tuning.

Both choose from one grid. Their choices are built and timed again, interleaved; speeds are medians.
Half of the queries are held back from tuning: recall on them must lie in the promised interval, and
speeds are also compared at equal recall of these queries, which removes the luck of which `ef` was
chosen. A third run tunes over the default space; its time is compared with that of one build.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import vecq
from vecq.core import ranking
from vecq.datasets import Dataset, read_hdf5
from vecq.tuning import Space

from .timing import interleaved, shown

# Targets: the shares of exhaustive's speed and time, and builds and seconds of the default space.
SPEED, TIME, BUILDS, SECONDS = 0.85, 0.2, 2.5, 60.0
# A grid that is small enough for exhaustive search: 6 graphs and 18 ef.
MULTIPLES = (1, 1.1, 1.2, 1.3, 1.45, 1.6, 1.8, 2, 2.3, 2.6, 3, 3.5, 4, 5, 7, 10, 16, 30)


def grid(k: int) -> Space:
    return Space(
        codecs=["int8", "int16"],
        rerank_codecs=[None, "int16"],
        rerank_factors=[1.5, 3.0],
        m=[8, 16, 32],
        ef_construction=[100, 200],
        efs=[round(k * times) for times in MULTIPLES],
    )


def compare(data: Dataset, k: int, recall: float, repetitions: int, threads: int) -> dict[str, Any]:
    """Return what each run chose, took and promises."""
    found = _tuned(data, k, recall, threads)
    fresh, dim = data.test[1::2], data.train.shape[1]

    def built(**settings: Any) -> vecq.Index:
        index = vecq.Index(dim, data.metric, **settings)
        return index.add(data.train, threads=threads)

    start = time.perf_counter()
    built()
    build = time.perf_counter() - start
    indexes = {name: built(**one.index_settings) for name, one in found.items()}
    times = interleaved(
        {
            name: partial(indexes[name].search, fresh, k, threads=threads, **one.search_settings)
            for name, one in found.items()
        },
        repetitions,
    )
    metric: Any = data.metric
    truth = vecq.brute_force(data.train, fresh, k=k, metric=metric, threads=threads).ids
    rivals = {name: (indexes[name], found[name]) for name in ("basic", "exhaustive")}
    return {
        "data": data.name,
        "k": k,
        "recall": recall,
        "build": build,
        "equal": at_equal_recall(rivals, fresh, truth, recall, repetitions, threads),
        "runs": {
            name: _about(one, indexes[name], fresh, truth, times[name].rate(len(fresh)), threads)
            for name, one in found.items()
        },
    }


def _tuned(data: Dataset, k: int, recall: float, threads: int) -> dict[str, vecq.Tuned]:
    runs: dict[str, tuple[Any, Space]] = {
        "basic": ("basic", grid(k)),
        "exhaustive": ("exhaustive", grid(k)),
        "default": ("basic", Space()),
    }
    return {
        name: vecq.tune(
            *(data.train, data.test[::2], data.metric, k),
            accuracy=vecq.Recall(recall),
            strategy=strategy,
            space=space,
            threads=threads,
        )
        for name, (strategy, space) in runs.items()
    }


def at_equal_recall(
    rivals: dict[str, tuple[vecq.Index, vecq.Tuned]],
    fresh: Any,
    truth: Any,
    recall: float,
    repetitions: int,
    threads: int,
) -> float | None:
    """Return basic's share of exhaustive's speed at equal recall of the fresh queries.

    Each is interpolated between the last ef below the recall and the first above it. None if one
    of them scans, or does not reach the recall.
    """
    ends = {
        name: _around(index, one, fresh, truth, recall, threads)
        for name, (index, one) in rivals.items()
    }
    if not all(ends.values()):
        return None
    works = {f"{name} {found}": work for name, own in ends.items() for found, work in own.items()}
    times = interleaved(works, repetitions)
    seconds = {
        name: [
            np.exp(np.interp(recall, [*own], np.log(round_)))
            for round_ in zip(*(times[f"{name} {found}"].seconds for found in own), strict=True)
        ]
        for name, own in ends.items()
    }
    return _share(seconds["basic"], seconds["exhaustive"])


def _around(
    index: vecq.Index, found: vecq.Tuned, fresh: Any, truth: Any, recall: float, threads: int
) -> dict[float, Callable[[], vecq.Result]]:
    """Return the searches with the last ef below a recall and the first above it, by recall."""
    below: dict[float, Callable[[], vecq.Result]] = {}
    efs = grid(found.k).ladder(found.k, len(index)) if "ef" in found.search_settings else []
    for ef in efs:
        settings = {**found.search_settings, "ef": ef}
        search = partial(index.search, fresh, found.k, threads=threads, **settings)
        reached = ranking.recall(search().ids, truth)
        if reached >= recall:
            return {**below, reached: search}
        below = {reached: search}
    return {}


def _share(times: Sequence[float], others: Sequence[float]) -> float:
    """Return the median ratio of speeds over all rounds."""
    return float(np.median(np.asarray(others) / np.asarray(times)))


def _about(
    found: vecq.Tuned,
    index: vecq.Index,
    fresh: Any,
    truth: Any,
    qps: dict[str, float],
    threads: int,
) -> dict[str, Any]:
    result = index.search(fresh, found.k, threads=threads, **found.search_settings)
    return {
        "qps": qps,
        "seconds": found.seconds,
        "build_seconds": found.build_seconds,
        "trials": len(found.trials),
        "settings": json.loads(found.json()),
        "met": found.met,
        "promised": [found.accuracy, *found.interval],
        "fresh": ranking.recall(result.ids, truth),
    }


def targets(found: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return a line for each target, and whether it is met."""
    runs, build = found["runs"], found["build"]
    basic, every, default = (runs[name] for name in ("basic", "exhaustive", "default"))
    speed = basic["qps"]["median"] / every["qps"]["median"]
    share = basic["seconds"] / every["seconds"]
    most = BUILDS * build + SECONDS
    at = f"at recall {basic['fresh']:.4f} and {every['fresh']:.4f}"
    kept = [
        (
            f"{name}: recall on fresh queries {one['fresh']:.4f}, target within "
            f"{one['promised'][1]:.4f} to {one['promised'][2]:.4f}",
            one["promised"][1] <= one["fresh"] <= one["promised"][2],
        )
        for name, one in runs.items()
    ]
    return [
        (
            f"basic has {speed:.0%} of exhaustive's speed, {at}, target >= {SPEED:.0%}",
            speed >= SPEED,
        ),
        (f"basic takes {share:.0%} of its time, target <= {TIME:.0%}", share <= TIME),
        *kept,
        (
            f"default: {default['seconds']:.1f} s, target < {BUILDS} builds and a minute, "
            f"{most:.1f} s",
            default["seconds"] < most,
        ),
    ]


def show(found: dict[str, Any]) -> None:
    build = found["build"]
    print(f"{found['data']}, recall@{found['k']} of {found['recall']}; a build takes {build:.1f} s")
    for name, one in found["runs"].items():
        print(
            f"  {name:<12}{shown(one['qps'])} queries/s, {one['trials']:>4} trials, "
            f"{one['seconds']:>7.1f} s ({one['seconds'] / build:.1f} builds)"
            f"{'' if one['met'] else ', criterion not met'}\n{'':14}{one['settings']}"
        )
    for text, met in targets(found):
        print(f"  {'met' if met else 'missed':<7}{text}")
    equal = f"{found['equal']:.0%}" if found["equal"] else "not reached"
    print(
        f"        basic's share of exhaustive's speed at recall {found['recall']} of the fresh "
        f"queries: {equal}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="tuning", description=__doc__)
    parser.add_argument("files", nargs="*", help="data sets in HDF5")
    parser.add_argument("--k", default="10,100", help="default: %(default)s")
    parser.add_argument("--recall", default="0.95,0.99", help="default: %(default)s")
    parser.add_argument("--rows", type=int, help="use only the first ROWS vectors")
    parser.add_argument("--repetitions", type=int, default=50, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    asked = parser.parse_args()
    warnings.simplefilter("ignore", vecq.TuningWarning)
    records = []
    for path in asked.files:
        whole = read_hdf5(path)
        data = Dataset(whole.name, whole.metric, np.asarray(whole.train[: asked.rows]), whole.test)
        for k in map(int, asked.k.split(",")):
            for recall in map(float, asked.recall.split(",")):
                records.append(compare(data, k, recall, asked.repetitions, asked.threads))
                show(records[-1])
    if asked.json:
        asked.json.write_text(json.dumps(records, indent=1))


if __name__ == "__main__":
    main()

"""The basic ladder of vecq.tune against trying everything: make bench-tuning.

python -m vecq.bench.tuning FILE.hdf5 ...

Both choose from one grid. What they chose is built anew and timed in turns. Half of the queries are
kept from both: recall on them is what was promised. Beside the speeds of what was chosen stand the
median of the turns, for machines whose cores are shared, and the speeds at equal recall of those
queries, which no luck at the edge of the criterion has a part in. A third run climbs the ladder
over all that there is by default; its seconds are compared with those of one index with the
settings that it has by default, built in the same run. Each target is printed beside what was
measured: met, or SHORT.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import vecq
from vecq.bench.answers import recall_of
from vecq.bench.turns import all_times
from vecq.datasets import Dataset, read_hdf5
from vecq.tuning import Space

# Of exhaustive's speed, and of its time; builds that the default space may cost, and seconds.
SPEED, TIME, BUILDS, SECONDS = 0.85, 0.2, 2.5, 60.0
# A grid that trying everything can be done with: 6 graphs and 18 ef.
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
    """What each run chose, took and promises."""
    found = _tuned(data, k, recall, threads)
    fresh, dim = data.test[1::2], data.train.shape[1]

    def built(**settings: Any) -> vecq.Index:
        index = vecq.Index(dim, data.metric, **settings)  # type: ignore[arg-type]
        return index.add(data.train, threads=threads)

    start = time.perf_counter()
    built()
    build = time.perf_counter() - start
    indexes = {name: built(**one.index_settings) for name, one in found.items()}
    times = all_times(
        {
            name: lambda name=name: indexes[name].search(
                fresh, k, threads=threads, **found[name].search_settings
            )
            for name in found
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
        "turns": _share(times["basic"], times["exhaustive"]),
        "equal": at_equal_recall(rivals, fresh, truth, recall, repetitions, threads),
        "runs": {
            name: _about(one, indexes[name], fresh, truth, len(fresh) / min(times[name]), threads)
            for name, one in found.items()
        },
    }


def _tuned(data: Dataset, k: int, recall: float, threads: int) -> dict[str, vecq.Tuned]:
    runs = {
        "basic": ("basic", grid(k)),
        "exhaustive": ("exhaustive", grid(k)),
        "default": ("basic", Space()),
    }
    return {
        name: vecq.tune(
            *(data.train, data.test[::2], data.metric, k),  # type: ignore[arg-type]
            accuracy=vecq.Recall(recall),
            strategy=strategy,  # type: ignore[arg-type]
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
    """Basic's share of exhaustive's speed where fresh queries of both find as much.

    Which of two neighboring `ef` was chosen is left out of it: each is read between the last that
    finds less than was asked for and the first that does not. None if one of them scans, or never
    finds so much.
    """
    ends = {
        name: _around(index, one, fresh, truth, recall, threads)
        for name, (index, one) in rivals.items()
    }
    if not all(ends.values()):
        return None
    works = {f"{name} {found}": work for name, own in ends.items() for found, work in own.items()}
    times = all_times(works, repetitions)
    seconds = {
        name: [
            np.exp(np.interp(recall, [*own], np.log(turn)))
            for turn in zip(*(times[f"{name} {found}"] for found in own), strict=True)
        ]
        for name, own in ends.items()
    }
    return _share(seconds["basic"], seconds["exhaustive"])


def _around(
    index: vecq.Index, found: vecq.Tuned, fresh: Any, truth: Any, recall: float, threads: int
) -> dict[float, Callable[[], vecq.Result]]:
    """Searches of an index that find less than a recall and as much, by what they find."""
    below: dict[float, Callable[[], vecq.Result]] = {}
    efs = grid(found.k).ladder(found.k, len(index)) if "ef" in found.search_settings else []
    for ef in efs:
        settings = {**found.search_settings, "ef": ef}
        search = partial(index.search, fresh, found.k, threads=threads, **settings)
        reached = recall_of(search().ids, truth)
        if reached >= recall:
            return {**below, reached: search}
        below = {reached: search}
    return {}


def _share(times: list[float], others: list[float]) -> float:
    """How many times the others' speed there is, by the median of turns."""
    return float(np.median(np.asarray(others) / np.asarray(times)))


def _about(
    found: vecq.Tuned, index: vecq.Index, fresh: Any, truth: Any, qps: float, threads: int
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
        "fresh": recall_of(result.ids, truth),
    }


def targets(found: dict[str, Any]) -> list[tuple[str, bool]]:
    """What was to be reached, each with what was, and whether that is enough."""
    runs, build = found["runs"], found["build"]
    basic, every, default = (runs[name] for name in ("basic", "exhaustive", "default"))
    speed, share = basic["qps"] / every["qps"], basic["seconds"] / every["seconds"]
    most = BUILDS * build + SECONDS
    kept = [
        (
            f"{name}: recall on fresh queries, {one['fresh']:.4f}, is within "
            f"{one['promised'][1]:.4f} to {one['promised'][2]:.4f}",
            one["promised"][1] <= one["fresh"] <= one["promised"][2],
        )
        for name, one in runs.items()
    ]
    return [
        (f"basic has {speed:.0%} of exhaustive's speed, at least {SPEED:.0%}", speed >= SPEED),
        (f"basic takes {share:.0%} of its time, at most {TIME:.0%}", share <= TIME),
        *kept,
        (
            f"default: {default['seconds']:.1f} s, less than {BUILDS} builds and a minute, "
            f"{most:.1f} s",
            default["seconds"] < most,
        ),
    ]


def show(found: dict[str, Any]) -> None:
    build = found["build"]
    print(f"{found['data']}, recall@{found['k']} of {found['recall']}; a graph takes {build:.1f} s")
    for name, one in found["runs"].items():
        print(
            f"  {name:<12}{one['qps']:>10,.0f} queries/s, {one['trials']:>4} trials, "
            f"{one['seconds']:>7.1f} s ({one['seconds'] / build:.1f} builds)"
            f"{'' if one['met'] else ', criterion not met'}\n{'':14}{one['settings']}"
        )
    for text, met in targets(found):
        print(f"  {'met' if met else 'SHORT':<6}{text}")
    equal = f"{found['equal']:.0%}" if found["equal"] else "not to be told"
    print(
        f"        basic beside exhaustive, by the median of turns: {found['turns']:.0%}; and where "
        f"fresh queries of both find {found['recall']}: {equal}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m vecq.bench.tuning", description=__doc__)
    parser.add_argument("files", nargs="*", help="data sets in HDF5")
    parser.add_argument("--k", default="10,100", help="(%(default)s)")
    parser.add_argument("--recall", default="0.95,0.99", help="(%(default)s)")
    parser.add_argument("--rows", type=int, help="only the first so many")
    parser.add_argument("--repetitions", type=int, default=50, help="turns (%(default)s)")
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

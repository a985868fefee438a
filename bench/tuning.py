"""The basic ladder of vecq.tune against trying everything: make bench-tuning.

python -m vecq.bench.tuning FILE.hdf5 ...

Both choose from one grid. What they chose is built anew and timed in turns. Half of the queries are
kept from both: recall on them is what was promised. A third run climbs the ladder over all that
there is by default; its seconds are compared with those of one index with the settings that it has
by default, built in the same run. Each target is printed beside what was measured: met, or SHORT.
"""

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import vecq
from vecq.bench.answers import recall_of
from vecq.bench.turns import best_times
from vecq.datasets import Dataset, read_hdf5
from vecq.tuning import Space

# Of exhaustive's speed, and of its time; builds that the default space may cost, and seconds.
SPEED, TIME, BUILDS, SECONDS = 0.85, 0.2, 2.5, 60.0
# A grid that trying everything can be done with: 6 graphs and 18 ef.
MULTIPLES = (1, 1.1, 1.2, 1.3, 1.45, 1.6, 1.8, 2, 2.3, 2.6, 3, 3.5, 4, 5, 7, 10, 16, 30)


def grid(k: int) -> Space:
    return Space(
        codecs=["int8", "int16"],
        wides=[None, "int16"],
        reranks=[1.5, 3.0],
        m=[8, 16, 32],
        ef_construction=[100, 200],
        efs=[round(k * times) for times in MULTIPLES],
    )


def compare(data: Dataset, k: int, recall: float, repetitions: int, threads: int) -> dict[str, Any]:
    """What each run chose, took and promises."""
    queries, fresh = data.test[::2], data.test[1::2]
    runs = {
        "basic": ("basic", grid(k)),
        "exhaustive": ("exhaustive", grid(k)),
        "default": ("basic", Space()),
    }
    found = {
        name: vecq.tune(
            *(data.train, queries, data.metric, k),  # type: ignore[arg-type]
            accuracy=vecq.Recall(recall),
            strategy=strategy,  # type: ignore[arg-type]
            space=space,
            threads=threads,
        )
        for name, (strategy, space) in runs.items()
    }
    dim = data.train.shape[1]
    start = time.perf_counter()
    vecq.Index(dim, data.metric).add(data.train, threads=threads)  # type: ignore[arg-type]
    build = time.perf_counter() - start
    indexes = {
        name: vecq.Index(dim, data.metric, **one.index_settings).add(data.train, threads=threads)  # type: ignore[arg-type]
        for name, one in found.items()
    }
    times = best_times(
        {
            name: lambda name=name: indexes[name].search(
                fresh, k, threads=threads, **found[name].search_settings
            )
            for name in found
        },
        repetitions,
    )
    truth = vecq.exact(fresh, data.train, k, metric=data.metric, threads=threads).ids  # type: ignore[arg-type]
    return {
        "data": data.name,
        "k": k,
        "recall": recall,
        "build": build,
        "runs": {
            name: _about(one, indexes[name], fresh, truth, len(fresh) / times[name], threads)
            for name, one in found.items()
        },
    }


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
        print(f"  {'met' if met else 'SHORT':<6}{text}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m vecq.bench.tuning", description=__doc__)
    parser.add_argument("files", nargs="*", help="data sets in HDF5")
    parser.add_argument("--k", default="10,100", help="(%(default)s)")
    parser.add_argument("--recall", default="0.95,0.99", help="(%(default)s)")
    parser.add_argument("--rows", type=int, help="only the first so many")
    parser.add_argument("--repetitions", type=int, default=5)
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

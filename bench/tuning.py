"""The basic ladder of vecq.tune against trying everything: make bench-tuning.

python -m vecq.bench.tuning FILE.hdf5 ...

Both choose from one grid. What they chose is built anew and timed in turns. Half of the queries are
kept from both: recall on them is what was promised. Seconds are compared with those of one graph
with the settings that an index has by default.
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

# A grid that trying everything can be done with: 12 graphs and 18 ef.
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
    """What both strategies chose, took and promise."""
    queries, fresh = data.test[::2], data.test[1::2]
    found = {
        strategy: vecq.tune(
            *(data.train, queries, data.metric, k),  # type: ignore[arg-type]
            accuracy=vecq.Recall(recall),
            strategy=strategy,  # type: ignore[arg-type]
            space=grid(k),
            threads=threads,
        )
        for strategy in ("basic", "exhaustive")
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
        "strategies": {
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
        "settings": json.loads(found.json()) | found.search_settings,
        "promised": [found.accuracy, *found.interval],
        "fresh": recall_of(result.ids, truth),
    }


def show(found: dict[str, Any]) -> None:
    basic, every = found["strategies"]["basic"], found["strategies"]["exhaustive"]
    build = found["build"]
    print(f"{found['data']}, recall@{found['k']} of {found['recall']}; a graph takes {build:.1f} s")
    for name, one in found["strategies"].items():
        accuracy, low, high = one["promised"]
        kept = "kept" if low <= one["fresh"] <= high else "NOT KEPT"
        print(
            f"  {name:<12}{one['qps']:>10,.0f} queries/s, {one['trials']:>4} trials, "
            f"{one['seconds']:>7.1f} s; promised {accuracy:.4f} ({low:.4f} to {high:.4f}), "
            f"fresh {one['fresh']:.4f}: {kept}\n{'':14}{one['settings']}"
        )
    print(
        f"  basic has {basic['qps'] / every['qps']:.0%} of the speed in "
        f"{basic['seconds'] / every['seconds']:.0%} of the time, "
        f"{basic['seconds'] / build:.1f} builds (a minute aside: "
        f"{max(basic['seconds'] - 60, 0) / build:.1f})",
        flush=True,
    )


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

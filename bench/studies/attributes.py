"""Conditions on attributes: make bench-attributes.

Three tables, on one thread: the time to evaluate one condition over all items; many queries with a
condition each against one shared condition of the same selectivity; and recall by selectivity.
`near` is correlated with the vectors, `far` is not; sellers and tags have power-law frequencies.
"""

import argparse
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.bench.truth import brute_force
from vecq.core.ranking import Truth
from vecq.datasets import Dataset
from vecq.datasets.synthetic import clustered

from .timing import interleaved

SHARES = (0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 0.99)
KINDS: Any = {
    "near": "float32",
    "far": "float32",
    "year": "int64",
    "stock": "bool",
    "seller": "category",
    "tags": "tags",
}
SELLERS = 100_000
# Targets: microseconds per million items, the ratio of conditions per query, and recall.
MICROSECONDS = {"texts": 100, "range": 300}
RATIO, RECALL = 1.5, 0.95


def values_of(data: Dataset, seed: int = 0) -> dict[str, Any]:
    """Draw attributes of all items."""
    rng, rows = np.random.default_rng(seed), len(data.train)
    along = data.train @ rng.standard_normal(data.train.shape[1], np.float32)
    near = np.empty(rows, np.float32)
    near[np.argsort(along)] = np.arange(rows, dtype=np.float32) / rows
    tags = rng.zipf(1.5, (rows, 2)) % 1000
    return {
        "near": near,
        "far": rng.permutation(near),
        "year": rng.integers(0, 1000, rows),
        "stock": rng.random(rows) < 0.7,
        "seller": [f"s{number}" for number in rng.zipf(1.3, rows) % SELLERS],
        "tags": [[f"t{one}", f"t{two}"] for one, two in tags.tolist()],
    }


def fresh_conditions() -> dict[str, tuple[str, Callable[[int], str]]]:
    """Conditions whose texts differ by a number, so that no evaluation is cached."""
    return {
        "category, frequent": ("texts", lambda i: f"seller = 's1' {' ' * i}"),
        "category, rare": ("texts", lambda i: f"seller = 's{1000 + i}'"),
        "category, 20 values": (
            "texts",
            lambda i: f"seller in ({', '.join(repr(f's{j}') for j in range(i + 2, i + 22))})",
        ),
        "tag, frequent": ("texts", lambda i: f"tags has 't1' {' ' * i}"),
        "tag, rare": ("texts", lambda i: f"tags has 't{100 + i}'"),
        "bool": ("texts", lambda i: f"stock {' ' * i}"),
        "range of float32": ("range", lambda i: f"far between 0.{i + 10001} and 0.7"),
        "range of int64": ("range", lambda i: f"year >= {i} and year < 900"),
        "three terms": ("range", lambda i: f"far < 0.{i + 5001} and stock and tags has 't1'"),
    }


def evaluation_times(index: vecq.Index, repetitions: int) -> Iterator[dict[str, Any]]:
    """Time searches with new conditions, and with the same ones again: the difference is the
    evaluation."""
    query, count = index.get(index.ids[0]), 50
    options: Any = {"k": 1, "ef": 1, "plan": "walk"}
    for name, (target, text) in fresh_conditions().items():
        numbers: list[int] = list(range(count))

        def known(text: Callable[[int], str] = text, numbers: list[int] = numbers) -> None:
            for number in numbers:
                index.search(query, where=text(number), **options)

        def fresh(known: Callable[[], None] = known, numbers: list[int] = numbers) -> None:
            numbers[:] = [(number + count) % 4000 for number in numbers]
            known()

        times = interleaved({"fresh": fresh, "known": known}, repetitions)
        spent = (times["fresh"].median - times["known"].median) / count
        yield {
            "condition": name,
            "target": MICROSECONDS[target],
            "microseconds": 1e6 * spent,
            "known": 1e6 * times["known"].median / count,
        }


def window(name: str, share: float, start: float) -> str:
    return f"{name} >= {start:.7f} and {name} < {start + share:.7f}"


def per_query(
    data: Dataset, index: vecq.Index, queries: int, repetitions: int
) -> Iterator[dict[str, Any]]:
    """Compare one condition for each query with one for all, of the same selectivity."""
    rng, users = np.random.default_rng(1), np.resize(data.test, (queries, data.test.shape[1]))
    for name, share, k in itertools.product(("near", "far"), (0.01, 0.1, 0.5), (10, 100)):
        starts = rng.uniform(0, 1 - share, queries)
        own: Any = [window(name, share, start) for start in starts]
        fixed = window(name, share, 0.25)

        def shared(fixed: str = fixed, k: int = k) -> Any:
            return index.search(users, k, where=fixed)

        def each(own: Any = own, k: int = k) -> Any:
            return index.search(users, k, where=own)

        times = interleaved({"shared": shared, "each": each}, repetitions)
        explained = [index.search(users, k, where=w, explain=True) for w in (fixed, own)]
        yield {
            "attribute": name,
            "share": share,
            "k": k,
            "plans": [found.explanation.plan for found in explained if found.explanation],
            "shared": 1e6 * times["shared"].median / queries,
            "each": 1e6 * times["each"].median / queries,
            "ratio": times["each"].median / times["shared"].median,
        }


def allowed_truth(
    data: Dataset, queries: NDArray[np.float32], k: int, rows: NDArray[np.int64]
) -> Truth:
    found = brute_force(data.train[rows], queries, data.metric, k)
    return Truth(np.where(found.ids >= 0, rows[found.ids], -1), found.scores, k)


def recalls(data: Dataset, index: vecq.Index, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Measure recall against exact truth at every selectivity."""
    queries = data.test[:200]
    for name, share, k in itertools.product(("near", "far"), SHARES, (10, 100)):
        low = np.float32(1 - share)
        rows = np.flatnonzero(values[name] >= low)
        where = f"{name} >= {float(low)!r}"
        found = index.search(queries, k, where=where, explain=True)
        shown = found.ids[found.ids >= 0]
        yield {
            "attribute": name,
            "share": share,
            "k": k,
            "plan": found.explanation.plan if found.explanation else "",
            "recall": allowed_truth(data, queries, k, rows).recall(found.ids),
            "violations": int((values[name][shown] < low).sum()),
        }


def main() -> None:
    parser = argparse.ArgumentParser(prog="attributes", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="default: %(default)s")
    parser.add_argument("--dim", type=int, default=64, help="default: %(default)s")
    parser.add_argument("--queries", type=int, default=1000, help="default: %(default)s")
    parser.add_argument("--repetitions", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    data = clustered(options.rows, options.dim)
    values = values_of(data)
    index = vecq.Index(options.dim, data.metric, attributes=KINDS)
    index.add(data.train, attributes=values, progress=False)
    print(f"{data.name}: {options.rows:,} x {options.dim}, {data.metric}", flush=True)
    tables: dict[str, list[dict[str, Any]]] = {"evaluation": [], "per query": [], "recall": []}
    print("  condition             microseconds  target    known condition, whole search")
    for found in evaluation_times(index, options.repetitions):
        tables["evaluation"].append(found)
        print(
            f"  {found['condition']:<22}{found['microseconds']:>12.1f}{found['target']:>8}"
            f"{found['known']:>12.1f}",
            flush=True,
        )
    print("  attribute  share    k    shared      each   ratio  plans (microseconds per query)")
    for found in per_query(data, index, options.queries, options.repetitions):
        tables["per query"].append(found)
        print(
            f"  {found['attribute']:<8}{found['share']:>8.1%}{found['k']:>5}"
            f"{found['shared']:>10.1f}{found['each']:>10.1f}{found['ratio']:>8.2f}"
            f"  {', '.join(found['plans'])}"
            f"{'' if found['ratio'] <= RATIO else '  missed'}",
            flush=True,
        )
    print("  attribute  share    k  recall  violations  plan")
    for found in recalls(data, index, values):
        tables["recall"].append(found)
        print(
            f"  {found['attribute']:<8}{found['share']:>8.1%}{found['k']:>5}{found['recall']:>8.4f}"
            f"{found['violations']:>8}  {found['plan']}"
            f"{'' if found['recall'] >= RECALL else '  missed'}",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(tables, indent=1))


if __name__ == "__main__":
    main()

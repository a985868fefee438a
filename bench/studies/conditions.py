"""A condition for each query of a call against one for all: make bench-conditions.

One table, on one thread, in microseconds per query: kinds of conditions by selectivity. A column
of `far` or `near` has texts of equal shares, drawn at random or by a projection of the vectors.
Conditions repeat where a column has fewer texts than there are queries.
"""

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np

import vecq
from vecq.datasets import Dataset
from vecq.datasets.synthetic import clustered

from .timing import interleaved

# Numbers of texts that make the selectivity: of one text, of any of three, of one of four tags.
TEXTS = {0.001: 1000, 0.01: 100, 0.1: 10, 0.5: 2}
THREE = {0.001: 3000, 0.01: 300, 0.1: 30, 0.5: 6}
TAGS = {0.001: 4000, 0.01: 400, 0.1: 40, 0.5: 8}
RATIO = 1.5  # target


def values_of(data: Dataset, seed: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw attributes of all items. Returns their kinds and values."""
    rng, rows = np.random.default_rng(seed), len(data.train)
    along = data.train @ rng.standard_normal(data.train.shape[1], np.float32)
    near = np.empty(rows)
    near[np.argsort(along)] = np.arange(rows) / rows
    kinds: dict[str, Any] = {"price": "float32"}
    values: dict[str, Any] = {"price": rng.random(rows, np.float32)}
    for texts in (*TEXTS.values(), *THREE.values()):
        names = np.array([f"s{number}" for number in range(texts)])
        values[f"far{texts}"] = names[rng.integers(0, texts, rows)].tolist()
        values[f"near{texts}"] = names[(near * texts).astype(int)].tolist()
        kinds |= {f"far{texts}": "category", f"near{texts}": "category"}
    for texts in TAGS.values():
        names = np.array([f"s{number}" for number in range(texts)])
        # Four tags a quarter of all texts apart, so that they differ.
        first = rng.integers(0, texts, rows)
        tags = (first[:, None] + np.arange(4) * (texts // 4)) % texts
        values[f"tags{texts}"] = names[tags].tolist()
        kinds[f"tags{texts}"] = "tags"
    return kinds, values


def three_of(texts: int, rng: np.random.Generator) -> list[str]:
    return [f"'s{one}'" for one in rng.choice(texts, 3, replace=False)]


def draw(kind: str, column: str, share: float, rng: np.random.Generator) -> str:
    """Draw a condition of a kind and selectivity."""
    if kind == "text":
        return f"{column}{TEXTS[share]} = 's{rng.integers(TEXTS[share])}'"
    if kind == "tag":
        return f"tags{TAGS[share]} has 's{rng.integers(TAGS[share])}'"
    if kind == "three texts":
        return f"{column}{THREE[share]} in ({', '.join(three_of(THREE[share], rng))})"
    names = three_of(10, rng)
    text, width = {
        0.001: (f"{column}100 = 's{rng.integers(100)}'", 0.1),
        0.01: (f"{column}10 = {names[0]}", 0.1),
        0.1: (f"{column}10 in ({', '.join(names)})", 1 / 3),
        0.5: (f"{column}10 != {names[0]}", 5 / 9),
    }[share]
    low = rng.random() * (1 - width)
    return f"{text} and price >= {low:.6f} and price < {low + width:.6f}"


def per_query(
    data: Dataset, index: vecq.Index, queries: int, k: int, repetitions: int
) -> Iterator[dict[str, Any]]:
    """Compare conditions of one kind for each query with the first of them for all."""
    users = np.resize(data.test, (queries, data.test.shape[1]))
    for kind in ("text", "tag", "three texts", "text and range"):
        for column in ("far",) if kind == "tag" else ("far", "near"):
            for share in TEXTS:
                rng = np.random.default_rng(1)
                own: Any = [draw(kind, column, share, rng) for _ in range(queries)]

                def shared(own: Any = own) -> Any:
                    return index.search(users, k, where=own[0])

                def each(own: Any = own) -> Any:
                    return index.search(users, k, where=own)

                times = interleaved({"shared": shared, "each": each}, repetitions)
                explained = [index.search(users, k, where=w, explain=True) for w in (own[0], own)]
                yield {
                    "kind": kind,
                    "column": column,
                    "share": share,
                    "conditions": len(set(own)),
                    "plans": [found.explanation.plan for found in explained if found.explanation],
                    "shared": 1e6 * times["shared"].median / queries,
                    "each": 1e6 * times["each"].median / queries,
                    "ratio": times["each"].median / times["shared"].median,
                }


def main() -> None:
    parser = argparse.ArgumentParser(prog="conditions", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="default: %(default)s")
    parser.add_argument("--dim", type=int, default=64, help="default: %(default)s")
    parser.add_argument("--queries", type=int, default=1000, help="default: %(default)s")
    parser.add_argument("--k", type=int, default=100, help="default: %(default)s")
    parser.add_argument("--repetitions", type=int, default=5, help="default: %(default)s")
    options = parser.parse_args()
    data = clustered(options.rows, options.dim)
    kinds, values = values_of(data)
    index = vecq.Index(options.dim, data.metric, attributes=kinds)
    index.add(data.train, attributes=values, progress=False)
    print(
        f"{data.name}: {options.rows:,} x {options.dim}, {data.metric}, k={options.k}", flush=True
    )
    print("  condition       column  share  distinct    shared      each   ratio  plans")
    for found in per_query(data, index, options.queries, options.k, options.repetitions):
        print(
            f"  {found['kind']:<16}{found['column']:<6}{found['share']:>7.1%}"
            f"{found['conditions']:>10}{found['shared']:>10.1f}{found['each']:>10.1f}"
            f"{found['ratio']:>8.2f}  {', '.join(found['plans'])}"
            f"{'' if found['ratio'] <= RATIO else '  missed'}",
            flush=True,
        )


if __name__ == "__main__":
    main()

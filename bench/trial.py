"""A try in another process, for contestants that might take this one down."""

from typing import Any

from vecq.bench.adapters import Spec
from vecq.bench.child import LostError, ask
from vecq.datasets import Dataset

ROWS, QUERIES, K, SECONDS = 1000, 10, 10, 120.0


def trial(spec: Spec, data: Dataset) -> str | None:
    """Builds and searches a few vectors elsewhere, and tells whether that process survived.

    Exceptions are left to the real build, which tells of them.
    """
    rows, queries = data.train[:ROWS].copy(), data.test[:QUERIES].copy()
    try:
        ask(_attempt, spec, rows, queries, data.metric, seconds=SECONDS)
    except LostError as error:
        return f"{error} when tried on {len(rows):,} vectors"
    except RuntimeError:
        return None
    return None


def _attempt(spec: Spec, rows: Any, queries: Any, metric: str) -> None:
    adapter = spec.make()
    adapter.build(adapter.prepare(rows, metric), metric, 1)
    k = min(K, len(rows))
    adapter.set(adapter.ladder(k, len(rows))[0], k, 1)
    adapter.search(adapter.prepare_queries(queries, metric), k)
    adapter.close()

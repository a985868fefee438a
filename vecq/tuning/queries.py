"""The queries that tuning measures, with the exclusions and held-out items of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arrays import as_floats, as_vectors, float_blocks
from vecq.core.errors import ArgumentError
from vecq.core.ranking import Ids
from vecq.search.exclusions import Exclusions

Floats = NDArray[np.float32]

MOST = 2000  # of more queries a sample is drawn
HELD_OUT = 1000  # most vectors that are held out if there are no queries
FEWEST = 20  # least number of queries


@dataclass(frozen=True)
class Queries:
    """Query vectors, ids to leave out for each, and ids that each chose later."""

    vectors: Floats
    exclude: Sequence[Ids] | None = None
    heldout: Sequence[Ids] | None = None

    def __len__(self) -> int:
        return len(self.vectors)

    def of(self, numbers: Sequence[int] | NDArray[Any]) -> "Queries":
        """Return the queries of these numbers."""
        exclude, heldout = (
            None if lists is None else [lists[number] for number in numbers]
            for lists in (self.exclude, self.heldout)
        )
        return Queries(self.vectors[np.asarray(numbers, np.intp)], exclude, heldout)

    @cached_property
    def excluded(self) -> Any:
        """The argument `exclude` of searches."""
        if self.exclude is None:
            return None
        lengths = np.cumsum([0, *map(len, self.exclude)])
        return lengths, np.concatenate([np.empty(0, np.int64), *self.exclude])


def measurable(queries: ArrayLike, dim: int, exclude: Any, heldout: Any, rows: int) -> Queries:
    """Return the queries that have something to find, from the arguments of `vecq.tune`."""
    vectors = as_finite(queries, "queries", dim)
    chosen = _lists(heldout, len(vectors), "heldout", rows)
    excluded = _lists(exclude, len(vectors), "exclude", rows)
    own = Queries(as_floats(vectors), excluded, chosen)
    kept = [number for number in range(len(own)) if _answerable(own, number, rows)]
    return own if len(kept) == len(own) else own.of(kept)


def _answerable(queries: Queries, number: int, rows: int) -> bool:
    """Return whether a query has an allowed, and if given a held-out, item."""
    barred = np.empty(0, np.int64) if queries.exclude is None else queries.exclude[number]
    if queries.heldout is not None:
        return len(np.setdiff1d(queries.heldout[number], barred)) > 0
    return len(barred) < rows or int(((barred >= 0) & (barred < rows)).sum()) < rows


def as_finite(vectors: ArrayLike, argument: str, dim: int | None = None) -> NDArray[Any]:
    """Return vectors; raise ArgumentError that names the first row with a non-finite value."""
    found = as_vectors(vectors, argument, dim)
    if len(found) == 0:
        raise ArgumentError(f"{argument} has no rows, expected at least one", argument)
    for first, block in float_blocks(found):
        bad = np.flatnonzero(~np.isfinite(block).all(axis=1))
        if len(bad) > 0:
            row = first + bad[0]
            raise ArgumentError(
                f"{argument} has a value that is not finite, in row {row}", argument
            )
    return found


def split(queries: Queries, rng: np.random.Generator) -> tuple[Queries, Queries]:
    """Return two random halves: one that tunes, and one that estimates the accuracy to expect."""
    if len(queries) < FEWEST:
        raise ArgumentError(
            f"queries has {len(queries)} that can be measured, expected at least {FEWEST}: half "
            "of them tune, the other half estimates the accuracy to expect",
            "queries",
        )
    order = rng.permutation(len(queries))[:MOST]
    half = len(order) // 2
    return queries.of(np.sort(order[:half])), queries.of(np.sort(order[half:]))


def hold_out(rows: NDArray[Any], rng: np.random.Generator) -> tuple[NDArray[Any], Queries]:
    """Hold out some vectors as queries; return the other vectors and the queries."""
    count = min(HELD_OUT, len(rows) // 10)
    if count < FEWEST:
        raise ArgumentError(
            f"vectors has {len(rows)} rows, too few to hold out {FEWEST} as queries: give queries",
            "vectors",
        )
    drawn = np.sort(rng.choice(len(rows), count, replace=False))
    return np.delete(rows, drawn, axis=0), Queries(as_floats(rows[drawn]))


def _lists(lists: Any, count: int, argument: str, rows: int) -> list[Ids] | None:
    """Return a list of row numbers for each query, each number once."""
    if lists is None:
        return None
    try:
        found = Exclusions.of(lists, count, hint="")
    except ArgumentError as error:
        raise ArgumentError(str(error).replace("exclude", argument), argument) from None
    assert found is not None
    own = [np.unique(found.ids_of(query)) for query in range(count)]
    worst = max((int(ids[-1]) for ids in own if len(ids) > 0), default=-1)
    if argument == "heldout" and worst >= rows:
        raise ArgumentError(
            f"heldout has {worst}, expected numbers of rows of vectors, 0 to {rows - 1}", argument
        )
    return own

"""The answers of a job: searches for a block of users, and record batches of their results."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.batch.sources import arrow
from vecq.core.errors import ArgumentError
from vecq.core.names import arrow_names_of, names_version
from vecq.core.native_index import NativeIndex
from vecq.search.exclusions import Exclusions
from vecq.search.knn import search_numbers
from vecq.search.result import Result


class Answers:
    """Finds the k best items for users, whose ids are in an Arrow field `users`.

    The constructor refuses wrong options.
    """

    def __init__(self, native: NativeIndex, k: int, options: dict[str, Any], users: Any) -> None:
        self._native, self._k, self._options = native, k, options
        self._version = names_version(native)
        pa = arrow()
        ids = pa.list_(pa.large_string() if native.has_names else pa.int64())
        fields = [(users.name, users.type), ("ids", ids), ("scores", pa.list_(pa.float32()))]
        self.schema = pa.schema(fields)  # of the record batches
        # Without queries a search skips checks; no array of one value per query fits both.
        for queries in (0, 1):
            search_numbers(native, np.ones((queries, native.dim), np.float32), k, **options)

    def search(self, rows: NDArray[np.float32], seen: Exclusions) -> Result:
        """Search for the users of a block. String ids are left as numbers."""
        return search_numbers(self._native, rows, self._k, exclude=seen, **self._options)

    def batch(self, users: Any, found: Result) -> Any:
        """Return a record batch of user ids and their results."""
        pa = arrow()
        offsets = np.concatenate([[0], np.cumsum(found.counts)]).astype(np.int32)
        kept = np.arange(self._k) < found.counts[:, None]
        is_full = kept.all()
        numbers = found.ids.ravel() if is_full else found.ids[kept]
        scores = found.scores.ravel() if is_full else found.scores[kept]
        columns = [
            users,
            pa.ListArray.from_arrays(offsets, self._ids(numbers)),
            pa.ListArray.from_arrays(offsets, pa.array(scores)),
        ]
        if names_version(self._native) != self._version:
            raise ArgumentError("index has changed during the job, start it again", "index")
        return pa.record_batch(columns, schema=self.schema)

    def _ids(self, numbers: NDArray[np.int64]) -> Any:
        if self._native.has_names:
            return arrow_names_of(self._native, np.ascontiguousarray(numbers))
        return arrow().array(numbers)

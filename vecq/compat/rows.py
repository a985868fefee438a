"""Which row of an index has which label, and which rows may be found.

A row is stale when its label is that of a later row, or when it was deleted and its place given
away. It stays in the index, and is never found, until the index is made anew.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Rows:
    """Labels of rows, in the order in which these were added."""

    def __init__(self, dtype: DTypeLike) -> None:
        self.labels: NDArray[Any] = np.empty(0, dtype)
        self.alive = np.empty(0, bool)
        self.deleted: set[int] = set()
        self._rows: dict[int, int] = {}

    def __len__(self) -> int:
        """How many labels there are, those that are deleted included."""
        return len(self._rows)

    def __contains__(self, label: int) -> bool:
        return label in self._rows

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows)

    @property
    def stale(self) -> int:
        return len(self.labels) - len(self)

    def add(self, labels: NDArray[Any]) -> None:
        """Gives labels to as many rows that are new; a label that is there already changes rows."""
        known = labels.tolist()
        before = [self._rows[label] for label in known if label in self._rows]
        self.alive[before] = False
        self.deleted.difference_update(known)
        first = len(self.labels)
        self._rows.update(zip(known, range(first, first + len(known)), strict=True))
        self.labels = np.append(self.labels, labels)
        self.alive = np.append(self.alive, np.ones(len(labels), bool))

    def forget(self, labels: Iterable[int]) -> None:
        """Labels that are deleted give their places away."""
        for label in labels:
            self.deleted.remove(label)
            del self._rows[label]

    def row_of(self, label: int, deleted: bool) -> int:
        """The row of a label, one that is deleted only if these count, too."""
        row = self._rows.get(int(label))
        if row is None or (not deleted and label in self.deleted):
            raise RuntimeError("Label not found")
        return row

    def delete(self, label: int) -> None:
        row = self.row_of(label, deleted=True)
        if label in self.deleted:
            raise RuntimeError("The requested to delete element is already deleted")
        self.deleted.add(int(label))
        self.alive[row] = False

    def restore(self, label: int) -> None:
        row = self.row_of(label, deleted=True)
        if label not in self.deleted:
            raise RuntimeError("The requested to undelete element is not deleted")
        self.deleted.discard(int(label))
        self.alive[row] = True

    def current(self) -> NDArray[np.int64]:
        """Rows that are not stale, in order."""
        return np.sort(np.fromiter(self._rows.values(), np.int64, len(self)))

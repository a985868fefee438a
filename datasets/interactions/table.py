"""Interactions as columns: user, item, weight, time."""

from array import array
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq import DatasetError


@dataclass(frozen=True, repr=False)
class Interactions:
    """Interactions of users with items, one pair per row; both are numbered from 0.

    Args:
        users: The user of each pair.
        items: The item of each pair.
        weights: The strength of each pair; None: all are equal.
        times: The time of each pair; None: unknown.
        user_names: The name of each user in the source.
        item_names: The name of each item in the source.
    """

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    weights: NDArray[np.float64] | None
    times: NDArray[np.float64] | None
    user_names: list[str]
    item_names: list[str]

    def __len__(self) -> int:
        return len(self.users)

    def __repr__(self) -> str:
        return (
            f"<vecq.datasets.Interactions of {len(self.user_names):,} users with "
            f"{len(self.item_names):,} items: {len(self):,}>"
        )

    def take(self, rows: NDArray[Any]) -> "Interactions":
        """Return some of the pairs; users and items keep their numbers."""
        weights, times = (
            None if column is None else column[rows] for column in (self.weights, self.times)
        )
        names = self.user_names, self.item_names
        return Interactions(self.users[rows], self.items[rows], weights, times, *names)

    def merged(self) -> "Interactions":
        """Merge repeated pairs: sum their weights, and keep the latest time."""
        keys = self.users * len(self.item_names) + self.items
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        if len(first) == len(self):
            return self
        merged = self.take(first)
        weights = np.ones(len(self)) if self.weights is None else self.weights
        times = None
        if self.times is not None:
            times = np.full(len(first), -np.inf)
            np.maximum.at(times, inverse, self.times)
        return Interactions(
            *(merged.users, merged.items, np.bincount(inverse, weights).astype(np.float64), times),
            *(self.user_names, self.item_names),
        )


@dataclass
class Builder:
    """Collects interactions while a file is read."""

    weighted: bool = False
    timed: bool = False
    users: "array[int]" = field(default_factory=lambda: array("q"))
    items: "array[int]" = field(default_factory=lambda: array("q"))
    weights: "array[float]" = field(default_factory=lambda: array("d"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    user_numbers: dict[str, int] = field(default_factory=dict)
    item_numbers: dict[str, int] = field(default_factory=dict)

    def add(self, user: str, item: str) -> None:
        """Append a pair; new users and items get the next number."""
        self.users.append(self.user_numbers.setdefault(user, len(self.user_numbers)))
        self.items.append(self.item_numbers.setdefault(item, len(self.item_numbers)))

    def build(self) -> Interactions:
        """Return the collected interactions; DatasetError if there are none."""
        if not self.users:
            raise DatasetError("has no interactions", "user")
        return Interactions(
            np.array(self.users, np.int64),
            np.array(self.items, np.int64),
            np.array(self.weights) if self.weighted else None,
            np.array(self.times) if self.timed else None,
            list(self.user_numbers),
            list(self.item_numbers),
        )

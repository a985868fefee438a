"""Recommendations of implicit's models, by an index of their items.

A model of matrix factorisation scores all items for every user; an index walks to the best of them.
Many users are answered in one call, each without the items that they have liked, of which none is
asked for in vain.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.codec import Codec, Kind
from vecq.errors import ArgumentError
from vecq.index import Index
from vecq.interop.pickling import from_bytes, to_bytes

# Users that the graph is repaired by.
USERS = 10_000
# What implicit has where there are fewer items.
NOTHING = -float(np.finfo(np.float32).max)

Found = tuple[NDArray[np.int32], NDArray[np.float32]]


class VecqModel:
    """A trained model of implicit whose `recommend` searches an index; all else is the model's own.

    Args:
        model: has `user_factors` and `item_factors`, as those of implicit.als, bpr and lmf.
        codec: how items are coded, as in `vecq.Index`.
        rerank: keep wider codes, too, as in `vecq.Index`.
        ef: how many candidates a search keeps; None for 100 more than wanted.
        threads: for many users at a time; 0 for all cores.
        m: as in `vecq.Index`, and so are
        ef_construction: and
        seed: of the graph.

    >>> import implicit, scipy.sparse
    >>> likes = scipy.sparse.random(200, 300, 0.1, "csr", dtype="float32", random_state=0)
    >>> model = implicit.als.AlternatingLeastSquares(16, random_state=0)
    >>> model.fit(likes, show_progress=False)
    >>> ids, scores = VecqModel(model).recommend([3, 5], likes[[3, 5]], N=10)
    >>> ids.shape
    (2, 10)
    """

    def __init__(
        self,
        model: Any,
        codec: Kind | Codec = "int8",
        rerank: Kind | Codec | None = None,
        *,
        ef: int | None = None,
        threads: int = 0,
        m: int = 16,
        ef_construction: int = 200,
        seed: int = 0,
    ) -> None:
        items, users = (_factors(model, name) for name in ("item_factors", "user_factors"))
        self.model, self._ef, self._threads = model, ef, threads
        settings: dict[str, Any] = {"m": m, "ef_construction": ef_construction, "seed": seed}
        self.index = Index(items.shape[1], "ip", codec, rerank=rerank, **settings)
        self.index.add(items, users=users[:: -(-len(users) // USERS)], threads=threads)

    def recommend(
        self,
        userid: Any,
        user_items: Any,
        N: int = 10,  # noqa: N803
        filter_already_liked_items: bool = True,
        filter_items: ArrayLike | None = None,
        recalculate_user: bool = False,
        items: ArrayLike | None = None,
    ) -> Found:
        """The best `N` items of a user, or of each of several, and their scores.

        Where there are fewer, ids are -1.

        Args:
            userid: a number, or an array of them.
            user_items: a CSR matrix of what these users have liked, a row for each.
            N: how many items.
            filter_already_liked_items: leave out what is in `user_items`.
            filter_items: leave these items out for all users.
            recalculate_user: make the users' factors of `user_items`.
            items: recommend only these.
        """
        users = np.atleast_1d(np.asarray(userid))
        liked = self._liked(user_items, len(users), filter_already_liked_items or recalculate_user)
        if recalculate_user:
            wanted = np.asarray(self.model.recalculate_user(users, liked))
        else:
            wanted = _rows(self.model, users)
        found = self.index.search(
            np.atleast_2d(wanted),
            N,
            ef=self._ef,
            exclude=liked if filter_already_liked_items else None,
            allow=None if items is None else np.asarray(items),
            deny=None if filter_items is None else np.asarray(filter_items),
            threads=self._threads,
        )
        ids = found.ids.astype(np.int32)
        scores = np.where(ids >= 0, found.scores, np.float32(NOTHING))
        return (ids, scores) if np.ndim(userid) > 0 else (ids[0], scores[0])

    def _liked(self, user_items: Any, count: int, needed: bool) -> Any:
        if not needed:
            return None
        if getattr(user_items, "format", None) != "csr":
            raise ArgumentError(
                f"user_items is a {type(user_items).__name__}, expected a CSR matrix", "user_items"
            )
        if user_items.shape[0] != count:
            raise ArgumentError(
                f"user_items has {user_items.shape[0]} rows, expected {count}, one for each user",
                "user_items",
            )
        if user_items.shape[1] > len(self.index):
            raise ArgumentError(
                f"user_items has {user_items.shape[1]} columns, but the model has "
                f"{len(self.index)} items",
                "user_items",
            )
        return user_items

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "index": to_bytes(self.index)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({**state, "index": from_bytes(state["index"])})

    def __getattr__(self, name: str) -> Any:
        if name == "model":  # while it is being unpickled
            raise AttributeError(name)
        return getattr(self.model, name)


def _factors(model: Any, name: str) -> NDArray[np.float32]:
    factors = getattr(model, name, None)
    if factors is None:
        raise ArgumentError(f"model has no {name}, expected one that was fitted", "model")
    own = factors.to_numpy() if hasattr(factors, "to_numpy") else factors
    return np.ascontiguousarray(own, np.float32)


def _rows(model: Any, users: NDArray[Any]) -> NDArray[np.float32]:
    factors = _factors(model, "user_factors")
    if users.dtype.kind not in "iu" or ((users < 0) | (users >= len(factors))).any():
        raise ArgumentError(
            f"userid has what is no number of a user, expected 0 to {len(factors) - 1}", "userid"
        )
    chosen: NDArray[np.float32] = factors[users]
    return chosen

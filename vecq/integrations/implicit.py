"""Recommendations of implicit's models, by an index of their items.

A model of matrix factorisation scores all items for every user; an index walks to the best of them.
Many users are answered in one call, each without the items that they have liked, of which none is
asked for in vain.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arguments import MOST, whole
from vecq.core.arrays import as_ids
from vecq.core.errors import ArgumentError
from vecq.index import Index
from vecq.quantization.codec import Codec, Kind

# Users that the graph is repaired by.
USERS = 10_000
# Candidates beyond those wanted: of walks, which keep at least twice as many as are wanted, and of
# what is scored once more. Ten of these were enough for codes, and 30 for walks, to find 0.99.
SPARE, RESCORED = 50, 30
# What implicit has where there are fewer items.
NOTHING = -float(np.finfo(np.float32).max)

Found = tuple[NDArray[np.int32], NDArray[np.float32]]


class VecqModel:
    """A trained model of implicit whose `recommend` searches an index; all else is the model's own.

    What it learns by `fit` or `partial_fit_items` goes to the index as well; who trains the inner
    model behind its back makes another of these.

    Args:
        model: has `user_factors` and `item_factors`, as those of implicit.als, bpr and lmf.
        codec: how items are coded, as in `vecq.Index`.
        rerank_codec: keep wider codes, too, as in `vecq.Index`; "auto" is "fp16" beside int8, which
            alone may lose a hundredth of what the model would recommend, and none beside other
            codes.
        ef: how many candidates a search keeps; None for 50 more than wanted, or twice as many.
        threads: to make the index, and for many users at a time; 0 for all cores. One user alone is
            answered on one thread.
        m: as in `vecq.Index`, and so are
        ef_construction: and
        seed: of the graph.
        approximate_similar_items: answer `similar_items` by an index, too, a second one, which
            takes as long to make.

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
        rerank_codec: Kind | Codec | Literal["auto"] | None = "auto",
        *,
        ef: int | None = None,
        threads: int = 0,
        m: int = 16,
        ef_construction: int = 200,
        seed: int = 0,
        approximate_similar_items: bool = False,
    ) -> None:
        self.model, self._ef, self._threads = model, ef, threads
        if rerank_codec == "auto":
            rerank_codec = "fp16" if Codec.of(codec).kind == "int8" else None
        self._settings: dict[str, Any] = {"codec": codec, "rerank_codec": rerank_codec, "m": m}
        self._settings.update(ef_construction=ef_construction, seed=seed)
        self.similar_items_index: Index | None = None
        self._build(approximate_similar_items)

    def _build(self, similar: bool) -> None:
        items, users = (_all_factors(self.model, kind) for kind in ("item", "user"))
        index = Index(items.shape[1], "ip", **self._settings)
        index.add(items, users=users[:: -(-len(users) // USERS)], threads=self._threads)
        if similar:
            near = Index(items.shape[1], "cosine", **self._settings)
            self.similar_items_index = near.add(items, threads=self._threads)
        self.index = index

    def fit(self, user_items: Any, *args: Any, **options: Any) -> None:
        """Trains the model, as its own `fit` does, and makes the index anew."""
        self.model.fit(user_items, *args, **options)
        self._build(self.similar_items_index is not None)

    def partial_fit_items(self, itemids: ArrayLike, item_users: Any) -> None:
        """Learns some items anew, as the model's own does, and updates them in the index."""
        self.model.partial_fit_items(itemids, item_users)
        total = _fitted(self.model, "item").shape[0]
        changed = np.union1d(np.asarray(itemids), np.arange(len(self.index), total))
        vectors = _some_factors(self.model, "item", changed)
        for index in (self.index, self.similar_items_index):
            if index is not None:
                index.upsert(vectors, changed, threads=self._threads)

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
        users = _numbers(userid, "userid")
        liked = self._liked(user_items, len(users), filter_already_liked_items or recalculate_user)
        if recalculate_user:
            wanted = np.asarray(self.model.recalculate_user(users, liked))
        else:
            wanted = _some_factors(self.model, "user", users)
        exclude = liked if filter_already_liked_items else None
        found = self._search(self.index, wanted, N, filter_items, items, exclude)
        return found if np.ndim(userid) > 0 else (found[0][0], found[1][0])

    def similar_items(
        self,
        itemid: Any,
        N: int = 10,  # noqa: N803
        recalculate_item: bool = False,
        item_users: Any = None,
        filter_items: ArrayLike | None = None,
        items: ArrayLike | None = None,
    ) -> Found:
        """The `N` items most like an item, or each of several, itself included, and their cosines.

        They are the model's own answer, unless `approximate_similar_items` was asked for.

        Args:
            itemid: a number, or an array of them.
            N: how many items.
            recalculate_item: make the items' factors of `item_users`.
            item_users: a CSR matrix of who has liked these items, a row for each.
            filter_items: leave these items out.
            items: answer only with these.
        """
        if self.similar_items_index is None:
            own: Found = self.model.similar_items(
                itemid, N, recalculate_item, item_users, filter_items, items
            )
            return own
        numbers = _numbers(itemid, "itemid")
        if recalculate_item:
            wanted = np.asarray(self.model.recalculate_item(numbers, item_users))
        else:
            wanted = _some_factors(self.model, "item", numbers)
        found = self._search(self.similar_items_index, wanted, N, filter_items, items, None)
        return found if np.ndim(itemid) > 0 else (found[0][0], found[1][0])

    def _search(
        self,
        index: Index,
        wanted: NDArray[np.float32],
        N: int,  # noqa: N803
        filter_items: ArrayLike | None,
        items: ArrayLike | None,
        exclude: Any,
    ) -> Found:
        count = whole(N, "N", 1, 2**31 - 1)
        deny = None if filter_items is None else _numbers(filter_items, "filter_items")
        allow = None if items is None else _numbers(items, "items")
        if allow is not None:
            _require_known(allow, "items", len(index))
            if len(allow) == 0:
                raise ArgumentError("items is empty, expected numbers of items", "items")
            count = min(count, len(allow))
        rows = np.atleast_2d(wanted)
        found = index.search(
            rows,
            count,
            exclude=exclude,
            allow=allow,
            deny=deny,
            **self._effort(count),
            threads=self._threads if len(rows) > 1 else 1,  # one walk is over before others wake
        )
        ids = found.ids.astype(np.int32)
        return ids, np.where(ids >= 0, found.scores, np.float32(NOTHING))

    def _effort(self, count: int) -> dict[str, Any]:
        wide = self._settings["rerank_codec"] is not None
        rescored = count + RESCORED if self._ef is None else min(count + RESCORED, self._ef)
        factor = max(1.0, rescored / count) if wide else None
        if self._ef is not None:
            return {"ef": self._ef, "rerank_factor": factor}
        ef = min(max(count + SPARE, 2 * count), MOST)
        return {"ef": ef, "plan": "auto", "rerank_factor": factor}

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

    def __getattr__(self, name: str) -> Any:
        if name == "model":  # while it is being unpickled
            raise AttributeError(name)
        return getattr(self.model, name)


def _all_factors(model: Any, kind: str) -> NDArray[np.float32]:
    """Return the factors of all users or items; a copy if they are not float32 in C order."""
    return _as_floats(_fitted(model, kind))


def _some_factors(model: Any, kind: str, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the factors of some users or items; only these rows are converted or leave a GPU."""
    factors = _fitted(model, kind)
    _require_known(numbers, f"{kind}id", factors.shape[0])
    return _as_floats(factors[numbers.astype(np.int32)])


def _fitted(model: Any, kind: str) -> Any:
    factors = getattr(model, f"{kind}_factors", None)
    if factors is None:
        raise ArgumentError(f"model has no {kind}_factors, expected a fitted model", "model")
    return factors


def _as_floats(factors: Any) -> NDArray[np.float32]:
    """Convert an array, or an implicit.gpu.Matrix, to float32."""
    on_cpu = factors.to_numpy() if hasattr(factors, "to_numpy") else factors
    return np.ascontiguousarray(on_cpu, np.float32)


def _numbers(given: Any, argument: str) -> NDArray[np.int64]:
    """Return row numbers of users or items as an array; a single number becomes one of length 1."""
    array = np.atleast_1d(np.asarray(given))
    return as_ids(array, argument, array.size)


def _require_known(numbers: NDArray[np.int64], argument: str, count: int) -> None:
    unknown = numbers[(numbers < 0) | (numbers >= count)]
    if len(unknown) > 0:
        raise ArgumentError(f"{argument} has {unknown[0]}, expected 0 to {count - 1}", argument)

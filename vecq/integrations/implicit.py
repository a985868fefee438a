"""Recommendations of implicit's models by an index over the item factors.

A matrix factorization scores all items for each user; the index finds the best ones without that.
One call recommends for many users and leaves out what each has liked.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arguments import MOST, counted, type_of, whole
from vecq.core.arrays import as_ids
from vecq.core.errors import ArgumentError
from vecq.index import Index
from vecq.quantization.codec import Codec, Kind

USERS = 10_000  # most users that the graph is repaired for
# Candidates beyond N: of the beam, which is at least 2 N wide, and of reranking. For a recall of
# 0.99, 30 and 10 were enough.
SPARE, RESCORED = 50, 30
# Score that implicit returns in places without an item.
NOTHING = -float(np.finfo(np.float32).max)

Found = tuple[NDArray[np.int32], NDArray[np.float32]]


class VecqModel:
    """A fitted model of implicit whose `recommend` searches an index.

    Items keep their biases, if the model has any, beside their codes, which need not hold them.
    `fit` and `partial_fit_items` train the model and update the index. All other attributes are
    those of the model. If the inner model is trained directly, make a new VecqModel.

    Args:
        model: A model with `user_factors` and `item_factors`: of implicit.als, bpr or lmf.
        codec: Code type of the items, as in `vecq.Index`. Default: "int8".
        rerank_codec: Second code type for rescoring, as in `vecq.Index`. "auto" is "fp16" with
            int8 codes, which alone may lose 1 % of the recommendations, and none with other codes.
            Default: "auto".
        ef: Beam width. Default: N + 50, at least 2 N.
        threads: Threads of the build and of calls with many users; 0 = all cores. A single user is
            answered on one thread. Default: 0.
        m: Links per node, as in `vecq.Index`. Default: 16.
        ef_construction: Beam width while linking, as in `vecq.Index`. Default: 200.
        seed: Seed of the graph. Default: 0.
        approximate_similar_items: Answer `similar_items` by a second index. Default: False.

    Raises:
        ArgumentError: The model is not fitted, or a setting is invalid.

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
        self._bias_column = column = _bias_column(users)
        index = Index(items.shape[1] - (column is not None), "ip", **self._settings)
        sample = _without(users[:: -(-len(users) // USERS)], column)
        index.add(
            _without(items, column), bias=self._biases(items), users=sample, threads=self._threads
        )
        if similar:
            near = Index(items.shape[1], "cosine", **self._settings)
            self.similar_items_index = near.add(items, threads=self._threads)
        self.index = index

    def fit(self, user_items: Any, *args: Any, **options: Any) -> None:
        """Train the model by its own `fit`, and rebuild the index."""
        self.model.fit(user_items, *args, **options)
        self._build(self.similar_items_index is not None)

    def partial_fit_items(self, itemids: ArrayLike, item_users: Any) -> None:
        """Train some items by the model's own `partial_fit_items`, and update the index."""
        self.model.partial_fit_items(itemids, item_users)
        total = _fitted(self.model, "item").shape[0]
        changed = np.union1d(np.asarray(itemids), np.arange(len(self.index), total))
        vectors = _some_factors(self.model, "item", changed)
        rows = _without(vectors, self._bias_column)
        self.index.upsert(rows, changed, bias=self._biases(vectors), threads=self._threads)
        if self.similar_items_index is not None:
            self.similar_items_index.upsert(vectors, changed, threads=self._threads)

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
        """Recommend items to a user or to several users.

        Args:
            userid: A user, or an array of users.
            user_items: CSR matrix of the items that these users have liked, one row per user.
            N: Number of items per user. Default: 10.
            filter_already_liked_items: Leave out the items in `user_items`. Default: True.
            filter_items: Items to leave out for all users.
            recalculate_user: Compute the users' factors from `user_items`. Default: False.
            items: Recommend only these items.

        Returns:
            Ids and scores, best first; ids are -1 if there are fewer items. For one user, rows
            instead of matrices.

        Raises:
            ArgumentError: A user or item is unknown, or `user_items` does not fit.
        """
        users = _numbers(userid, "userid")
        liked = self._liked(user_items, len(users), filter_already_liked_items or recalculate_user)
        if recalculate_user:
            wanted = np.asarray(self.model.recalculate_user(users, liked))
        else:
            wanted = _some_factors(self.model, "user", users)
        exclude = liked if filter_already_liked_items else None
        rows = np.atleast_2d(wanted)
        weights = None if self._bias_column is None else rows[:, self._bias_column]
        rows = _without(rows, self._bias_column)
        found = self._search(self.index, rows, N, filter_items, items, exclude, weights)
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
        """Return the items most similar to an item or to several items, and their cosines.

        The model answers itself unless `approximate_similar_items` is set.

        Args:
            itemid: An item, or an array of items.
            N: Number of items, the item itself included. Default: 10.
            recalculate_item: Compute the items' factors from `item_users`. Default: False.
            item_users: CSR matrix of the users who have liked these items, one row per item.
            filter_items: Items to leave out.
            items: Return only these items.

        Returns:
            Ids and cosines, best first.
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
        weights: NDArray[np.float32] | None = None,
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
            bias_weight=1.0 if weights is None else weights,
            **self._effort(count),
            threads=self._threads if len(rows) > 1 else 1,  # one walk is over before others wake
        )
        ids = found.ids.astype(np.int32)
        return ids, np.where(ids >= 0, found.scores, np.float32(NOTHING))

    def _biases(self, factors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        return None if self._bias_column is None else factors[:, self._bias_column]

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
                f"user_items is {type_of(user_items)}, expected a CSR matrix", "user_items"
            )
        if user_items.shape[0] != count:
            raise ArgumentError(
                f"user_items has {counted(user_items.shape[0], 'row')}, expected {count}, one "
                "for each user",
                "user_items",
            )
        if user_items.shape[1] > len(self.index):
            raise ArgumentError(
                f"user_items has {counted(user_items.shape[1], 'column')}, but the model has "
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


def _bias_column(users: NDArray[np.float32]) -> int | None:
    """The column that is 1 for all users, as in BPR and LMF: there, items have their biases."""
    if len(users) == 0 or users.shape[1] < 2:
        return None
    columns = np.flatnonzero((users[0] == 1) & (users == 1).all(axis=0))
    return int(columns[0]) if len(columns) else None


def _without(factors: NDArray[np.float32], column: int | None) -> NDArray[np.float32]:
    return factors if column is None else np.delete(factors, column, axis=1)


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

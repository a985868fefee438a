"""Several interests per user: each a query, and one result list for all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.arguments import counted
from vecq.core.arrays import as_biases, as_floats, as_vectors
from vecq.core.errors import ArgumentError
from vecq.core.native_index import NativeIndex
from vecq.search.exclusions import Exclusions
from vecq.search.expressions import Where
from vecq.search.result import Result, empty_result

Search = Callable[..., Result]
MERGES = ("max", "sum", "quota")


@dataclass(frozen=True)
class Interests:
    """Interests of user u: `rows[offsets[u] : offsets[u + 1]]`."""

    rows: NDArray[np.float32]
    offsets: NDArray[np.int64]

    @property
    def users(self) -> NDArray[np.int64]:
        """The user of each interest."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))


def has_interests(queries: Any) -> bool:
    """Whether queries have several interests: three dimensions, or a list of matrices."""
    if isinstance(queries, np.ndarray):
        return queries.ndim == 3 and queries.dtype != object
    if not isinstance(queries, Sequence) or isinstance(queries, str) or len(queries) == 0:
        return False
    return all(getattr(own, "ndim", 0) == 2 for own in queries)


def interests_of(queries: Any, dim: int) -> Interests:
    """Read the queries of users with several interests."""
    lengths = [len(own) for own in queries]
    if 0 in lengths:
        raise ArgumentError(f"queries has no interest for user {lengths.index(0)}", "queries")
    if isinstance(queries, np.ndarray):
        users, count, width = queries.shape
        rows = as_vectors(queries.reshape(users * count, width), "queries", dim)
        return Interests(as_floats(rows), np.arange(users + 1) * count)
    parts = [as_floats(as_vectors(own, "queries", dim)) for own in queries]
    return Interests(np.concatenate(parts), np.cumsum([0, *map(len, parts)]))


def search_interests(
    native: NativeIndex,
    search: Search,
    queries: Any,
    k: int,
    *,
    merge: str,
    interest_weights: Any,
    quotas: Any,
    exclude: Any,
    where: Any,
    bias_weight: Any,
    **options: Any,
) -> Result:
    """Search for all interests in one call, and merge the results of each user."""
    interests = interests_of(queries, native.dim)
    users = len(interests.offsets) - 1
    if users == 0:
        return empty_result(0, k)
    if merge not in MERGES:
        raise ArgumentError(f'merge is {merge!r}, expected "max", "sum" or "quota"', "merge")
    if interest_weights is not None and merge != "sum":
        raise ArgumentError('interest_weights are for merge="sum" only', "interest_weights")
    if (quotas is not None) != (merge == "quota"):
        raise ArgumentError('quotas and merge="quota" need each other', "quotas")
    weights = as_biases(bias_weight, "bias_weight", users)
    conditions = Where.of(where, users)
    if merge == "sum":
        own = _of_interests(interest_weights, "interest_weights", interests)
        options["where"] = conditions
        return _search_sums(native, search, interests, own, k, weights, exclude, options)
    for name in ("group_by", "diversity"):
        if options.get(name) not in (None, 0):
            raise ArgumentError(
                f'{name} can\'t be combined with merge="{merge}" of several interests, expected '
                'merge="sum"',
                name,
            )
    own_users = interests.users
    hidden = Exclusions.of(exclude, users)
    excluded = None if hidden is None else [hidden.ids_of(int(user)) for user in own_users]
    found = search(
        native,
        interests.rows,
        k,
        exclude=excluded,
        where=None if conditions is None else conditions.select(own_users),
        bias_weight=weights[own_users],
        **options,
    )
    if merge == "max":
        return _merged(found, own_users, users, k)
    return _by_quota(found, interests, _quotas(quotas, interests, k), k)


def _of_interests(given: Any, argument: str, interests: Interests) -> NDArray[np.float32]:
    """A number per interest, given for all users alike or for each."""
    lengths = np.diff(interests.offsets)
    if given is None:
        return np.ones(len(interests.rows), np.float32)
    if isinstance(given, np.ndarray) and given.ndim == 2:
        given = list(given)
    if isinstance(given, Sequence) and len(given) > 0 and np.ndim(given[0]) == 1:
        if len(given) != len(lengths):
            raise ArgumentError(
                f"{argument} has {counted(len(given), 'row')}, expected one for each of "
                f"{len(lengths)} users",
                argument,
            )
        return np.concatenate(
            [as_biases(own, argument, int(n)) for own, n in zip(given, lengths, strict=True)]
        )
    if len(set(lengths.tolist())) > 1:
        raise ArgumentError(
            f"{argument} is one row, but users have different numbers of interests: expected a "
            "list of rows",
            argument,
        )
    return np.tile(as_biases(given, argument, int(lengths[0])), len(lengths))


def _quotas(given: Any, interests: Interests, k: int) -> NDArray[np.int64]:
    numbers = _of_interests(given, "quotas", interests)
    quotas = numbers.astype(np.int64)
    if (quotas != numbers).any() or (quotas < 0).any():
        raise ArgumentError("quotas has a number that is negative or not whole", "quotas")
    sums = np.add.reduceat(quotas, interests.offsets[:-1]) if len(quotas) else quotas
    if (sums > k).any():
        raise ArgumentError(f"quotas sum to {sums.max()}, expected at most k, {k}", "quotas")
    return quotas


def _search_sums(
    native: NativeIndex,
    search: Search,
    interests: Interests,
    weights: NDArray[np.float32],
    k: int,
    bias_weights: NDArray[np.float32],
    exclude: Any,
    options: dict[str, Any],
) -> Result:
    """Search once per user: a weighted sum of similarities is the similarity to one vector.

    Under ip that is the sum of q, under cosine that of q / |q|, times its length; under l2 the
    mean, times the sum of weights, less the spread of the interests around it.
    """
    if not np.isfinite(weights).all():
        raise ArgumentError("interest_weights has a number that is not finite", "interest_weights")
    rows, starts = interests.rows.astype(np.float64), interests.offsets[:-1]
    factors: NDArray[Any] = weights.astype(np.float64)[:, None]
    if native.metric == "cosine":
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        rows = rows / np.where(norms > 0, norms, 1)
    sums = np.add.reduceat(rows * factors, starts)
    scales, shifts = np.ones(len(starts)), np.zeros(len(starts))
    if native.metric == "cosine":
        scales = np.linalg.norm(sums, axis=1)
    if native.metric == "l2":
        scales = np.add.reduceat(factors[:, 0], starts)
        if (scales <= 0).any():
            raise ArgumentError(
                "interest_weights sum to 0 or less for a user, expected more under l2",
                "interest_weights",
            )
        sums /= scales[:, None]
        squares = np.add.reduceat((rows**2).sum(axis=1) * factors[:, 0], starts)
        shifts = scales * (sums**2).sum(axis=1) - squares
    safe = np.where(scales > 0, scales, 1)
    found = search(
        native,
        sums.astype(np.float32),
        k,
        exclude=exclude,
        bias_weight=(bias_weights / safe).astype(np.float32),
        **options,
    )
    scored = found.scores * safe[:, None] + shifts[:, None]
    found.scores[:] = np.where(found.ids >= 0, scored, found.scores)
    return found


def _sorted_entries(
    found: Result, users: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """User, interest and position of all results, by user and then by falling score."""
    interest, position = np.nonzero(found.ids >= 0)
    order = np.lexsort((-found.scores[interest, position], users[interest]))
    interest, position = interest[order], position[order]
    return users[interest], interest, position


def _merged(found: Result, users: NDArray[np.int64], count: int, k: int) -> Result:
    """The best k different items of each user."""
    user, interest, position = _sorted_entries(found, users)
    ids, scores = found.ids[interest, position], found.scores[interest, position]
    # Stable: of each user and item, the best score comes first.
    by_item = np.lexsort((ids, user))
    is_first = np.ones(len(ids), bool)
    same = (user[by_item][1:] == user[by_item][:-1]) & (ids[by_item][1:] == ids[by_item][:-1])
    is_first[by_item[1:][same]] = False
    user, ids, scores = user[is_first], ids[is_first], scores[is_first]
    rank = np.arange(len(user)) - np.searchsorted(user, user)
    kept = rank < k
    return _result(user[kept], rank[kept], ids[kept], scores[kept], count, k, found)


def _by_quota(found: Result, interests: Interests, quotas: NDArray[np.int64], k: int) -> Result:
    """The best items of each interest up to its quota, then the best of the others up to k."""
    count = len(interests.offsets) - 1
    user, interest, position = _sorted_entries(found, interests.users)
    ids, scores = found.ids[interest, position], found.scores[interest, position]
    bounds = np.searchsorted(user, np.arange(count + 1)).tolist()
    left, interest_list, id_list = quotas.tolist(), interest.tolist(), ids.tolist()
    chosen: list[int] = []
    for own in range(count):
        taken: dict[int, int] = {}
        entries = range(bounds[own], bounds[own + 1])
        wanted = int(quotas[interests.offsets[own] : interests.offsets[own + 1]].sum())
        for entry in entries:
            if len(taken) == wanted:
                break
            if left[interest_list[entry]] > 0 and id_list[entry] not in taken:
                left[interest_list[entry]] -= 1
                taken[id_list[entry]] = entry
        for entry in entries:
            if len(taken) == k:
                break
            taken.setdefault(id_list[entry], entry)
        chosen.extend(sorted(taken.values()))
    user = user[chosen]
    rank = np.arange(len(user)) - np.searchsorted(user, user)
    return _result(user, rank, ids[chosen], scores[chosen], count, k, found)


def _result(
    user: NDArray[np.int64],
    rank: NDArray[np.int64],
    ids: NDArray[np.int64],
    scores: NDArray[np.float32],
    count: int,
    k: int,
    found: Result,
) -> Result:
    merged = empty_result(count, k)
    merged.ids[:], merged.scores[:] = -1, -np.inf
    merged.ids[user, rank], merged.scores[user, rank] = ids, scores
    merged.counts[:] = np.bincount(user, minlength=count)
    merged._hops, merged._n_scored = found.hops, found.n_scored
    merged.explanation = found.explanation
    return merged

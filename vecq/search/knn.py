"""k-nearest-neighbor search: checks the options, picks plan and beam width, runs the request."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arguments import MOST, choose, real, thread_count, whole
from vecq.core.arrays import as_biases, as_floats, as_vectors
from vecq.core.errors import ArgumentError
from vecq.core.names import as_strings, names_of, stable
from vecq.core.native_index import NativeIndex
from vecq.core.structs import new_struct
from vecq.search.exclusions import Exclusions
from vecq.search.expressions import Where
from vecq.search.filters import Filter, filter_of
from vecq.search.groups import Groups, group_options
from vecq.search.interests import has_interests, search_interests
from vecq.search.items import as_numbers_of, get
from vecq.search.plain import PLAIN_OPTIONS, default_rerank_count, search_plain
from vecq.search.plan import PLANS
from vecq.search.recall_curve import stored_curve
from vecq.search.request import Request
from vecq.search.result import Result

# The largest weight of item biases.
MOST_WEIGHT = 1e18


def search(native: NativeIndex, queries: ArrayLike, k: int, **options: Any) -> Result:
    """Find the k best items for each query; `vecq.Index.search` documents the options."""
    if not native.has_names:
        return search_numbers(native, queries, k, **options)
    return stable(native, lambda: named(native, search_numbers(native, queries, k, **options)))


def named(native: NativeIndex, found: Result) -> Result:
    """Replace the numbers of a result by their strings."""
    found._ids = names_of(native, found.ids)
    return found


def search_numbers(
    native: NativeIndex,
    queries: ArrayLike,
    k: int,
    *,
    ef: int | None = None,
    probes: int | None = None,
    target_recall: float | None = None,
    exclude: Any = None,
    allow: ArrayLike | Filter | None = None,
    deny: ArrayLike | Filter | None = None,
    where: Any = None,
    plan: str | None = None,
    explain: bool = False,
    rerank_factor: float | None = None,
    query_bits: int = 15,
    threads: int = 1,
    bias_weight: ArrayLike = 1.0,
    group_by: Groups | None = None,
    per_group: int | None = None,
    diversity: float = 0.0,
    candidates: int = 500,
    merge: str = "max",
    interest_weights: Any = None,
    quotas: Any = None,
) -> Result:
    """Find the k best items for each query; string ids are left as numbers."""
    wanted = whole(k, "k", 1, MOST)
    if has_interests(queries):
        return search_interests(
            native,
            search_numbers,
            queries,
            wanted,
            merge=merge,
            interest_weights=interest_weights,
            quotas=quotas,
            exclude=exclude,
            where=where,
            bias_weight=bias_weight,
            ef=ef,
            probes=probes,
            target_recall=target_recall,
            allow=allow,
            deny=deny,
            plan=plan,
            explain=explain,
            rerank_factor=rerank_factor,
            query_bits=query_bits,
            threads=threads,
            group_by=group_by,
            per_group=per_group,
            diversity=diversity,
            candidates=candidates,
        )
    if merge != "max" or interest_weights is not None or quotas is not None:
        raise ArgumentError(
            "merge, interest_weights and quotas are for queries of shape (users, interests, dim), "
            "or a list of matrices",
            "merge",
        )
    rows = as_floats(as_vectors(queries, "queries", native.dim))
    options = new_struct("vecq_search_options")
    options.k = wanted
    options.rerank = _rerank_count(native, rerank_factor, wanted)
    options.query_bits = whole(query_bits, "query_bits", 8, 15)
    options.threads = thread_count(threads)
    allowed = filter_of(native, allow, deny)
    conditions = Where.of(where, len(rows))
    filtered = allowed is not None or conditions is not None
    default_plan = _set_effort(native, options, ef, probes, target_recall, filtered)
    groups = group_options(native, options, group_by, per_group)
    options.diversity = _diversity(diversity)
    if options.diversity > 0:
        options.candidates = max(wanted, whole(candidates, "candidates", 1, MOST))
    options.plan = choose(PLANS, default_plan if plan is None else plan, "plan")
    excluded = exclude
    if exclude is not None and type(exclude) is not Exclusions:
        excluded = Exclusions.read(exclude, len(rows), native)
    request = Request(
        options, allowed, excluded, _weights(bias_weight, len(rows)), groups, conditions
    )
    return request.run(native, rows, explain)


def search_by_ids(native: NativeIndex, ids: ArrayLike, k: int, **options: Any) -> Result:
    """Find the k best items for each of some items, itself excluded."""
    own = as_strings(ids, "ids") if native.has_names else as_numbers_of(native, ids)
    if "exclude" in options:
        raise ArgumentError("exclude can't be given: every item excludes itself", "exclude")
    queries, exclude = get(native, own), (np.arange(len(own) + 1), own)
    if options.keys() <= PLAIN_OPTIONS:
        found = search_plain(native, queries, k, options.get("ef"), exclude)
        if found is not None:
            return found
    return search(native, queries, k, exclude=exclude, **options)


def _weights(given: ArrayLike, count: int) -> NDArray[np.float32] | None:
    """The weights of item biases, one per query; None if all are 1."""
    if type(given) is float and given == 1.0:
        return None
    weights = as_biases(given, "bias_weight", count)
    largest = float(np.abs(weights).max(initial=0))
    if not largest <= MOST_WEIGHT:
        raise ArgumentError(
            f"bias_weight has {largest:g} in magnitude, expected finite numbers of at most "
            f"{MOST_WEIGHT:g}",
            "bias_weight",
        )
    return weights


def _diversity(given: float) -> float:
    share = real(given, "diversity")
    if not 0 <= share <= 1:
        raise ArgumentError(f"diversity is {given!r}, expected a number from 0 to 1", "diversity")
    return share


def _set_effort(
    native: NativeIndex,
    options: Any,
    ef: int | None,
    probes: int | None,
    target_recall: float | None,
    filtered: bool,
) -> str:
    """Set the beam width and the number of probes, and return the default plan."""
    if target_recall is not None:
        if ef is not None or probes is not None:
            given = "ef" if ef is not None else "probes"
            raise ArgumentError(f"{given} and target_recall are both given, expected one", given)
        curve = stored_curve(native)
        if curve is None:
            raise ArgumentError(
                "target_recall needs a recall curve: call index.measure_recall(queries)",
                "target_recall",
            )
        recall = real(target_recall, "target_recall")
        options.ef = curve.ef_for(options.k, recall, len(native))
        options.probes = curve.probes_for(options.k, recall, len(native)) or 0
        return "auto"
    if ef is not None and probes is not None:
        raise ArgumentError("ef and probes are both given, expected one", "probes")
    options.ef = 0 if ef is None else whole(ef, "ef", 1, MOST)
    if probes is not None:
        options.probes = whole(probes, "probes", 1, MOST)
        return "probe"
    return "auto" if ef is None or filtered else "walk"


def _rerank_count(native: NativeIndex, rerank_factor: float | None, k: int) -> int:
    """How many candidates are rescored on the rerank store."""
    if rerank_factor is None:
        return default_rerank_count(native, k)
    factor = real(rerank_factor, "rerank_factor")
    if factor == 0:
        return 0
    if native.rerank_codec is None:
        raise ArgumentError(
            f"rerank_factor is {rerank_factor!r}, but the index has no rerank store: "
            'vecq.Index(..., rerank_codec="fp16") keeps one',
            "rerank_factor",
        )
    if not 1 <= factor <= 1000:
        raise ArgumentError(
            f"rerank_factor is {rerank_factor!r}, expected 0, or 1 to 1000", "rerank_factor"
        )
    return min(math.ceil(factor * k), MOST)

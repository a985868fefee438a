"""The short path from Python to native code: float32 arrays, exclusions, and the default options.

A walk takes ten microseconds, so a service that answers one query per call pays for every check and
every array. This path needs a few microseconds; `vecq.search.knn` takes all other searches.
"""

from typing import Any

import numpy as np

from vecq._native import ffi, lib
from vecq.core.arguments import MOST
from vecq.core.errors import call
from vecq.core.names import find_numbers_at, names_at
from vecq.core.native_index import NativeIndex
from vecq.search.plan import PLANS
from vecq.search.result import Result, block_of_results, result_of_block, version_of_block

# More results are searched for in batches, between which Ctrl-C works.
MOST_RESULTS, MOST_QUERIES = 1 << 20, 256
PLAIN_OPTIONS = {"ef"}  # what may be given besides queries, k and exclusions

# Offsets of exclusions, None for one query; ids; and the version of the numbering of strings.
Lists = tuple[Any, Any, int | None]

_array, _float32, _int64 = np.ndarray, np.dtype(np.float32), np.dtype(np.int64)
_search, _memory_of = lib.vecq_plain_search, ffi.from_buffer
_FLOATS, _IDS, _BLOCK = map(ffi.typeof, ("float[]", "int64_t[]", "char[]"))
_NULL = ffi.NULL
_AUTO, _WALK = PLANS["auto"], PLANS["walk"]


def default_rerank_count(native: NativeIndex, k: int) -> int:
    """Candidates that are rescored on the rerank store; 0 without one.

    `vecq.Index.measure_recall` measures the number. Before that it is 1.25 k + 8, of int4 codes
    2 k + 50: 99.95 % of the results of float32 on GloVe, Gowalla and Fashion-MNIST, 50,000 items
    each, were among 1.03 k int8 candidates and among 1.8 k int4 ones (k=100).
    """
    if native.rerank_codec is None:
        return 0
    effort = ffi.new("size_t[2]")
    call(lib.vecq_index_effort, native.handle, min(k, MOST), 0.0, effort, effort + 1)
    return min(int(effort[1]), MOST)


def search_plain(
    native: NativeIndex, queries: Any, k: int, ef: int | None, exclude: Any = None
) -> Result | None:
    """Search with default options; None if the arguments need checks, or the search fails."""
    if type(queries) is not _array or queries.dtype is not _float32 or type(k) is not int:
        return None
    shape, flags = queries.shape, queries.flags
    count = 1 if len(shape) == 1 else shape[0] if len(shape) == 2 else 0
    if (
        not 0 < count <= MOST_QUERIES
        or shape[-1] != native.dim
        or not 0 < k * count <= MOST_RESULTS
        or not flags.c_contiguous
        or not flags.aligned
    ):
        return None
    if ef is None:
        ef, plan = 0, _AUTO  # the library's default
    elif type(ef) is int and 0 < ef <= MOST:
        plan = _WALK
    else:
        return None
    is_named, version = native.has_names, None
    offsets, excluded, excluded_count = _NULL, _NULL, 0
    if exclude is not None:
        lists = _named_lists_of(native, exclude, count) if is_named else _lists_of(exclude, count)
        if lists is None:
            return None
        own, ids, version = lists
        offsets = _NULL if own is None else _memory_of(_IDS, own)
        excluded, excluded_count = _memory_of(_IDS, ids), len(ids)
    rerank = default_rerank_count(native, k)
    block = block_of_results(count, k)
    results = _memory_of(_BLOCK, block)
    query = _memory_of(_FLOATS, queries)
    if _search(
        *(native.handle, query, count, k, ef, plan, rerank),
        *(offsets, excluded, excluded_count, is_named, results),
    ):
        return None
    result = result_of_block(block, count, k)
    if is_named:
        # The strings are those of the search only if none of their numbers was freed since.
        current = version_of_block(block, count, k)
        if version not in (None, current):
            return None
        result._ids = names_at(native, result.ids, current)
        if result._ids is None:
            return None
    return result


def _named_lists_of(native: NativeIndex, given: Any, count: int) -> Lists | None:
    """Return the exclusions of one query, a list of strings; None for other forms."""
    if count != 1 or type(given) is not list or len(given) != 1 or type(given[0]) is not list:
        return None
    return None, *find_numbers_at(native, given[0], "exclude")


def _lists_of(given: Any, count: int) -> Lists | None:
    """Return the exclusions of queries; None for other forms."""
    if type(given) is tuple:
        if len(given) != 2 or not _are_ids(given[0]) or len(given[0]) != count + 1:
            return None
        offsets, ids = given
    elif count != 1:
        return None
    else:
        offsets, ids = None, given
        if type(given) is list:
            ids = given[0] if len(given) == 1 else None
            if type(ids) is list:
                try:
                    ids = np.array(ids)
                except ValueError:
                    return None
    return (offsets, ids, None) if _are_ids(ids) else None


def _are_ids(given: Any) -> bool:
    """Whether native code can read an array of ids where it lies."""
    if type(given) is not _array or given.dtype is not _int64 or given.ndim != 1:
        return False
    flags = given.flags
    return flags.c_contiguous and flags.aligned

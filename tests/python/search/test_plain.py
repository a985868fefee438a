"""The fast path of plain searches returns the results of the general path, and its errors."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import vecq
from vecq.search import knn
from vecq.search.plain import search_plain

ITEMS = np.random.default_rng(0).standard_normal((3000, 48), dtype=np.float32)
QUERIES = np.random.default_rng(1).standard_normal((300, 48), dtype=np.float32)


@pytest.fixture(scope="module", params=[None, "fp16"])
def index(request):
    return vecq.Index(48, "cosine", rerank_codec=request.param).add(ITEMS, threads=1)


def is_plain(index, queries, k, ef=None, exclude=None):
    return search_plain(index._native, queries, k, ef, exclude) is not None


def answer_of(function, *arguments, **options):
    """Return ids, scores, counts, hops and scored items, or type, message and argument."""
    try:
        found = function(*arguments, **options)
    except vecq.VecqError as error:
        return type(error), str(error), error.argument
    arrays = [own.tolist() for own in (found.ids, found.scores, found.counts)]
    return *arrays, found.hops, found.n_scored


def assert_same_answers(index, queries, k, **options):
    """The public search answers, or fails, exactly as the general path does."""
    expected = answer_of(knn.search, index._native, queries, k, **options)
    assert answer_of(index.search, queries, k, **options) == expected


@pytest.mark.parametrize("ef", [None, 1, 40])
@pytest.mark.parametrize("k", [1, 7, 3000])
@pytest.mark.parametrize("count", [1, 2, 33])
def test_results_equal_those_of_the_general_path(index, count, k, ef):
    queries = QUERIES[:count]
    assert is_plain(index, queries, k, ef)
    plain = index.search(queries, k, ef=ef)
    other = index.search(queries, k, ef=ef, threads=2, plan="auto" if ef is None else "walk")
    for name in ("ids", "scores", "counts"):
        found = getattr(plain, name)
        assert found.dtype == getattr(other, name).dtype
        np.testing.assert_array_equal(found, getattr(other, name))
    assert (plain.hops, plain.n_scored) == (other.hops, other.n_scored)
    assert plain.explanation is None


IDS = np.random.default_rng(2).integers(0, 3000, 60)
OFFSETS = np.array([0, 20, 20, 60])
BEST = vecq.brute_force(ITEMS, QUERIES[:1], metric="cosine", k=60).ids[0]
PLAIN_EXCLUSIONS = {
    "array": (1, IDS),
    "list of an array": (1, [IDS]),
    "list of a list": (1, [IDS.tolist()]),
    "the best": (1, BEST),
    "pair": (1, (np.array([0, 60]), IDS)),
    "pair of three": (3, (OFFSETS, IDS)),
    "pair of two": (2, (np.array([0, 5, 60]), IDS)),
    "unknown ids": (1, np.array([-1, -(2**63), 2**63 - 1, 3000, 10**9])),
    "the same id": (1, np.full(500, 7)),
    "all items": (1, np.arange(3000)),
    "nothing": (1, np.empty(0, np.int64)),
    "nothing of two": (2, (np.zeros(3, np.int64), np.empty(0, np.int64))),
    "booleans among ids": (1, [[True, 5]]),
    "read-only": (1, np.frombuffer(IDS.tobytes(), np.int64)),
}


@pytest.mark.parametrize("ef", [None, 40])
@pytest.mark.parametrize("k", [1, 10, 3000])
@pytest.mark.parametrize("form", PLAIN_EXCLUSIONS)
def test_exclusions_take_the_fast_path(index, form, k, ef):
    count, exclude = PLAIN_EXCLUSIONS[form]
    assert is_plain(index, QUERIES[:count], k, ef, exclude)
    assert_same_answers(index, QUERIES[:count], k, ef=ef, exclude=exclude)


@pytest.mark.parametrize(
    ("count", "exclude"),
    [
        (1, []),
        (1, [[]]),
        (1, [7]),
        (1, [7, 8]),
        (1, (7, 8)),
        (1, ([0, 1], [7])),
        (1, IDS.astype(np.int32)),
        (1, IDS.astype(">i8")),
        (1, IDS.astype(np.uint64)),
        (1, IDS[::2]),
        (1, IDS.reshape(2, 30)),
        (1, [[2**63]]),
        (1, [[2**70]]),
        (1, [[1.5]]),
        (1, [[True]]),
        (1, [["7"]]),
        (1, [[[7], [8, 9]]]),
        (1, [None]),
        (1, "7"),
        (1, {7}),
        (1, {7: 8}),
        (1, 7),
        (1, True),
        (1, np.array(7)),
        (1, (np.array([0, 61]), IDS)),
        (1, (np.array([0, 59]), IDS)),
        (1, (np.array([1, 60]), IDS)),
        (1, (np.array([-1, 60]), IDS)),
        (1, (np.array([60, 0]), IDS)),
        (1, (np.array([0]), IDS)),
        (1, (np.array([0, 2**62]), IDS)),
        (2, (np.array([0, 61, 60]), IDS)),
        (2, (np.array([0, 10, 20]), IDS)),
        (2, (IDS, IDS)),
        (3, (np.array([0, 60, 20, 60]), IDS)),
        (3, (np.array([0, -5, 20, 60]), IDS)),
        (2, IDS),
        (2, [IDS]),
        (2, [IDS, IDS]),
        (300, (np.arange(301), np.arange(300))),
    ],
    ids=repr,
)
def test_other_exclusions_answer_as_the_general_path(index, count, exclude):
    assert_same_answers(index, QUERIES[:count], 5, exclude=exclude)


def test_wrong_queries_with_exclusions_fail_as_in_the_general_path(index):
    wrong = np.full((1, 48), np.nan, np.float32), QUERIES[:1, :47], np.empty((1, 1, 48), np.float32)
    for queries in wrong:
        assert_same_answers(index, queries, 5, exclude=IDS)
    for k in (0, -1, 2.5, 2**40):
        assert_same_answers(index, QUERIES[:1], k, exclude=IDS)
    assert_same_answers(index, QUERIES[:1], 5, ef=0, exclude=IDS)


def test_exclusions_follow_changes_of_the_index():
    index = vecq.Index(48, "cosine").add(ITEMS[:500], ids=np.arange(500) * 10**12)
    best = index.search(QUERIES[0], 9).ids[0]
    index.remove(best[:3])
    assert is_plain(index, QUERIES[0], 9, None, best[3:6])
    found = index.search(QUERIES[0], 9, exclude=best[3:6]).ids[0]
    np.testing.assert_array_equal(found[:3], best[6:])
    assert_same_answers(index, QUERIES[0], 9, exclude=best[3:6])


@pytest.mark.parametrize("ef", [None, 40])
def test_exclusions_of_string_ids_take_the_fast_path(ef):
    names = [f"item {number}" for number in range(100)]
    index = vecq.Index(48, "cosine").add(ITEMS[:100], ids=names)
    best = index.search(QUERIES[0], 4).ids[0].tolist()
    assert index.search(QUERIES[0], 2, exclude=[best[:2]]).ids[0].tolist() == best[2:]
    for own in (best[:2], [], ["unknown", *best], [""], best * 30, names):
        assert is_plain(index, QUERIES[0], 2, ef, [own])
        assert_same_answers(index, QUERIES[0], 2, ef=ef, exclude=[own])
    for own in ([7], [None], ["a\0b"], ["\ud800"]):
        assert_same_answers(index, QUERIES[0], 2, ef=ef, exclude=[own])


def test_other_exclusions_of_string_ids_take_the_general_path():
    names = [f"item {number}" for number in range(100)]
    index = vecq.Index(48, "cosine").add(ITEMS[:100], ids=names)
    for exclude in (np.arange(3), np.array("item 1"), names[:3], [tuple(names[:3])], "item 1"):
        assert_same_answers(index, QUERIES[0], 2, exclude=exclude)
    assert not is_plain(index, QUERIES[:2], 2, None, [names[:1], names[1:5]])
    assert_same_answers(index, QUERIES[:2], 2, exclude=[names[:1], names[1:5]])


def test_a_vector_is_one_query(index):
    assert is_plain(index, QUERIES[3], 5)
    np.testing.assert_array_equal(
        index.search(QUERIES[3], 5).ids, index.search(QUERIES[3:4], 5, threads=2).ids
    )


@pytest.mark.parametrize(
    "queries",
    [
        QUERIES.astype(np.float64),
        QUERIES[:, ::2].repeat(2, axis=1)[::2],
        np.asfortranarray(QUERIES[:5]),
        QUERIES,  # more than one batch
        QUERIES[:0],
        QUERIES[:5].tolist(),
    ],
    ids=["float64", "strided", "fortran", "many", "none", "list"],
)
def test_other_arrays_take_the_general_path(index, queries):
    assert not is_plain(index, queries, 3)


@pytest.mark.parametrize(
    ("queries", "k", "ef", "argument"),
    [
        (np.full((1, 48), np.nan, np.float32), 3, None, "queries"),
        (QUERIES[:1, :47].copy(), 3, None, "queries"),
        (QUERIES[:1], 0, None, "k"),
        (QUERIES[:1], -1, None, "k"),
        (QUERIES[:1], 2.5, None, "k"),
        (QUERIES[:1], 3, 0, "ef"),
        (QUERIES[:1], 3, 2**40, "ef"),
        (QUERIES[:1].reshape(1, 1, 1, 48), 3, None, "queries"),
    ],
)
def test_errors_name_the_argument(index, queries, k, ef, argument):
    with pytest.raises(vecq.ArgumentError) as caught:
        index.search(queries, k, ef=ef)
    assert caught.value.argument == argument


def test_a_closed_index_is_refused():
    index = vecq.Index(48).add(ITEMS[:10])
    index.close()
    with pytest.raises(vecq.ArgumentError, match="closed"):
        index.search(QUERIES[0], 3)


def test_results_pickle_before_and_after_they_are_read(index):
    fresh, read = index.search(QUERIES[:2], 4), index.search(QUERIES[:2], 4)
    assert len(read.ids) == 2
    for result in (fresh, read):
        copied = pickle.loads(pickle.dumps(result))
        np.testing.assert_array_equal(copied.scores, read.scores)
        assert copied.n_scored == read.n_scored


def test_threads_may_search_at_once(index):
    expected = [index.search(query, 5, ef=50).ids[0].tolist() for query in QUERIES]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            found = pool.map(lambda query: index.search(query, 5, ef=50).ids[0].tolist(), QUERIES)
            assert list(found) == expected


def test_a_searcher_answers_as_search_does(index):
    options = {"ef": 60, "deny": [1, 2, 3], "plan": "walk"}
    for chosen in ({}, {"ef": 60}, options):
        find = index.searcher(6, **chosen)
        for queries in (QUERIES[0], QUERIES[:9], QUERIES[:9].astype(np.float64)):
            expected = index.search(queries, 6, **chosen)
            np.testing.assert_array_equal(find(queries).ids, expected.ids)
        excluded = find(QUERIES[:2], exclude=[[5], expected.ids[1]]).ids
        assert not set(excluded[1]) & set(expected.ids[1])


def test_a_search_by_ids_answers_as_the_general_path(index):
    for ids, options in (([5], {}), ([5, 2999], {"ef": 40}), ([5], {"ef": 0}), ([], {})):
        expected = answer_of(knn.search_by_ids, index._native, ids, 6, threads=1, **options)
        assert answer_of(index.search_by_ids, ids, 6, **options) == expected


def test_a_searcher_refuses_wrong_options_at_once(index):
    for options, argument in (({"ef": 0}, "ef"), ({"target_recall": 0.9}, "target_recall")):
        with pytest.raises(vecq.ArgumentError) as caught:
            index.searcher(3, **options)
        assert caught.value.argument == argument
    with pytest.raises(TypeError):
        index.searcher(3, effort=1)

"""The fast path of plain searches returns the results of the general path, and its errors."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import vecq
from vecq.search.plain import search_plain

ITEMS = np.random.default_rng(0).standard_normal((3000, 48), dtype=np.float32)
QUERIES = np.random.default_rng(1).standard_normal((300, 48), dtype=np.float32)


@pytest.fixture(scope="module", params=[None, "fp16"])
def index(request):
    return vecq.Index(48, "cosine", rerank_codec=request.param).add(ITEMS, threads=1)


def is_plain(index, queries, k, ef=None):
    return search_plain(index._native, queries, k, ef) is not None


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


def test_a_searcher_refuses_wrong_options_at_once(index):
    for options, argument in (({"ef": 0}, "ef"), ({"target_recall": 0.9}, "target_recall")):
        with pytest.raises(vecq.ArgumentError) as caught:
            index.searcher(3, **options)
        assert caught.value.argument == argument
    with pytest.raises(TypeError):
        index.searcher(3, effort=1)

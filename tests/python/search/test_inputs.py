"""Bad filters, exclusions, plans and queries are refused, and the argument is named."""

import numpy as np
import pytest
from scipy import sparse

import vecq
from vecq.search import request

DIM, COUNT = 16, 300


def sample(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)


INDEX, QUERIES = vecq.Index(DIM).add(sample(COUNT)), sample(3, seed=1)
RAGGED = [[1], [2, 3]]


class Stubborn:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no")


CHOICES = [
    (np.ones(COUNT - 1, bool), "299 flags, expected one for each of 300"),
    (np.ones(COUNT + 1, bool), "301 flags"),
    (np.ones(0, bool), "0 flags"),
    ([True], "1 flags"),
    (np.ones((1, COUNT), bool), "2 dimensions"),
    (np.ones((2, 2), int), "2 dimensions"),
    (np.arange(3.0), "float64"),
    (["a"], "dtype <U"),
    ([None], "object"),
    (np.ones(3, complex), "complex128"),
    (np.array(["2020-01-01"], "M8[D]"), "datetime64"),
    ([2**63], "beyond int64"),
    (np.array([1, 2**64 - 1], np.uint64), "beyond int64"),
    ([2**64], "object"),
    ([-(2**63) - 1], "dtype"),
    (RAGGED, "no array"),
    (Stubborn(), "no array"),
    (5, "0 dimensions"),
    ("abc", "0 dimensions"),
    ({1: 2}, "0 dimensions"),
    (iter([1, 2]), "0 dimensions"),
    (INDEX, "0 dimensions"),
]


@pytest.mark.parametrize(("choice", "message"), CHOICES, ids=[text for _, text in CHOICES])
@pytest.mark.parametrize("argument", ["allow", "deny"])
def test_bad_filters_are_named(argument, choice, message, refuse):
    if choice is not INDEX:
        refuse(argument, message, INDEX.search, QUERIES, 5, **{argument: choice})
        refuse(argument, message, vecq.Filter, INDEX, **{argument: choice})
    assert INDEX.search(QUERIES, 5).counts.tolist() == [5, 5, 5]


def csr(rows, columns=COUNT, layout="csr"):
    return sparse.random(rows, columns, density=0.1, format=layout, random_state=0)


EXCLUSIONS = [
    (lambda: csr(2), "2 rows, expected one for each of 3"),
    (lambda: csr(4), "4 rows"),
    (lambda: csr(3, layout="csc"), "in csc, expected CSR"),
    (lambda: csr(3, layout="bsr"), "in bsr, expected CSR"),
    (lambda: csr(3, layout="coo"), "expected"),
    (lambda: (np.array([0, 1, 2]), [1, 2]), "2 rows"),
    (lambda: (np.array([], int), np.array([], int)), "0 rows"),
    (lambda: (np.array([[0, 1, 2, 3]]), [1, 2, 3]), "rows"),
    (lambda: ([0, 1, 2], [1, 2]), "tuple of two lists for 3 queries"),
    (lambda: ([], []), "tuple of two lists"),
    (lambda: ([[0, 1, 2, 3]], [1, 2, 3]), "tuple of two lists"),
    (lambda: (range(3), {5, 6}), "tuple of two lists"),
    (lambda: ([0, 2, 1, 3], [1, 2, 3]), "falls or is negative"),
    (lambda: ([-1, 0, 1, 2], [1, 2, 3]), "falls or is negative"),
    (lambda: ([0, 1, 1, -(2**63)], [1]), "falls or is negative"),
    (lambda: ([0, 2**63 - 1, -(2**63), 1], [1]), "falls or is negative"),
    (lambda: ([0, 1, 2, 4], [1, 2, 3]), "ends at 4, beyond its 3 ids"),
    (lambda: ([0, 1, 2, 2**62], [1, 2, 3]), "beyond its 3 ids"),
    (lambda: ([0.0, 1, 2, 3], [1, 2, 3]), "float64"),
    (lambda: ([0, 1, 2, 3], [1.0, 2, 3]), "float64"),
    (lambda: ([0, 1, 2, 3], [[1, 2, 3]]), "2 dimensions"),
    (lambda: ([0, 1, 2, 3], np.array([1, 2, 2**63], np.uint64)), "beyond int64"),
    (lambda: (np.array([0, 1, 2, 2**63], np.uint64), [1]), "beyond int64"),
    (lambda: [[1], [2]], "2 rows"),
    (lambda: [[1], [2], [3], []], "4 rows"),
    (list, "0 rows"),
    (lambda: [1, 2], "list of ids for each of 3 queries; deny leaves out"),
    (lambda: np.arange(9), "1 row, expected one for each of 3"),
    (lambda: [[1], [2.0], [3]], "float64.* query 1"),
    (lambda: [[1], [2], ["a"]], "<U1.* query 2"),
    (lambda: [[1], [2], [None]], "object.* query 2"),
    (lambda: [[1], [2], [True]], "bool.* query 2"),
    (lambda: [[1], [2], [[3]]], "2 dimensions for query 2"),
    (lambda: [[1], [2], RAGGED], "no array"),
    (lambda: [[1], [2], Stubborn()], "no array"),
    (lambda: [[1], [2], [2**63]], "beyond int64"),
    (lambda: [[1], [2], [2**64]], "object"),
    (lambda: 5, "is an int"),
    (lambda: "abc", "is a str"),
    (lambda: {0: [1], 1: [2], 2: [3]}, "is a dict"),
    (lambda: {1, 2, 3}, "is a set"),
    (lambda: np.arange(6).reshape(3, 2) / 2, "float64"),
    (lambda: vecq.Filter(INDEX, [1]), "is a Filter"),
]


@pytest.mark.parametrize(("make", "message"), EXCLUSIONS, ids=range(len(EXCLUSIONS)))
def test_bad_exclusions_are_named(make, message, refuse):
    given = make()
    refuse("exclude", message, INDEX.search, QUERIES, 5, exclude=given)
    refuse("exclude", "", INDEX.search_range, QUERIES, 0.0, exclude=given)
    refuse("exclude", "", vecq.brute_force, sample(9), QUERIES, k=5, exclude=given)


@pytest.mark.parametrize("given", [([0, 1, 2], [7, 8]), ([7], [8, 9]), ([], []), ({1}, (2, 3))])
def test_two_lists_for_two_queries_are_ambiguous(given, refuse):
    """They could be a pair (indptr, ids) or one list per query."""
    for function in (INDEX.search, INDEX.search_range):
        refuse("exclude", "tuple of two lists", function, QUERIES[:2], 5, exclude=given)
    found = INDEX.search(QUERIES[:2], COUNT, exclude=list(given))
    assert found.counts.tolist() == [COUNT - len(own) for own in given]
    pair = np.array([0, 1, 2]), [7, 8]
    assert INDEX.search(QUERIES[:2], COUNT, exclude=pair).counts.tolist() == [COUNT - 1] * 2


def test_ef_and_target_recall_exclude_each_other(refuse):
    for plan in ("Walk", "", 0, ["scan"], b"scan"):
        refuse("plan", "expected one of", INDEX.search, QUERIES, 5, plan=plan)
    refuse("ef", "both given", INDEX.search, QUERIES, 5, ef=50, target_recall=0.9)
    refuse("target_recall", "measure_recall", INDEX.search, QUERIES, 5, target_recall=0.9)
    expected = INDEX.search(QUERIES, 5, plan="scan").ids
    found = INDEX.search(QUERIES, 5, plan="scan", ef=9)
    np.testing.assert_array_equal(found.ids, expected)


@pytest.mark.parametrize("k", [2**31 - 1, 10**9])
def test_results_larger_than_memory_are_refused(k):
    index = vecq.Index(DIM, rerank_codec="fp16").add(sample(20))
    many = np.ones((5000, DIM), np.float32)
    for search in (index.search, lambda *own: vecq.brute_force(sample(20), own[0], k=own[1])):
        with pytest.raises(MemoryError, match=f"k is {k:,} for 5,000 queries") as caught:
            search(many, k)
        assert isinstance(caught.value, vecq.VecqError)
        assert caught.value.argument == "k"


OPTIONS = [
    *[("ef", {"ef": value}) for value in (-1, 0, 1.5, "a")],
    *[("rerank_factor", {"rerank_factor": value}) for value in (-1, 2)],
    *[("plan", {"plan": value}) for value in ("Walk", 0)],
    *[("threads", {"threads": value}) for value in (-1, "a")],
    *[("query_bits", {"query_bits": value}) for value in (9, None)],
    ("target_recall", {"target_recall": 0.9}),
    ("allow", {"allow": [True]}),
    ("deny", {"deny": [0.5]}),
    ("exclude", {"exclude": [[1], [2]]}),
]


@pytest.mark.parametrize(("argument", "options"), OPTIONS)
def test_bad_options_are_refused_at_once(argument, options, refuse):
    refuse(argument, "", INDEX.search_iter, QUERIES[0], **options)
    refuse(argument, "", INDEX.search_range, QUERIES[0], 0.5, **options)
    if argument != "exclude":
        refuse(argument, "", INDEX.search_by_ids, [3], 5, **options)
    refuse("queries", "not finite", INDEX.search_iter, np.full(DIM, np.nan))
    with pytest.raises(TypeError, match="speed"):
        INDEX.search_iter(QUERIES[0], speed=3)


def changed(value, row):
    rows = sample(700, seed=2)
    rows[row, 3] = value
    return rows


@pytest.mark.parametrize("plan", ["walk", "step_over", "scan", "auto"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "options", [{}, {"allow": []}, {"allow": [1, 2]}, {"exclude": [[5]] * 700}], ids=list
)
def test_non_finite_queries_are_refused(plan, value, options, refuse, monkeypatch):
    monkeypatch.setattr(request, "MOST", 300)
    for threads in (1, 2):
        given = {"plan": plan, "threads": threads, **options}
        refuse("queries", "row 650, column 3", INDEX.search, changed(value, 650), 5, **given)
        assert INDEX.search(changed(1, 0), 5, **given).counts.max() <= 5


def test_two_arrays_for_two_queries_are_not_an_indptr():
    lists = np.array([3, 4, 5]), np.array([6, 7])
    with pytest.raises(vecq.ArgumentError, match="a tuple of two arrays for 2 queries"):
        INDEX.search(QUERIES[:2], 5, exclude=lists)
    found = INDEX.search(QUERIES[:2], len(INDEX), exclude=list(lists)).ids
    assert not np.isin(found[0], lists[0]).any()
    assert not np.isin(found[1], lists[1]).any()
    pair = np.array([0, 1, 3]), np.array([3, 4, 5])
    found = INDEX.search(QUERIES[:2], len(INDEX), exclude=pair).ids
    assert 3 not in found[0]
    assert 3 in found[1]


class Csr:
    """A matrix with the arrays of CSR but without the attribute format."""

    def __init__(self, **parts):
        self.__dict__.update(parts)

    def tocsr(self):
        return self


def test_matrices_without_a_format():
    matrix = Csr(indptr=np.array([0, 1, 2]), indices=np.array([3, 4]))
    found = INDEX.search(QUERIES[:2], len(INDEX), exclude=matrix).ids
    assert 3 not in found[0]
    assert 4 not in found[1]
    with pytest.raises(vecq.ArgumentError, match="Csr without indptr and indices"):
        INDEX.search(QUERIES[:2], 5, exclude=Csr())


@pytest.mark.parametrize("index", [None, 3, [1, 2], np.eye(2), "items.vecq"])
def test_filters_of_other_objects_are_refused(index, refuse):
    refuse("index", "expected a vecq.Index", vecq.Filter, index)

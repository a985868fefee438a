"""Few exclusions are dropped after a walk with a wider beam: the results are those of a filter."""

from functools import cache

import numpy as np
import pytest

import vecq

ROWS, DIM, K = 2000, 16, 10
RNG = np.random.default_rng(0)
ITEMS = RNG.standard_normal((ROWS, DIM), dtype=np.float32)
QUERIES = RNG.standard_normal((40, DIM), dtype=np.float32)


@cache
def plain(metric):
    return make(metric)


def make(metric="ip", **options):
    index = vecq.Index(DIM, metric, **options)
    values = {"even": [i % 2 == 0 for i in range(ROWS)]} if "attributes" in options else None
    return index.add(ITEMS, attributes=values, threads=1)


@pytest.fixture(scope="module")
def index():
    return make(attributes={"even": "bool"})


def best(index, k, **options):
    """The k best items of each query, of codes, by a scan."""
    return index.search(QUERIES, k, plan="scan", **options)


def recall(found, truth):
    hits = [len(np.intersect1d(*pair)) for pair in zip(found.ids, truth.ids, strict=True)]
    return np.sum(hits) / truth.ids.size


def has_no(found, lists):
    return not any(np.isin(*pair).any() for pair in zip(found.ids, lists, strict=True))


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
@pytest.mark.parametrize("count", [1, 50, 55, 56, 500])  # up to half of the beam are dropped
def test_all_of_the_best_are_excluded(metric, count):
    index = plain(metric)
    excluded = best(index, count).ids
    found = index.search(QUERIES, K, plan="walk", exclude=list(excluded))
    assert (found.counts == K).all()
    assert has_no(found, excluded)
    assert recall(found, best(index, K, exclude=list(excluded))) > 0.97


@pytest.mark.parametrize("longest", [16, 40, 200])  # unequal lists are filtered
def test_lists_of_any_length_do_not_depend_on_threads(index, longest):
    tops = best(index, 200).ids
    lists = [np.append(top[: i * longest // 39], [top[0], ROWS + 7]) for i, top in enumerate(tops)]
    found = index.search(QUERIES, K, plan="walk", exclude=lists)
    again = index.search(QUERIES, K, plan="walk", exclude=lists, threads=2)
    assert np.array_equal(again.ids, found.ids)
    assert has_no(found, lists)
    truth = best(index, K, exclude=lists)
    assert recall(found, truth) > 0.97
    for query in range(0, len(QUERIES), 5):
        own = index.search(QUERIES[query], K, plan="walk", exclude=[lists[query]])
        assert len(np.intersect1d(own.ids, truth.ids[query])) >= K - 2
        assert not np.isin(own.ids, lists[query]).any()


def test_no_exclusion_changes_nothing(index):
    expected = index.search(QUERIES, K, plan="walk")
    for lists in ([[]] * len(QUERIES), [[ROWS + 1, -5]] * len(QUERIES)):
        found = index.search(QUERIES, K, plan="walk", exclude=lists)
        assert np.array_equal(found.ids, expected.ids)
        assert np.array_equal(found.scores, expected.scores)


@pytest.mark.parametrize("excluded", [30, 55, 60])
def test_fewer_than_k_remain(excluded):
    index = vecq.Index(DIM, "ip").add(ITEMS[:60])
    lists = list(best(index, excluded).ids)
    found = index.search(QUERIES, 40, plan="walk", exclude=lists)
    assert (found.counts == min(40, 60 - excluded)).all()
    truth = best(index, 40, exclude=lists)
    assert np.array_equal(np.sort(found.ids, axis=1), np.sort(truth.ids, axis=1))


@pytest.mark.parametrize(
    "options",
    [
        {"where": "even"},
        {"where": ["even", None] * 20},
        {"allow": np.arange(0, ROWS, 3)},
        {"deny": np.arange(0, ROWS, 3)},
        {"where": "not even", "deny": np.arange(100)},
    ],
)
def test_exclusions_and_filters(index, options):
    lists = list(best(index, 60).ids)
    found = index.search(QUERIES, K, plan="walk", exclude=lists, **options)
    assert (found.counts == K).all()
    assert has_no(found, lists)
    assert recall(found, best(index, K, exclude=lists, **options)) > 0.97


def test_biases_groups_diversity_and_rescoring():
    index = make(rerank_codec="fp16")
    index.set_bias(np.arange(ROWS), RNG.standard_normal(ROWS).astype(np.float32))
    groups = vecq.Groups(index, np.arange(ROWS), np.arange(ROWS) % 50)
    lists = list(best(index, 60).ids)
    for options in ({}, {"group_by": groups}, {"diversity": 0.3, "candidates": 50}):
        found = index.search(QUERIES, K, plan="walk", exclude=lists, **options)
        assert (found.counts == K).all()
        assert has_no(found, lists)
        assert recall(found, best(index, K, exclude=lists, **options)) > 0.9


def test_removed_and_replaced_items():
    index = make("l2")
    index.remove(np.arange(0, ROWS, 4)).upsert(ITEMS[::-1][:50], np.arange(1, 200, 4))
    lists = [np.concatenate([top, np.arange(0, 40, 4)]) for top in best(index, 40).ids]
    found = index.search(QUERIES, K, plan="walk", exclude=lists)
    assert (found.counts == K).all()
    assert has_no(found, lists)
    assert recall(found, best(index, K, exclude=lists)) > 0.97

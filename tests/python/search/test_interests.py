"""Users with several interests: one list each, against brute force in numpy."""

import numpy as np
import pytest

import vecq

METRICS = ("ip", "cosine", "l2")
DIM = 16


def vectors(*shape: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((*shape, DIM), dtype=np.float32)


def scores_of(metric: str, queries: np.ndarray, items: np.ndarray) -> np.ndarray:
    queries, items = queries.astype(np.float64), items.astype(np.float64)
    if metric == "cosine":
        queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
        items = items / np.linalg.norm(items, axis=1, keepdims=True)
    if metric == "l2":
        return -((queries[:, None] - items[None]) ** 2).sum(axis=2)
    return queries @ items.T


def ragged(seed: int) -> list[np.ndarray]:
    return [vectors(count, seed=seed + count) for count in (1, 3, 2, 5)]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("queries", [vectors(4, 3, seed=2), ragged(2)], ids=["even", "ragged"])
def test_lists_are_those_of_brute_force(metric, queries):
    items = vectors(800, seed=1)
    own = np.random.default_rng(3).normal(size=800).astype(np.float32)
    index = vecq.Index(DIM, metric, "fp32").add(items, bias=own)
    excluded = [np.arange(40 * q, 40 * q + 60) for q in range(4)]
    options = {"plan": "scan", "exclude": excluded, "bias_weight": [0, 1, 2, 0.5]}
    weights = [np.linspace(0.5, 2, len(user)) for user in queries]
    for merge in ("max", "sum"):
        extra = {"interest_weights": weights} if merge == "sum" else {}
        found = index.search(queries, 25, merge=merge, **extra, **options)
        for q, user in enumerate(queries):
            single = scores_of(metric, user, items)
            total = single.max(axis=0) if merge == "max" else weights[q] @ single
            total = total + options["bias_weight"][q] * own
            total[excluded[q]] = -np.inf
            order = np.argsort(-total)[:25]
            assert (found.ids[q] == order).all()
            np.testing.assert_allclose(found.scores[q], total[order], rtol=1e-4, atol=1e-4)
    assert (found.counts == 25).all()


@pytest.mark.parametrize("metric", METRICS)
def test_quotas_take_the_best_of_each_interest(metric):
    items, queries = vectors(800, seed=1), vectors(5, 3, seed=2)
    index = vecq.Index(DIM, metric, "fp32").add(items)
    quotas = np.array([10, 4, 2])
    found = index.search(queries, 20, merge="quota", quotas=quotas, plan="scan")
    for q in range(5):
        scores = scores_of(metric, queries[q], items)
        entries = np.dstack(np.unravel_index(np.argsort(-scores, axis=None), scores.shape))[0]
        left, taken = quotas.copy(), {}
        for interest, item in entries.tolist():
            if left[interest] > 0 and item not in taken:
                left[interest] -= 1
                taken[item] = scores[interest, item]
        for interest, item in entries.tolist():
            if len(taken) < 20:
                taken.setdefault(item, scores[interest, item])
        assert set(found.ids[q].tolist()) == set(taken)
        np.testing.assert_allclose(found.scores[q], sorted(taken.values(), reverse=True), rtol=1e-4)


def test_short_lists_are_padded():
    index = vecq.Index(DIM, "cosine").add(vectors(6, seed=1))
    for options in ({}, {"merge": "sum"}, {"merge": "quota", "quotas": [3, 1]}):
        found = index.search(vectors(2, 2, seed=2), 9, exclude=[[0], []], **options)
        assert found.counts.tolist() == [5, 6]
        assert (found.ids[0, 5:] == -1).all()
        assert np.isneginf(found.scores[0, 5:]).all()
    assert index.search(np.empty((0, 2, DIM), np.float32), 3).ids.shape == (0, 3)


def test_sums_take_groups_and_diversity():
    index = vecq.Index(DIM, "ip").add(vectors(500, seed=1))
    groups = vecq.Groups(index, np.arange(500), np.arange(500) % 30)
    found = index.search(vectors(3, 2, seed=2), 20, merge="sum", group_by=groups, diversity=0.3)
    assert all(np.bincount(ids % 30).max() == 1 for ids in found.ids)


def test_wrong_interests_are_refused():
    index = vecq.Index(DIM, "l2").add(vectors(50, seed=1))
    queries = vectors(2, 3, seed=2)
    groups = vecq.Groups(index, [0], [0])
    for options, message in (
        ({"merge": "best"}, "merge is 'best'"),
        ({"interest_weights": [1, 1, 1]}, "interest_weights are for"),
        ({"merge": "quota"}, "quotas and merge"),
        ({"merge": "quota", "quotas": [1, 2]}, "quotas has shape"),
        ({"merge": "quota", "quotas": [9, 9, 9]}, "quotas sum to 27"),
        ({"merge": "quota", "quotas": [-1, 2, 2]}, "quotas has a number"),
        ({"merge": "sum", "interest_weights": [1, -1, 0]}, "sum to 0 or less"),
        ({"merge": "sum", "interest_weights": [[1, 1, 1]]}, "expected one for each of 2 users"),
        ({"group_by": groups}, "group_by can't be combined"),
        ({"diversity": 0.5}, "diversity can't be combined"),
        ({"exclude": [[1]]}, "exclude has 1 row,"),
        ({"bias_weight": [1, 2, 3]}, "bias_weight has shape"),
    ):
        with pytest.raises(vecq.ArgumentError, match=message):
            index.search(queries, 10, **options)
    with pytest.raises(vecq.ArgumentError, match="no interest for user 1"):
        index.search([queries[0], queries[1][:0]], 10)
    with pytest.raises(vecq.ArgumentError, match="merge, interest_weights and quotas are for"):
        index.search(queries[0], 10, merge="sum")
    with pytest.raises(vecq.ArgumentError, match="columns"):
        index.search(np.ones((2, 2, 3), np.float32), 10)

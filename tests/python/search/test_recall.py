"""Recall of filtered walks, of walks through excluded items, and of pages, on clustered rows."""

import functools

import numpy as np
import pytest

import vecq

DIM, COUNT, K = 32, 20_000, 10
CENTRES = np.random.default_rng(0).standard_normal((100, DIM))


def clustered(count, seed):
    rng = np.random.default_rng(seed)
    rows = CENTRES[rng.integers(len(CENTRES), size=count)]
    return (rows + 0.6 * rng.standard_normal((count, DIM))).astype(np.float32)


QUERIES = clustered(40, seed=2)


@functools.cache
def made(metric):
    return vecq.Index(DIM, metric).add(clustered(COUNT, seed=1))


@functools.cache
def ranked(metric):
    """Rank all items for each query, best first."""
    return made(metric).search(QUERIES, COUNT, plan="scan").ids


def masks(metric, way, share):
    """Choose the allowed items of each query: random, the nearest or the farthest ones."""
    if way == "random":
        return np.random.default_rng(3).random((len(QUERIES), COUNT)) < share
    some = max(1, round(share * COUNT))
    chosen = ranked(metric)[:, :some] if way == "near" else ranked(metric)[:, -some:]
    found = np.zeros((len(QUERIES), COUNT), bool)
    np.put_along_axis(found, chosen, True, axis=1)
    return found


def share_found(found, best):
    """Return recall by score, so that any of several equal items counts."""
    return (found.scores[0] >= best.scores[0, -1]).mean()


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("way", ["random", "near", "far"])
def test_recall_of_filtered_searches(metric, way, share):
    """Stepping over everything, which nobody has to ask for, finds no way around what is held back
    by the thousand, and not much where one in a hundred passes."""
    index, recalls = made(metric), {"walk": [], "step_over": [], "auto": []}
    for query, mask in zip(QUERIES, masks(metric, way, share), strict=True):
        passing = vecq.Filter(index, allow=mask)
        k = min(K, len(passing))
        best = index.search(query, k, plan="scan", allow=passing)
        for plan, own in recalls.items():
            found = index.search(query, k, allow=passing, plan=plan)
            assert mask[found.ids].all()
            assert found.counts == len(set(found.ids[0].tolist())) == k
            own.append(share_found(found, best))
    if way == "far" or share == 0.01:
        del recalls["step_over"]
    means = {plan: np.mean(own) for plan, own in recalls.items()}
    assert min(means.values()) >= 0.95, means


@pytest.mark.parametrize("plan", ["walk", "auto"])
def test_walks_route_through_excluded_items(metric, plan):
    """The nearest items of each query are excluded."""
    index, seen = made(metric), ranked(metric)[:, :300]
    best = index.search(QUERIES, K, plan="scan", exclude=seen)
    np.testing.assert_array_equal(best.ids, ranked(metric)[:, 300 : 300 + K])
    found = index.search(QUERIES, K, exclude=seen, plan=plan)
    assert not (found.ids[:, :, None] == seen[:, None]).any()
    assert (found.counts == K).all()
    assert (found.scores >= best.scores[:, -1:]).mean() >= 0.95


@pytest.mark.parametrize("options", [{}, {"ef": 400}, {"plan": "walk"}])
def test_recall_of_pages_is_that_of_one_large_search(metric, options):
    index, page, pages = made(metric), 50, 6
    whole = {
        "ef": page * pages + 100,
        **options,
    }  # the default of pages, and more
    ours, big = [], []
    for query in QUERIES:
        walk = index.search_iter(query, page, **options)
        scores = np.concatenate([next(walk).scores[0] for _ in range(pages)])
        best = index.search(query, page * pages, plan="scan").scores[0, -1]
        ours.append((scores >= best).mean())
        big.append((index.search(query, page * pages, **whole).scores[0] >= best).mean())
    assert np.mean(ours) >= np.mean(big) - 0.001, (np.mean(ours), np.mean(big))

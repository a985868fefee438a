"""Diverse results: maximal marginal relevance against its definition in numpy."""

import numpy as np
import pytest

import vecq

DIM = 24


def clusters(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((40, DIM))
    rows = centers[rng.integers(0, 40, count)] + 0.3 * rng.standard_normal((count, DIM))
    return rows.astype(np.float32)


def picked(scores: np.ndarray, vectors: np.ndarray, diversity: float, k: int) -> list[int]:
    """The places that maximal marginal relevance picks among candidates, best first."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    relevance = 1 - (scores[0] - scores) / (scores[0] - scores[-1])
    nearest, chosen = np.zeros(len(scores)), []
    for _ in range(k):
        worth = (1 - diversity) * relevance - diversity * nearest
        worth[chosen] = -np.inf
        chosen.append(int(np.argmax(worth)))
        nearest = np.maximum(nearest, unit @ unit[chosen[-1]])
    return chosen


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
@pytest.mark.parametrize("codec", ["fp32", "int8", "int16"])
@pytest.mark.parametrize("diversity", [0.1, 0.5, 1.0])
def test_picks_follow_the_definition(metric, codec, diversity):
    items, queries = clusters(2000, 1), clusters(4, 2)
    index = vecq.Index(DIM, metric, codec).add(items)
    plain = index.search(queries, 200, plan="scan")
    found = index.search(queries, 30, diversity=diversity, candidates=200, plan="scan")
    mean = items.mean(axis=0) if metric == "l2" and codec != "fp32" else 0
    for q in range(4):
        own = index.get(plain.ids[q]) - mean
        order = plain.ids[q, picked(plain.scores[q], own, diversity, 30)]
        if codec == "fp32" and diversity < 1:
            assert (order == found.ids[q]).all()
        same = np.isin(order, found.ids[q]).mean()
        assert same > (0.9 if diversity < 1 else 0.6)
        place = {int(i): n for n, i in enumerate(plain.ids[q])}
        scores = [plain.scores[q, place[int(i)]] for i in found.ids[q]]
        assert (found.scores[q] == scores).all()
        assert len(set(found.ids[q].tolist())) == 30


def test_no_diversity_is_plain_search():
    items = clusters(2000, 1)
    index = vecq.Index(DIM, "cosine").add(items)
    plain = index.search(items[:20], 10)
    found = index.search(items[:20], 10, diversity=0.0, candidates=300)
    assert (plain.ids == found.ids).all()
    assert (plain.scores == found.scores).all()


@pytest.mark.parametrize("plan", ["walk", "scan"])
def test_diversity_works_with_the_other_options(plan):
    items = clusters(3000, 1)
    rng = np.random.default_rng(5)
    groups = rng.integers(0, 100, 3000)
    index = vecq.Index(DIM, "ip", rerank_codec="fp16").add(items, bias=rng.normal(size=3000))
    options = {
        "group_by": vecq.Groups(index, np.arange(3000), groups),
        "per_group": 2,
        "allow": np.arange(0, 3000, 2),
        "exclude": [np.arange(0, 100)] * 7,
        "bias_weight": 2.0,
        "plan": plan,
    }
    candidates = index.search(items[:7], 80, **options)
    found = index.search(items[:7], 20, diversity=0.4, candidates=80, **options)
    assert (found.counts == 20).all()
    for q in range(7):
        if plan == "scan":
            assert set(found.ids[q].tolist()) <= set(candidates.ids[q].tolist())
        assert (found.ids[q] % 2 == 0).all()
        assert (found.ids[q] >= 100).all()
        assert np.bincount(groups[found.ids[q]]).max() <= 2
    assert (found.ids[:, 0] == candidates.ids[:, 0]).all()
    diverse, plain = (
        np.mean([similarity(items[own[:20]]) for own in ids]) for ids in (found.ids, candidates.ids)
    )
    assert diverse < plain


def similarity(vectors: np.ndarray) -> float:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return float((unit @ unit.T).mean())


def test_few_and_equal_and_zero_items():
    index = vecq.Index(4, "ip", "fp32").add(np.ones((5, 4), np.float32))
    found = index.search(np.ones(4, np.float32), 10, diversity=0.5)
    assert sorted(found.ids[0].tolist()) == [-1] * 5 + [0, 1, 2, 3, 4]
    zeros = vecq.Index(4, "l2", "fp32").add(np.zeros((3, 4), np.float32))
    assert zeros.search(np.ones(4, np.float32), 2, diversity=1).counts == 2


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.nan, "much", None])
def test_wrong_diversity_is_refused(wrong):
    index = vecq.Index(DIM).add(clusters(10, 1))
    with pytest.raises(vecq.ArgumentError, match="diversity is"):
        index.search(clusters(1, 2), 3, diversity=wrong)
    with pytest.raises(vecq.ArgumentError, match="candidates is"):
        index.search(clusters(1, 2), 3, diversity=0.5, candidates=0)
    with pytest.raises(vecq.ArgumentError, match="diversity can't"):
        index.search_range(clusters(1, 2), 0.5, diversity=0.5)

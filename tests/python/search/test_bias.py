"""Item biases: scores against numpy, every path of a search, every change of an index, files."""

import threading

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

import vecq
from vecq.datasets.synthetic import clustered

METRICS = ("ip", "cosine", "l2")
DIM = 24


def vectors(count: int, seed: int, dim: int = DIM) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, dim), dtype=np.float32)


def biases(count: int, seed: int, spread: float = 1.0) -> np.ndarray:
    return (spread * np.random.default_rng(seed).standard_normal(count)).astype(np.float32)


def similarities(metric: str, queries: np.ndarray, items: np.ndarray) -> np.ndarray:
    queries, items = queries.astype(np.float64), items.astype(np.float64)
    if metric == "cosine":
        queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
        items = items / np.linalg.norm(items, axis=1, keepdims=True)
    if metric == "l2":
        return -((queries[:, None] - items[None]) ** 2).sum(axis=2)
    return queries @ items.T


def recall(found: np.ndarray, scores: np.ndarray, k: int) -> float:
    worst = np.sort(scores, axis=1)[:, -k]
    hits = np.take_along_axis(scores, found, axis=1) >= worst[:, None] - 1e-6
    return float(hits.mean())


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("codec", ["fp32", "int8"])
@pytest.mark.parametrize(("rerank", "count"), [(None, 1), (None, 40), ("fp16", 3)])
def test_scores_are_similarities_plus_weighted_biases(metric, codec, rerank, count):
    items, queries = vectors(500, 1), vectors(count, 2)
    own = biases(500, 3, 2.0)
    index = vecq.Index(DIM, metric, codec, rerank_codec=rerank).add(items, bias=own)
    plain = vecq.Index(DIM, metric, codec, rerank_codec=rerank).add(items)
    weights = np.linspace(-1.5, 2, count).astype(np.float32)
    for plan in ("walk", "scan"):
        everything = plain.search(queries, 500, plan="scan", rerank_factor=rerank and 1.0)
        base = np.empty((count, 500), np.float32)
        np.put_along_axis(base, everything.ids, everything.scores, axis=1)
        expected = base + weights[:, None] * own
        found = index.search(queries, 20, plan=plan, bias_weight=weights)
        got = np.take_along_axis(expected, found.ids, axis=1)
        np.testing.assert_allclose(found.scores, got, rtol=2e-5, atol=2e-5)
        if plan == "scan" or rerank is None:
            assert recall(found.ids, expected, 20) > 0.97
        assert (np.diff(found.scores, axis=1) <= 0).all()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("plan", ["walk", "scan", "auto"])
def test_weight_zero_is_plain_search(metric, plan):
    items, queries = vectors(2000, 1), vectors(40, 2)
    biased = vecq.Index(DIM, metric, seed=3).add(items, bias=biases(2000, 3), threads=1)
    plain = vecq.Index(DIM, metric, seed=3).add(items, threads=1)
    if plan == "auto":
        plan = plain.search(queries, 10, explain=True).explanation.plan
    expected = plain.search(queries, 10, plan=plan)
    for weight in (0, 0.0, np.zeros(40)):
        found = biased.search(queries, 10, plan=plan, bias_weight=weight)
        assert (found.ids == expected.ids).all()
        assert found.scores.tobytes() == expected.scores.tobytes()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("spread", [0.05, 1.0, 50.0])
def test_recall_does_not_suffer_from_biases(metric, spread):
    items, queries = vectors(6000, 1), vectors(30, 2)
    base = similarities(metric, queries, items)
    own = biases(6000, 3, spread * float(base.std(axis=1).mean()))
    index = vecq.Index(DIM, metric, "fp32").add(items, bias=own)
    plain = recall(index.search(queries, 50, bias_weight=0).ids, base, 50)
    for weight in (1.0, -1.0):
        found = index.search(queries, 50, bias_weight=weight)
        assert recall(found.ids, base + weight * own, 50) >= plain - 0.005


@pytest.mark.parametrize("kind", ["normal", "exponential", "few"])
@pytest.mark.parametrize("spread", [0.01, 0.05])
def test_lone_walks_go_deep_enough_among_clusters(kind, spread):
    """Around a query similarities differ far less than over all rows, and biases count for more."""
    data = clustered(30_000, 32, 100)
    rng = np.random.default_rng(4)
    own = {
        "normal": rng.standard_normal(30_000),
        "exponential": rng.exponential(size=30_000),
        "few": 5 * (rng.random(30_000) < 0.04),
    }[kind]
    index = vecq.Index(32, "l2", "fp32").add(data.train)
    everything = index.search(data.test[:20], 30_000, plan="scan")
    plain = lone_recall(index, data.test)
    index.set_bias(index.ids, spread * everything.scores.std(axis=1).mean() * own)
    assert index.search(data.test[0], 50, explain=True).explanation.plan == "walk"
    assert lone_recall(index, data.test) >= plain - 0.002


def lone_recall(index: vecq.Index, queries: np.ndarray) -> float:
    """Recall@50 of one search per query against a scan."""
    truth = index.search(queries, 50, plan="scan").ids
    found = [index.search(query, 50).ids[0] for query in queries]
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(truth, found, strict=True)]))


@pytest.mark.parametrize("metric", METRICS)
def test_walks_find_promoted_and_demoted_items(metric):
    items = vectors(5000, 1)
    index = vecq.Index(DIM, metric, "fp32").add(items)
    promoted = np.arange(0, 5000, 250)
    index.set_bias(promoted, 1000.0)
    for plan in ("walk", "scan"):
        found = index.search(items[:50], 25, plan=plan)
        assert (np.sort(found.ids[:, :20], axis=1) == promoted).all()
        allowed = index.search(items[:50], 10, plan=plan, allow=[*promoted[:7].tolist(), 1, 2, 3])
        assert (np.sort(allowed.ids[:, :7], axis=1) == promoted[:7]).all()
        hidden = index.search(items[:1], 25, plan=plan, exclude=[promoted[:15]])
        assert set(promoted[15:]) <= set(hidden.ids[0, :5].tolist())
    found = index.search(items[promoted], 10, plan="walk")
    assert set(found.ids.ravel()) <= set(promoted.tolist())
    down = index.search(items[promoted], 10, plan="walk", bias_weight=-1)
    assert not np.isin(down.ids, promoted).any()


def test_ranges_pages_and_similar_items_add_biases():
    items = vectors(400, 1)
    own = biases(400, 2)
    index = vecq.Index(DIM, "cosine", "fp32").add(items, bias=own)
    expected = similarities("cosine", items[:3], items)
    weights = [1.0, 0.0, -2.0]
    ranges = index.search_range(items[:3], 0.8, plan="scan", bias_weight=weights)
    for q, weight in enumerate(weights):
        part = ranges.ids[ranges.indptr[q] : ranges.indptr[q + 1]]
        assert set(part) == set(np.flatnonzero(expected[q] + weight * own >= 0.8))
    pages = index.search_iter(items[0], page=150, plan="scan", bias_weight=2.0)
    order = np.concatenate([page.ids[0] for page in pages])
    assert (order == np.argsort(-(expected[0] + 2 * own), kind="stable")).all()
    near = index.search_by_ids([7], 5, plan="scan")
    scores = (similarities("cosine", items[7:8], items) + own)[0]
    scores[7] = -np.inf
    assert (near.ids[0] == np.argsort(-scores)[:5]).all()


def test_near_zero_items_rank_by_their_biases():
    items = vectors(2000, 1)
    items[100:300] = 0
    own = np.zeros(2000, np.float32)
    own[100:300] = np.linspace(1, 40, 200)
    index = vecq.Index(DIM, "ip", "fp32").add(items, bias=own)
    scores = similarities("ip", items[:20], items) + own
    for plan in ("walk", "scan"):
        assert recall(index.search(items[:20], 30, plan=plan).ids, scores, 30) > 0.99


def test_updates_keep_biases():
    items = vectors(300, 1)
    index = vecq.Index(DIM).add(items, bias=np.arange(300.0))
    index.upsert(items[:100] + 1, np.arange(100))
    assert (index.get_bias(np.arange(300)) == np.arange(300)).all()
    index.upsert(items[:2], [0, 300])
    index.upsert(items[:2], [1, 301], bias=[7, 8])
    assert index.get_bias([0, 1, 300, 301]).tolist() == [0, 7, 0, 8]
    index.remove([5, 6])
    index.add(items[5:7], [5, 6])
    assert index.get_bias([5, 6, 7]).tolist() == [0, 0, 7]
    with pytest.raises(vecq.ArgumentError, match="ids has 999 at 1"):
        index.set_bias([5, 999], 1.0)
    assert index.get_bias(5)[0] == 0


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 2e18, 1e300])
def test_numbers_that_are_not_finite_are_refused(wrong):
    index = vecq.Index(DIM).add(vectors(10, 1))
    with pytest.raises(vecq.ArgumentError, match=r"values has .* at 1, expected finite") as caught:
        index.set_bias([0, 1], [0, wrong])
    assert caught.value.argument == "values"
    for many in (2, 100):
        with pytest.raises(vecq.ArgumentError, match=r"^bias has") as caught:
            index.add(vectors(many, 2), bias=[0] * (many - 1) + [wrong])
        assert caught.value.argument == "bias"
    with pytest.raises(vecq.ArgumentError, match="bias_weight has"):
        index.search(vectors(2, 2), 3, bias_weight=[0, wrong])
    assert len(index) == 10
    assert (index.add(vectors(2, 3)).get_bias([10, 11]) == 0).all()


@pytest.mark.parametrize("wrong", ["x", [1, 2], [[1]], None, [True]])
def test_biases_and_weights_that_are_no_numbers_are_refused(wrong):
    index = vecq.Index(DIM).add(vectors(10, 1))
    with pytest.raises(vecq.ArgumentError, match=r"^values "):
        index.set_bias([0], wrong)
    with pytest.raises(vecq.ArgumentError, match=r"^bias_weight "):
        index.search(vectors(3, 2), 3, bias_weight=wrong)


def test_files_keep_biases(tmp_path):
    items = vectors(1000, 1)
    index = vecq.Index(DIM, "l2", rerank_codec="fp16").add(items, bias=biases(1000, 2, 30))
    found = index.search(items[:9], 20)
    index.save(tmp_path / "a.vecq")
    opened = vecq.Index.open(tmp_path / "a.vecq")
    assert opened.check().ok
    again = opened.search(items[:9], 20)
    assert (again.ids == found.ids).all()
    assert (again.scores == found.scores).all()
    with pytest.raises(vecq.ReadOnlyError):
        opened.set_bias([0], [1])
    changed = vecq.Index.open(tmp_path / "a.vecq", writable=True).set_bias([3], [1e6])
    assert (changed.search(items[:9], 1, plan="walk").ids == 3).all()
    assert changed.compact().refit().check().ok
    assert (changed.search(items[:9], 1, plan="walk").ids == 3).all()
    index.set_bias(np.arange(1000), 0).save(tmp_path / "b.vecq")
    plain = vecq.Index(DIM, "l2", rerank_codec="fp16").add(items)
    plain.save(tmp_path / "c.vecq")
    assert (tmp_path / "b.vecq").stat().st_size == (tmp_path / "c.vecq").stat().st_size


def test_searches_see_all_biases_of_a_call_or_none():
    items = vectors(3000, 1)
    index = vecq.Index(DIM, "cosine").add(items)
    stop = threading.Event()
    seen: list[set[float]] = []

    def look() -> None:
        while not stop.is_set():
            found = index.search(items[0], 300, plan="scan")
            whole = np.round(
                (found.scores[0] - similarities("cosine", items[:1], items)[0][found.ids[0]]) / 10
            )
            seen.append(set(whole.tolist()))

    thread = threading.Thread(target=look)
    thread.start()
    for value in range(1, 30):
        index.set_bias(np.arange(3000), 10.0 * value)
        assert (index.get_bias([0, 2999]) == 10 * value).all()
    stop.set()
    thread.join()
    assert seen
    assert all(len(values) == 1 for values in seen)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "upsert", "remove", "set", "save", "compact", "refit"]),
        st.integers(0, 2**31),
    ),
    min_size=3,
    max_size=12,
)


@hypothesis.settings(max_examples=15, deadline=None)
@hypothesis.given(metric=st.sampled_from(METRICS), actions=ACTIONS)
def test_random_changes_keep_the_biases_of_items(tmp_path_factory, metric, actions):
    index = vecq.Index(8, metric, "fp32", rerank_codec="fp32", m=4, ef_construction=20)
    held: dict[int, tuple[np.ndarray, float]] = {}
    for action, seed in actions:
        rng = np.random.default_rng(seed)
        count = int(rng.integers(1, 90))
        fresh = rng.standard_normal((count, 8)).astype(np.float32)
        own = rng.normal(size=count).astype(np.float32) if rng.integers(2) else None
        if action == "add":
            ids = np.setdiff1d(rng.permutation(400)[:count], list(held))
            index.add(fresh[: len(ids)], ids, bias=None if own is None else own[: len(ids)])
            held |= {
                int(i): (fresh[n], 0.0 if own is None else float(own[n])) for n, i in enumerate(ids)
            }
        elif action == "upsert":
            ids = rng.permutation(400)[:count]
            index.upsert(fresh, ids, bias=own)
            for n, i in enumerate(ids.tolist()):
                kept = held[i][1] if i in held else 0.0
                held[i] = (fresh[n], kept if own is None else float(own[n]))
        elif action == "remove" and held:
            ids = rng.permutation(list(held))[:count]
            index.remove(ids)
            for i in ids.tolist():
                del held[i]
        elif action == "set" and held:
            ids = rng.permutation(list(held))[:count]
            values = (10.0 ** rng.integers(-2, 3) * rng.normal(size=len(ids))).astype(np.float32)
            index.set_bias(ids, values)
            held |= {int(i): (held[int(i)][0], float(b)) for i, b in zip(ids, values, strict=True)}
        elif action == "save":
            path = tmp_path_factory.mktemp("bias") / "index.vecq"
            index.save(path)
            index = vecq.Index.open(path, writable=True)
        elif action == "compact":
            index.compact()
        elif action == "refit":
            index.refit()
    assert index.check().ok
    ids = np.array(sorted(held), np.int64)
    if len(ids) == 0:
        return
    values = np.array([held[i][1] for i in ids.tolist()], np.float32)
    assert (index.get_bias(ids) == values).all()
    queries = vectors(3, 5, 8)
    scores = similarities(metric, queries, np.stack([held[i][0] for i in ids.tolist()])) + values
    k = min(10, len(ids))
    for plan in ("walk", "scan"):
        found = index.search(queries, k, plan=plan, ef=500)
        expected = -np.sort(-scores, axis=1)[:, :k]
        np.testing.assert_allclose(found.scores, expected, rtol=1e-4, atol=1e-4)


def test_outliers_are_found_after_larger_biases_are_gone():
    rng = np.random.default_rng(5)
    items = rng.standard_normal((4000, 16), np.float32)
    index = vecq.Index(16, "l2").add(items)
    index.set_bias(range(4000), 1e4 * rng.standard_normal(4000, np.float32))
    promoted = np.array([17, 1900, 3999])
    bias = np.zeros(4000, np.float32)
    bias[promoted] = 500
    index.set_bias(range(4000), bias)
    found = index.search(items[:50], 10, plan="walk", ef=10)
    assert (np.sort(found.ids[:, :3], axis=1) == promoted).all()

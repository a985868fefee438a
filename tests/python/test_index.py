"""Indexes against exact scores: what they find and how it scores, ids, stores, statistics."""

import functools

import numpy as np
import pytest

import vecq
from vecq.core import progress
from vecq.updates import steps

METRICS = ["ip", "cosine", "l2"]
KINDS = ["fp32", "fp16", "int16", "int12", "int8", "int4"]
DIM = 32

every_metric = pytest.mark.parametrize("metric", METRICS)
every_kind = pytest.mark.parametrize("kind", KINDS)
# Codes of 4 bits alone lose recall, and an index says so.
loss_is_known = pytest.mark.filterwarnings("ignore:.*int4.* alone finds:vecq.QuantizationWarning")


def clustered(count, seed):
    centres = np.random.default_rng(0).standard_normal((30, DIM))
    rng = np.random.default_rng(seed)
    rows = centres[rng.integers(30, size=count)] + 0.5 * rng.standard_normal((count, DIM))
    return rows.astype(np.float32)


ITEMS, QUERIES = clustered(3000, seed=1), clustered(100, seed=2)


def exact_scores(queries, rows, metric):
    queries, rows = queries.astype(float), rows.astype(float)
    dots, own = queries @ rows.T, (rows**2).sum(axis=1)
    if metric == "l2":
        return 2 * dots - own - (queries**2).sum(axis=1)[:, None]
    return dots / np.outer(np.linalg.norm(queries, axis=1), own**0.5) if metric != "ip" else dots


def recall(ids, metric, rows=ITEMS, queries=QUERIES):
    scores = exact_scores(queries, rows, metric)
    best = np.argsort(-scores, axis=1)[:, : ids.shape[1]]
    return np.mean([np.isin(found, wanted).mean() for found, wanted in zip(ids, best, strict=True)])


@functools.cache
def codec_of(kind, metric):
    """The codec that a kind's name stands for, fitted."""
    centred = metric == "l2" and kind.startswith("int")
    return vecq.Codec(kind, center=True).fit(ITEMS) if centred else vecq.Codec(kind)


@functools.cache
def built(metric="ip", codec="int8", threads=1, **options):
    return vecq.Index(DIM, metric, codec, **options).add(ITEMS, threads=threads)


def answers(index, queries=QUERIES, **options):
    result = index.search(queries, 10, **options)
    return result.ids.tobytes(), result.scores.tobytes(), index.stats().degrees.tolist()


def same(one, two):
    np.testing.assert_array_equal(one.ids, two.ids)
    np.testing.assert_array_equal(one.scores, two.scores)
    np.testing.assert_array_equal(one.counts, two.counts)


@loss_is_known
@every_metric
@every_kind
@pytest.mark.parametrize("threads", [1, 2])
def test_finds_the_best(metric, kind, threads):
    index = built(metric, codec_of(kind, metric), threads)
    result = index.search(QUERIES, 10, ef=60, threads=threads)
    assert recall(result.ids, metric) >= {"int8": 0.97, "int4": 0.6}.get(kind, 0.99)
    assert (np.diff(result.scores) <= 0).all()
    assert (result.counts == 10).all()
    assert index.stats().unreachable == 0


@loss_is_known
@every_metric
@every_kind
@pytest.mark.parametrize("query_bits", [8, 15])
def test_scores_are_those_of_the_codec(metric, kind, query_bits):
    codec = codec_of(kind, metric)
    result = built(metric, codec).search(QUERIES, 20, query_bits=query_bits)
    scores = codec.score(codec.encode(ITEMS), QUERIES, metric, query_bits=query_bits)
    expected = np.take_along_axis(scores, result.ids, axis=1)
    if kind.startswith("int"):
        np.testing.assert_array_equal(result.scores, expected)
    else:  # sums of floats, in another order
        np.testing.assert_allclose(result.scores, expected, rtol=0, atol=1e-5 * np.ptp(scores))


@loss_is_known
@pytest.mark.parametrize("kind", ["int16", "int12", "int8", "int4"])
@pytest.mark.parametrize("count", [3000, 10_001])
def test_kinds_are_centred_for_l2(kind, count):
    rows = np.random.default_rng(0).standard_normal((count, 3)).astype(np.float32) + 100
    fitted = vecq.Codec(kind, center=True).fit(rows)
    index = vecq.Index(3, "l2", kind, m=4, ef_construction=20).add(rows)
    scores = fitted.score(fitted.encode(rows), rows[:20], "l2")
    result = index.search(rows[:20], 5)
    np.testing.assert_array_equal(result.scores, np.take_along_axis(scores, result.ids, axis=1))


@every_metric
@pytest.mark.parametrize("scale", ["vector", "global"])
@pytest.mark.parametrize("center", [False, True])
def test_any_codec_can_be_walked(metric, scale, center):
    sizes = np.geomspace(0.3, 3, DIM, dtype=np.float32)
    items, queries = (ITEMS + 1) * sizes, (QUERIES + 1) * sizes
    codec = vecq.Codec("int16", scale=scale, center=center).fit(items)
    index = vecq.Index(DIM, metric, codec, ef_construction=50).add(items)
    assert recall(index.search(queries, 10).ids, metric, items, queries) >= 0.98
    assert index.stats().unreachable == 0


@pytest.mark.parametrize("metric", ["ip", "cosine"])
def test_centred_codes_are_linked_by_distance(metric):
    # Their dots say nothing of directions: linked by those, cosine found three quarters here.
    rng = np.random.default_rng(0)
    sizes = np.geomspace(0.2, 2, 32)
    items = (rng.standard_normal((8000, 32)) * sizes + 1).astype(np.float32)
    queries = (rng.standard_normal((100, 32)) * sizes + 1).astype(np.float32)
    codec = vecq.Codec("int8", center=True).fit(items)
    best = np.argsort(-codec.score(codec.encode(items), queries, metric), axis=1)[:, :10]
    found = vecq.Index(32, metric, codec).add(items).search(queries, 10, ef=60).ids
    shared = [len(np.intersect1d(a, b)) for a, b in zip(found, best, strict=True)]
    assert np.mean(shared) / 10 >= 0.97


def test_a_scale_for_each_dimension_is_refused():
    with pytest.raises(vecq.ArgumentError, match="scale for each dimension") as caught:
        vecq.Index(DIM, "l2", vecq.Codec("int16", scale="dimension"))
    assert caught.value.argument == "codec"


def test_a_result_unpacks():
    result = built().search(QUERIES, 7)
    ids, scores = result
    assert ids is result.ids
    assert scores is result.scores
    assert (ids.shape, ids.dtype, scores.shape, scores.dtype) == ((100, 7), "i8", (100, 7), "f4")
    assert (result.counts.shape, result.counts.dtype) == ((100,), "i8")
    assert repr(result) == "<vecq.Result: 7 items for each of 100 queries>"
    walked = built().search(QUERIES, 7, ef=107)
    assert 100 <= walked.hops < walked.n_scored
    assert built().search(QUERIES, 7, ef=500).hops > walked.hops
    one = built().search(QUERIES[0], 7)
    assert (one.ids.shape, one.counts.shape) == ((1, 7), (1,))


@loss_is_known
@every_metric
@every_kind
def test_a_batch_is_its_queries_one_by_one(metric, kind):
    index = built(metric, codec_of(kind, metric))
    batch = index.search(QUERIES, 10, ef=30)
    same(batch, index.search(QUERIES, 10, ef=30, threads=2))
    single = [index.search(query, 10, ef=30) for query in QUERIES]
    assert sum(result.hops for result in single) == batch.hops
    for i, result in enumerate(single):
        np.testing.assert_array_equal(result.ids[0], batch.ids[i])
        np.testing.assert_array_equal(result.scores[0], batch.scores[i])


def own_ids(index, rows):
    """What each row finds as the nearest."""
    return index.search(rows, 1, ef=300).ids[:, 0].tolist()


EXTREMES = [-(2**63), 2**63 - 1, -1, 0, 2**62, -(2**40)]


@pytest.mark.parametrize(
    "ids",
    [
        np.arange(200, dtype=np.uint8),
        np.arange(200, dtype=np.int32)[::-1],
        np.arange(400, dtype=np.int64)[::2],
        np.arange(200, dtype=np.uint64) + 2**62,
        np.arange(200).astype(">i4"),
        range(1000, 1200),
        [*EXTREMES, *range(5, 199)],
        np.random.default_rng(0).permutation(200) * -(2**50),
    ],
    ids=["uint8", "int32", "strided", "uint64", "big-endian", "range", "extremes", "negative"],
)
@every_metric
def test_ids_are_kept(ids, metric):
    index = vecq.Index(DIM, metric, "fp32").add(ITEMS[:200], ids)
    found = index.search(ITEMS[:200], 200)
    wanted = np.argsort(-exact_scores(ITEMS[:200], ITEMS[:200], metric), axis=1)[:, 0]
    assert found.ids[:, 0].tolist() == [list(ids)[i] for i in wanted]
    assert (np.sort(found.ids, axis=1) == sorted(ids)).all()


def test_default_ids_go_on_from_the_largest():
    index = vecq.Index(DIM, "l2").add(ITEMS[:100])
    index.add(ITEMS[100:102], [-7, 500]).add(ITEMS[102:200])
    assert own_ids(index, ITEMS[:200]) == [*range(100), -7, 500, *range(501, 599)]
    index = vecq.Index(DIM, "l2").add(ITEMS[:2], [-7, -9]).add(ITEMS[2:4])
    assert own_ids(index, ITEMS[:4]) == [-7, -9, 0, 1]
    index = vecq.Index(DIM, "l2").add(ITEMS[:1], [2**63 - 1])
    with pytest.raises(vecq.ArgumentError, match="no ids are left"):
        index.add(ITEMS[1:2])
    assert len(index.add(ITEMS[1:2], [3])) == 2


@every_metric
def test_additions_add_up(metric):
    index = vecq.Index(DIM, metric)
    sizes = [1, 2, 40, 500, 0, 957, 1500]
    for first, count in zip(np.cumsum([0, *sizes]), sizes, strict=False):
        assert index.add(ITEMS[first : first + count]) is index
        assert len(index) == first + count
        assert (index.search(QUERIES, 10).counts == min(10, len(index))).all()
    assert recall(index.search(QUERIES, 10, ef=60).ids, metric) >= 0.97
    stats = index.stats()
    assert (stats.rows, stats.unreachable) == (3000, 0)
    for row in clustered(50, seed=3):
        index.add(row)
    assert own_ids(index, clustered(50, seed=3))[-1] == 3049 or metric == "ip"


@every_metric
@pytest.mark.parametrize(("wide", "error"), [("int16", 1e-3), ("fp16", 1e-3), ("fp32", 2e-6)])
def test_a_wider_store_reranks(metric, wide, error):
    index = built(metric, rerank_codec=wide)
    result = index.search(QUERIES, 10, ef=400, rerank_factor=10)
    assert recall(result.ids, metric) >= (0.999 if wide == "fp32" else 0.99)
    scores = exact_scores(QUERIES, ITEMS, metric)
    expected = np.take_along_axis(scores, result.ids, axis=1)
    np.testing.assert_allclose(result.scores, expected, rtol=0, atol=error * np.ptp(scores))
    assert (np.diff(result.scores) <= 0).all()
    assert recall(index.search(QUERIES, 10).ids, metric) >= 0.98  # two candidates per item
    assert index.stats().rerank_bytes > built(metric).stats().rerank_bytes == 0


@every_metric
def test_reranking_can_be_turned_off(metric):
    coarse, index = built(metric), built(metric, rerank_codec="fp32")
    plain = coarse.search(QUERIES, 10)
    same(index.search(QUERIES, 10, rerank_factor=0), plain)
    same(coarse.search(QUERIES, 10, rerank_factor=0), plain)
    same(index.search(QUERIES, 10), index.search(QUERIES, 10, rerank_factor=2))  # 1.25 k + 8
    # With one candidate for each item only their order changes.
    once = index.search(QUERIES, 10, rerank_factor=1)
    np.testing.assert_array_equal(np.sort(once.ids), np.sort(plain.ids))
    assert (once.scores != plain.scores).any()


def test_it_tells_what_it_is():
    assert repr(vecq.Index(7)) == "<vecq.Index of 0 x 7 int8, ip, m=16>"
    index = vecq.Index(DIM, "l2", vecq.Codec("int16", center=True), m=5, rerank_codec="fp16").add(
        ITEMS
    )
    assert repr(index) == "<vecq.Index of 3,000 x 32 int16 reranked by fp16, l2, m=5>"
    assert (len(index), index.dim, index.metric) == (3000, DIM, "l2")


@every_metric
def test_statistics_add_up(metric):
    stats = built(metric).stats()
    assert (stats.rows, stats.unreachable, stats.kept_out) == (3000, 0, 0)
    assert stats.degrees.sum() == stats.layers[0] == 3000
    assert (np.diff(stats.layers) < 0).all()
    assert len(stats.layers) == 1 if metric == "ip" else 2 <= len(stats.layers) <= 6
    assert 8 < stats.mean_degree <= len(stats.degrees) - 1 <= 32
    assert stats.code_bytes >= 3000 * DIM
    assert stats.bytes == stats.code_bytes + stats.link_bytes + stats.id_bytes
    assert "3,000 items" in str(stats)
    assert f"{stats.bytes:,} bytes, {stats.bytes / 3000:.0f} per item; in all: codes" in str(stats)
    empty = vecq.Index(DIM, metric).stats()
    assert (empty.rows, empty.unreachable, empty.degrees.sum(), empty.mean_degree) == (0, 0, 0, 0)


@every_metric
def test_a_seed_makes_the_graph(metric):
    def index(seed):
        return answers(vecq.Index(DIM, metric, seed=seed).add(ITEMS, threads=1))

    assert index(5) == index(5)
    if metric != "ip":  # whose graphs have one layer, and no dice
        assert index(5) != index(6)


@every_metric
@pytest.mark.parametrize("factor", [1.01, 1.37])
def test_the_clock_does_not_make_the_graph(metric, factor, monkeypatch):
    """Work is cut into slices of time; where they end shall not matter."""
    ticks = iter(np.arange(10**6) * steps.SLICE / factor)
    monkeypatch.setattr(progress.Report, "seconds", staticmethod(lambda: next(ticks)))
    assert answers(vecq.Index(DIM, metric).add(ITEMS, threads=1)) == answers(built(metric))

"""Codes in planes of nibbles: int12 and wide int8, of which walks read one plane and rescoring
reads all, and int4, which is one plane.
"""

import shutil
from pathlib import Path

import faiss
import numpy as np
import pytest

import vecq
from vecq.search.recall_curve import store_curve

FIXTURES = Path(__file__).parents[2] / "fixtures"
DIM, WIDE, ROWS, K = 72, 256, 3_000, 10
BASIS = np.random.default_rng(9).standard_normal((24, WIDE))


PLANES = [("int12", DIM, True), ("int8", WIDE, True), ("int8", DIM, False)]


def vectors(count, seed, dim=DIM):
    random = np.random.default_rng(seed)
    return (random.standard_normal((count, 24)) @ BASIS[:, :dim]).astype("float32")


def sections(index, path):
    index.save(path)
    return {section.name for section in vecq.info(path).sections}


def recall(index, rows, queries, metric, **options):
    truth = vecq.brute_force(rows, queries, metric, k=K)
    found = index.search(queries, K, **options)
    return np.mean([np.isin(a, b).mean() for a, b in zip(found.ids, truth.ids, strict=True)])


@pytest.mark.parametrize("dim", [1, 63, 64, 65, 127, 128, 129, 300])
@pytest.mark.parametrize("rotate", [False, True])
def test_rows_hold_three_nibbles_per_code(dim, rotate):
    rows = np.random.default_rng(dim).standard_normal((50, dim), dtype="float32")
    codec = vecq.Codec("int12", rotate=rotate, unbiased=False)
    codes = codec.encode(rows)
    lines = -(-dim // 128)
    assert codes.rows.shape == (50, 3 * 64 * lines)
    planes = codes.rows.reshape(50, 3, lines, 1, 64)
    nibbles = np.concatenate([planes & 15, planes >> 4], axis=3).reshape(50, 3, 128 * lines)
    numbers = np.tensordot(nibbles.astype(int), [256, 16, 1], axes=(1, 0)) - 0x888
    assert not numbers[:, dim:].any()
    assert (np.abs(numbers).max(axis=1) == 1911).all()
    if not rotate:
        scale = np.abs(rows).max(axis=1, keepdims=True) / 1911
        np.testing.assert_array_equal(numbers[:, :dim], np.rint(rows / scale))
    np.testing.assert_allclose(codes.decode(), rows, atol=np.abs(rows).max() * dim**0.5 / 1911)


@pytest.mark.parametrize("dim", [1, 63, 64, 65, 127, 128, 129, 300])
def test_rows_of_int4_hold_a_nibble_per_code(dim):
    rows = np.random.default_rng(dim).standard_normal((50, dim), dtype="float32")
    codes = vecq.Codec("int4", rotate=False, unbiased=False).encode(rows)
    lines = -(-dim // 128)
    assert codes.rows.shape == (50, 64 * lines)
    plane = codes.rows.reshape(50, lines, 1, 64)
    numbers = np.concatenate([plane & 15, plane >> 4], axis=2).reshape(50, 128 * lines) - 8.0
    scale = np.abs(rows).max(axis=1, keepdims=True) / 7
    assert not numbers[:, dim:].any()
    np.testing.assert_array_equal(numbers[:, :dim], np.rint(rows / scale))
    np.testing.assert_allclose(codes.decode(), numbers[:, :dim] * scale, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
def test_int4_finds_what_its_rerank_store_finds(metric):
    rows, queries = vectors(ROWS, 1), vectors(200, 2)
    index = vecq.Index(DIM, metric, "int4", rerank_codec="int8").add(rows)
    for plan in ("walk", "step_over", "scan"):
        assert recall(index, rows, queries, metric, plan=plan, ef=200) > 0.97
    alone = recall(index, rows, queries, metric, plan="scan", rerank_factor=0)
    assert 0.5 < alone < 0.97


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
def test_walks_and_scans_find_what_float32_finds(metric):
    rows, queries = vectors(ROWS, 1), vectors(200, 2)
    index = vecq.Index(DIM, metric, "int12").add(rows)
    for plan in ("walk", "step_over", "scan"):
        assert recall(index, rows, queries, metric, plan=plan, ef=200) > 0.99
    assert recall(index, rows, queries, metric, plan="walk", ef=200, query_bits=8) > 0.95
    walked, scanned = (index.search(queries, K, plan=p, ef=500) for p in ("walk", "scan"))
    both = walked.ids == scanned.ids
    assert both.mean() > 0.99
    np.testing.assert_array_equal(walked.scores[both], scanned.scores[both])


@pytest.mark.parametrize(("kind", "dim", "in_planes"), PLANES)
def test_the_default_beam_grows_with_k_and_a_given_one_holds(kind, dim, in_planes):
    index = vecq.Index(dim, "cosine", kind).add(vectors(ROWS, 1, dim))
    queries = vectors(50, 2, dim)

    def scored(k, **options):
        return index.search(queries, k, plan="walk", **options).n_scored

    for k, default in ((1, 101), (K, 110), (368, 468), (800, 1008 if in_planes else 900)):
        assert scored(k) == scored(k, ef=default)
    assert scored(100, ef=1) == scored(100, ef=100) < scored(100, ef=133)
    assert scored(ROWS + 1) == scored(ROWS)


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
def test_the_default_beam_recalls_of_planes_what_it_recalls_of_rows(metric):
    rows, queries = vectors(ROWS, 1), vectors(50, 2)
    truth = vecq.brute_force(rows, queries, metric, k=900)
    recalls = []
    for kind in ("int12", "int8"):
        found = vecq.Index(DIM, metric, kind).add(rows).search(queries, 900, plan="walk")
        recalls.append(
            np.mean([np.isin(a, b).mean() for a, b in zip(found.ids, truth.ids, strict=True)])
        )
    assert recalls[0] > recalls[1] - 0.002


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
@pytest.mark.parametrize(("kind", "dim"), [("int12", DIM), ("int8", WIDE)])
@pytest.mark.parametrize("k", [1, K, 100, 500])
def test_the_rescored_candidates_hold_the_results(metric, kind, dim, k):
    index = vecq.Index(dim, metric, kind).add(vectors(ROWS, 1, dim))
    queries, beam = vectors(200, 2, dim), 3 * k + 100
    found = index.search(queries, k, plan="walk", ef=beam)
    # A search for more results rescores the whole beam.
    best = index.search(queries, 2 * k + 50, plan="walk", ef=beam)
    shares = [np.isin(a, b[:k]).mean() for a, b in zip(found.ids, best.ids, strict=True)]
    assert np.mean(shares) >= 0.9995


@pytest.mark.filterwarnings("ignore::vecq.QuantizationWarning")
@pytest.mark.parametrize(("kind", "dim"), [("int12", DIM), ("int8", WIDE)])
def test_wide_beams_find_what_scans_find_inside_clusters(kind, dim):
    random = np.random.default_rng(0)
    centers = random.standard_normal((3, dim))
    rows = centers[random.integers(0, 3, 6_200)] + 0.3 * random.standard_normal((6_200, dim))
    rows, queries = np.split(rows.astype("float32"), [6_000])
    index = vecq.Index(dim, "l2", kind).add(rows, threads=1)
    walked = recall(index, rows, queries, "l2", plan="walk", ef=400)
    assert walked > recall(index, rows, queries, "l2", plan="scan") - 0.02


def test_a_recall_curve_of_rows_is_widened_when_they_become_planes(tmp_path):
    path = tmp_path / "items.vecq"
    shutil.copy(FIXTURES / "format-1-wide.vecq", path)
    index = vecq.open(path, writable=True)
    points = {4: ((4, 0.9), (13, 0.95), (20, 0.99)), 30: ((40, 0.9),)}
    store_curve(index._native, vecq.RecallCurve(points, len(index)))
    widened = {4: ((13, 0.9), (13, 0.95), (20, 0.99)), 30: ((45, 0.9),)}
    for _ in range(2):
        index.compact()
        assert index.recall_curve.curves == widened
    assert index.recall_curve.ef_for(4, 0.92) == 13
    index.search(vectors(3, 1, WIDE), 4, target_recall=0.99)


def test_scores_are_finer_than_those_of_int8():
    rows, queries = vectors(ROWS, 1), vectors(50, 2)
    exact = queries @ rows.T
    coarse, fine = vecq.Codec("int8"), vecq.Codec("int12")
    error, finer = (
        np.abs(codec.score(codec.encode(rows), queries) - exact).max() for codec in (coarse, fine)
    )
    assert finer < error / 8


@pytest.mark.parametrize("dim", [64, 192, 255, 256, 257, 300, 384, 768])
def test_int8_is_stored_in_planes_where_rows_stay_as_long(dim, tmp_path):
    index = vecq.Index(dim, "cosine", "int8").add(
        np.random.default_rng(0).standard_normal((100, dim), dtype="float32")
    )
    in_planes = {"walk affines"} <= sections(index, tmp_path / "items.vecq")
    assert in_planes == (dim in (256, 384, 768))
    assert index.codec.kind == "int8"


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
@pytest.mark.parametrize("query_bits", [15, 8])
def test_planes_of_int8_give_the_scores_of_bytes(metric, query_bits):
    rows, queries = vectors(ROWS, 1, WIDE), vectors(100, 2, WIDE)
    codec = vecq.Codec("int8", center=metric == "l2").fit(rows)
    index = vecq.Index(WIDE, metric, codec).add(rows)
    scores = codec.score(codec.encode(rows), queries, metric, query_bits=query_bits)
    for plan in ("walk", "scan"):
        found = index.search(queries, K, plan=plan, ef=200, query_bits=query_bits)
        own = np.take_along_axis(scores, found.ids, 1)
        np.testing.assert_allclose(found.scores, own, rtol=1e-6, atol=1e-6)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :K]
        assert np.mean([np.isin(a, b).mean() for a, b in zip(found.ids, best, strict=True)]) > 0.99


@pytest.mark.parametrize("metric", ["ip", "l2"])
@pytest.mark.parametrize(("kind", "dim"), [("int12", DIM), ("int8", WIDE), ("int4", DIM)])
def test_changes_and_files(metric, kind, dim, tmp_path):
    rows, more, queries = (
        vectors(count, seed, dim) for count, seed in ((ROWS, 1), (ROWS, 3), (100, 2))
    )
    index = vecq.Index(dim, metric, kind, rerank_codec="fp32").add(rows[:2_000])
    index.add(rows[2_000:])
    index.upsert(more[:500], np.arange(500))
    index.remove(np.arange(500, 900))
    kept = np.concatenate([more[:500], rows[900:]])
    ids = np.concatenate([np.arange(500), np.arange(900, ROWS)])

    def check(index):
        truth = ids[vecq.brute_force(kept, queries, metric, k=K).ids]
        found = index.search(queries, K, plan="walk", ef=300)
        assert np.mean([np.isin(a, b).mean() for a, b in zip(found.ids, truth, strict=True)]) > 0.98
        assert not index.check().problems
        return found

    check(index)
    index.compact()
    index.refit()
    found = check(index)
    index.save(tmp_path / "items.vecq")
    opened = vecq.open(tmp_path / "items.vecq", writable=True)
    np.testing.assert_array_equal(check(opened).ids, found.ids)
    opened.add(vectors(100, 5, dim), np.arange(10_000, 10_100))
    affines = {"int12": {"affines in codes", "scan affines"}, "int8": {"walk affines"}}
    names = sections(index, tmp_path / "items.vecq")
    names &= {"walk affines", "scan affines", "affines in codes"}
    assert names == affines.get(kind, {"affines in codes"})
    assert vecq.info(tmp_path / "items.vecq").min_reader_version == "0.2.0"


def test_filters_biases_groups_and_diversity():
    rows, queries = vectors(ROWS, 1), vectors(50, 2)
    index = vecq.Index(DIM, "cosine", "int12").add(rows)
    found = index.search(queries, K, allow=np.arange(0, ROWS, 3), plan="walk")
    assert (found.ids % 3 == 0).all()
    index.set_bias(np.arange(ROWS), np.linspace(0, 1, ROWS, dtype="float32"))
    walked, scanned = (index.search(queries, K, plan=plan, ef=500) for plan in ("walk", "scan"))
    assert np.mean(walked.ids == scanned.ids) > 0.97
    diverse = index.search(queries, K, diversity=0.5, candidates=100, bias_weight=0)
    assert len(set(diverse.ids[0])) == K


def test_bulk_builds_and_import(tmp_path):
    rows, queries = vectors(ROWS, 1), vectors(100, 2)
    bulk = vecq.Index(DIM, "cosine", "int12").add(rows, build="bulk")
    assert recall(bulk, rows, queries, "cosine", plan="walk", ef=300) > 0.98
    theirs = faiss.IndexHNSWFlat(DIM, 16)
    theirs.add(rows)
    ours = vecq.from_faiss(theirs, codec="int12")
    assert recall(ours, rows, queries, "l2", plan="walk", ef=300) > 0.98

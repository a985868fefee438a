"""vecq.brute_force against numpy, for every metric, in one block of rows and in many."""

import numpy as np
import pytest
from scipy import sparse

import vecq
from vecq.quantization import scan as exact_module

DIM = 24


def sample(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)


ITEMS, QUERIES = sample(3000), sample(40, seed=1)


def scores_of(queries, rows, metric):
    queries, rows = queries.astype(float), rows.astype(float)
    dots, own = queries @ rows.T, (rows**2).sum(axis=1)
    if metric == "l2":
        return 2 * dots - own - (queries**2).sum(axis=1)[:, None]
    if metric == "ip":
        return dots
    lengths = np.outer(np.linalg.norm(queries, axis=1), own**0.5)
    return np.divide(dots, lengths, out=np.zeros_like(dots), where=lengths > 0)


def check(found, scores, k, slack=1e-5):
    """Return all scores; those of excluded rows are minus infinity."""
    finite = scores > -np.inf
    np.testing.assert_array_equal(found.counts, np.minimum(k, finite.sum(axis=1)))
    atol = slack * np.abs(scores[finite]).max(initial=1e-30)
    for ids, best, count, own in zip(found.ids, found.scores, found.counts, scores, strict=True):
        assert len(ids) == len(best) == k
        assert len(set(ids[:count].tolist())) == count
        assert set(ids[count:].tolist()) <= {-1}
        assert set(best[count:].tolist()) <= {-np.inf}
        assert (best[:-1] >= best[1:]).all()
        np.testing.assert_allclose(best[:count], own[ids[:count]], rtol=0, atol=atol)
        np.testing.assert_allclose(best[:count], np.sort(own)[::-1][:count], rtol=0, atol=atol)


def same(one, two):
    for name in ("ids", "scores", "counts"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), name)


def cut(monkeypatch, rows):
    """Set the number of rows per block."""
    monkeypatch.setattr(exact_module, "BLOCK_BYTES", 4 * DIM * rows)


@pytest.mark.parametrize("k", [1, 10, 2999, 3000, 3001, 10_000])
@pytest.mark.parametrize("count", [1, 6, 7, 40])
def test_results_are_exact(metric, k, count):
    found = vecq.brute_force(ITEMS, QUERIES[:count], k=k, metric=metric)
    check(found, scores_of(QUERIES[:count], ITEMS, metric), k)


@pytest.mark.parametrize("rows", [1, 7, 64, 999, 2999, 3000, 3001])
@pytest.mark.parametrize("kind", ["fp32", "int8"])
def test_results_do_not_depend_on_the_block_size(metric, kind, rows, monkeypatch):
    items = ITEMS[:200] if rows == 1 else ITEMS
    items = items.copy()
    items[100:150] = items[7]  # equal rows on both sides of a block boundary
    options = {"metric": metric, "codec": kind, "exclude": [[i, i + 7, 199] for i in range(40)]}
    whole = vecq.brute_force(items, QUERIES, k=60, **options)
    cut(monkeypatch, rows)
    monkeypatch.setattr(exact_module, "SCORES_AT_ONCE", 1)  # 32 queries at a time
    seen = []
    same(
        whole,
        vecq.brute_force(items, QUERIES, k=60, **options, progress=lambda *own: seen.append(own)),
    )
    total = len(items)
    assert seen == [(min(done, total), total) for done in range(rows, total + rows, rows)]


@pytest.mark.parametrize("rows", [50, 3000])
def test_excluded_rows_are_not_found(metric, rows, monkeypatch):
    cut(monkeypatch, rows)
    rng, items = np.random.default_rng(2), ITEMS[:300]
    hidden = rng.random((40, 300)) < rng.random((40, 1))
    hidden[3], hidden[4] = True, False
    scores = np.where(hidden, -np.inf, scores_of(QUERIES, items, metric))
    lists = [np.append(np.repeat(np.flatnonzero(own), 2), [-1, 300, 2**62]) for own in hidden]
    for exclude in (lists, sparse.csr_matrix(hidden)):
        for k in (5, 300):
            check(vecq.brute_force(items, QUERIES, k=k, metric=metric, exclude=exclude), scores, k)


@pytest.mark.parametrize(
    "kind", ["fp32", "fp16", "int16", "int12", "int8", "int4", vecq.Codec(center=True)]
)
@pytest.mark.parametrize("bits", [8, 15])
def test_scores_are_those_of_the_codec(metric, kind, bits):
    codec = vecq.Codec.of(kind, metric=metric)
    found = vecq.brute_force(ITEMS, QUERIES, k=20, metric=metric, codec=codec, query_bits=bits)
    if codec.needs_fit:
        assert codec.dim is None  # the caller's codec stays unfitted
        codec = vecq.Codec(**codec.settings).fit(ITEMS)
    scores = codec.score(codec.encode(ITEMS), QUERIES, metric, query_bits=bits)
    check(found, scores, 20, slack=1e-6 if codec.kind.startswith("fp") else 0)


@pytest.mark.parametrize("kind", ["fp32", "int8"])
def test_results_do_not_depend_on_the_number_of_threads(metric, kind):
    for count in (1, 40, 33):
        one = vecq.brute_force(ITEMS, QUERIES[:count], k=50, metric=metric, codec=kind, threads=1)
        for threads in (0, 2, 3):
            asked = QUERIES[:count]
            same(
                one,
                vecq.brute_force(ITEMS, asked, k=50, metric=metric, codec=kind, threads=threads),
            )


@pytest.mark.parametrize("dtype", [np.float64, np.float16, ">f4"])
def test_any_floats_in_any_layout(metric, dtype, monkeypatch, tmp_path):
    items, queries = (own.astype(np.float16).astype(np.float32) for own in (ITEMS, QUERIES))
    plain = vecq.brute_force(items, queries, k=10, metric=metric)
    given, asked = items.astype(dtype), queries.astype(dtype)
    np.save(tmp_path / "items.npy", given)
    cut(monkeypatch, 700)
    for rows in (
        given,
        np.asfortranarray(given),
        np.repeat(given, 2, axis=0)[::2],
        np.load(tmp_path / "items.npy", mmap_mode="r"),
    ):
        same(plain, vecq.brute_force(rows, asked, k=10, metric=metric))
    same(
        plain,
        vecq.brute_force(
            items.astype(float).tolist(), np.asfortranarray(asked), k=10, metric=metric
        ),
    )


def test_empty_vectors_or_queries(metric):
    none = np.empty((0, DIM))
    for codec in ("fp32", vecq.Codec(center=True)):
        found = vecq.brute_force(none, QUERIES, k=3, metric=metric, codec=codec)
        assert (found.ids == -1).all()
        assert (found.scores == -np.inf).all()
        assert found.counts.tolist() == [0] * 40
        found = vecq.brute_force(ITEMS, none, k=3, metric=metric, codec=codec, exclude=[])
        assert (found.ids.shape, found.counts.shape) == ((0, 3), (0,))
    found = vecq.brute_force(ITEMS[0], QUERIES[0], k=3, metric=metric)
    assert found.ids.tolist() == [[0, -1, -1]]


def test_zeros_and_equal_rows(metric):
    items = ITEMS[:500].copy()
    items[:40], items[40:90] = 0, items[40]
    queries = QUERIES.copy()
    queries[3] = 0
    check(
        vecq.brute_force(items, queries, k=120, metric=metric),
        scores_of(queries, items, metric),
        120,
    )


def changed(value, row):
    rows = sample(300, seed=3)
    rows[row, 5] = value
    return rows


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e34])
def test_non_finite_values_are_named(metric, value, refuse, monkeypatch):
    cut(monkeypatch, 100)
    monkeypatch.setattr(exact_module, "SCORES_AT_ONCE", 1)
    bad = changed(value, 250)
    for codec in ("fp32", "int8", vecq.Codec(center=True)):
        refuse("vectors", "row 250", vecq.brute_force, bad, QUERIES, metric=metric, codec=codec)
        refuse("queries", "row 250", vecq.brute_force, ITEMS, bad, metric=metric, codec=codec)
    if metric == "l2":
        refuse("vectors", "norm .* row 250", vecq.brute_force, changed(1e20, 250), QUERIES, metric)
        refuse("queries", "norm .* row 250", vecq.brute_force, ITEMS, changed(1e20, 250), metric)


BAD = [
    *[("k", {"k": value}) for value in (0, -1, 1.5, "a", None, 2**31)],
    *[("metric", {"metric": value}) for value in ("manhattan", None, 0)],
    *[("codec", {"codec": value}) for value in ("int2", None, 8)],
    ("codec", {"codec": vecq.Codec(center=True).fit(np.ones((9, DIM + 1)))}),
    *[("query_bits", {"query_bits": value}) for value in (0, 9, 16, "a", None)],
    *[("threads", {"threads": value}) for value in (-1, 1.5, "a", 1025)],
    ("progress", {"progress": 3}),
    ("queries", {"queries": np.ones((3, DIM + 1))}),
    ("queries", {"queries": np.ones((3, DIM), int)}),
    ("vectors", {"vectors": np.ones((2, 3, DIM))}),
    ("vectors", {"vectors": np.ones((3, DIM), int)}),
    ("vectors", {"vectors": None}),
    ("vectors", {"vectors": [[1.0], [2.0, 3.0]]}),
    ("exclude", {"exclude": [[1]]}),
    ("exclude", {"exclude": 5}),
]


@pytest.mark.parametrize(("argument", "options"), BAD)
def test_bad_arguments_are_named(argument, options, refuse):
    refuse(
        argument, "", vecq.brute_force, **{"vectors": ITEMS, "queries": QUERIES, "k": 5, **options}
    )


def test_progress_may_cancel():
    class EnoughError(Exception):
        pass

    def progress(done, total):
        raise EnoughError

    with pytest.raises(EnoughError):
        vecq.brute_force(ITEMS, QUERIES, k=5, progress=progress)

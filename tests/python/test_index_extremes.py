"""Indexes of few, many equal, huge, tiny and zero vectors; k and ef beyond what there is."""

import functools

import numpy as np
import pytest

import vecq

METRICS = ["ip", "cosine", "l2"]
DIM = 16
LEFT_OUT = (-1, -np.inf)  # the id and the score where there is no item

every_metric = pytest.mark.parametrize("metric", METRICS)


def sample(count, dim=DIM, seed=0):
    return np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)


ITEMS, QUERIES = sample(2000), sample(50, seed=1)


def exact_scores(queries, rows, metric):
    """Of zero vectors the cosine is 0."""
    queries, rows = queries.astype(float), rows.astype(float)
    dots, own = queries @ rows.T, (rows**2).sum(axis=1)
    if metric == "l2":
        return 2 * dots - own - (queries**2).sum(axis=1)[:, None]
    if metric == "ip":
        return dots
    lengths = np.outer(np.linalg.norm(queries, axis=1), own**0.5)
    return np.divide(dots, lengths, out=np.zeros_like(dots), where=lengths > 0)


def recall(index, rows, queries=QUERIES, k=10, **options):
    """The part of what was found that is as good as the best; equal items replace each other."""
    result = index.search(queries, k, **options)
    check(result)
    scores = exact_scores(queries, rows, index.metric)
    bar = -np.sort(-scores, axis=1)[:, k - 1 : k]
    slack = 1e-5 * np.abs(scores).max(axis=1, keepdims=True)
    return (np.take_along_axis(scores, result.ids, axis=1) >= bar - slack).mean()


def check(result):
    """No item comes twice, what is not there is at the end, and scores fall."""
    for ids, scores, count in zip(result.ids, result.scores, result.counts, strict=True):
        assert len(set(ids[:count])) == count
        assert set(zip(ids[count:], scores[count:], strict=True)) <= {LEFT_OUT}
        assert (scores[:-1] >= scores[1:]).all()


def brought_back(index, k, queries=QUERIES):
    """Every item comes exactly once."""
    result = index.search(queries, k)
    check(result)
    assert (result.counts == min(k, len(index))).all()
    for ids in result.ids:
        np.testing.assert_array_equal(np.sort(ids[ids >= 0]), np.arange(len(index)))


@every_metric
@pytest.mark.parametrize("codec", ["int8", "fp32"])
@pytest.mark.parametrize("count", [0, 1, 2, 16, 17, 33, 300])
def test_few_items_are_all_found(metric, codec, count):
    index = vecq.Index(DIM, metric, codec, rerank_codec="fp16").add(ITEMS[:count])
    assert (len(index), index.stats().unreachable) == (count, 0)
    brought_back(index, k=max(1, count))
    brought_back(index, k=count + 7)
    assert (index.search(QUERIES, 5, rerank_factor=0).counts == min(5, count)).all()


FEW_LINKS = """
import numpy as np, vecq
rows = np.random.default_rng(0).standard_normal((3000, 64)).astype("f4")
index = vecq.Index(64, {metric!r}, m={m}, ef_construction=40).add(rows[:2000]).add(rows[2000:])
stats = index.stats()
print(stats.unreachable, stats.degrees.sum(), len(stats.degrees) - 1 <= 2 * {m})
print((index.search(rows[:9], 3000).counts == 3000).all())
"""


@every_metric
@pytest.mark.parametrize("m", [2, 3, 5])
def test_few_links_reach_all_items(metric, m, python):
    result = python(FEW_LINKS.format(metric=metric, m=m), vecq.cpu().active)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["0", "3000", "True", "True"]


@every_metric
def test_many_links(metric):
    index = vecq.Index(DIM, metric, "fp32", m=256, ef_construction=300).add(ITEMS[:700])
    stats = index.stats()
    assert (stats.unreachable, stats.degrees.sum()) == (0, 700)
    assert recall(index, ITEMS[:700]) >= 0.99


@functools.cache
def built(metric):
    return vecq.Index(DIM, metric, "fp32").add(ITEMS)


@every_metric
def test_many_or_narrow(metric):
    index = built(metric)
    brought_back(index, k=2000, queries=QUERIES[:5])
    assert recall(index, ITEMS, QUERIES[:5], k=1500, ef=1) >= 0.99
    result = index.search(QUERIES, 20, ef=3)  # as if ef were 20
    np.testing.assert_array_equal(result.ids, index.search(QUERIES, 20, ef=20).ids)
    assert (result.counts == 20).all()
    assert (index.search(QUERIES, 1, ef=1).counts == 1).all()


@every_metric
def test_identical_vectors(metric):
    index = vecq.Index(8, metric, m=4, ef_construction=20).add(np.full((84_000, 8), 0.3))
    assert index.stats().unreachable == 0
    result = index.search(sample(3, 8), 500)
    check(result)
    assert (result.counts == 500).all()
    assert np.ptp(result.scores, axis=1).tolist() == [0, 0, 0]


@every_metric
def test_vectors_of_zeros(metric):
    index = vecq.Index(DIM, metric).add(np.zeros((300, DIM)))
    assert index.stats().unreachable == 0
    brought_back(index, k=400)
    expected = -(QUERIES.astype(float) ** 2).sum(axis=1) if metric == "l2" else np.zeros(50)
    np.testing.assert_allclose(index.search(QUERIES, 1).scores[:, 0], expected, rtol=1e-2)
    assert (index.search(np.zeros(DIM), 300).scores == 0).all()


GROUPS = """
import numpy as np, vecq
rng = np.random.default_rng(0)
for dim, groups, codec in [(1, 2, "fp32"), (1, 2, "int8"), (8, 2, "int8"), (8, 5, "fp32")]:
    centres = rng.standard_normal((groups, dim)).astype("f4")
    centres[1] = -centres[0]
    rows = centres[rng.integers(groups, size=400)]
    for metric in ("ip", "cosine", "l2"):
        index = vecq.Index(dim, metric, codec).add(rows)
        counts = index.search(centres, 400).counts
        print(index.stats().unreachable, set(counts.tolist()))
"""


def test_groups_of_equal_vectors(python):
    result = python(GROUPS, vecq.cpu().active)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == ["0 {400}"] * 12


@every_metric
@pytest.mark.parametrize("value", [0, 0.1])
def test_equal_vectors_do_not_hide_others(metric, value):
    rows = sample(3000, seed=2)
    rows[::20] = value
    others = rows[1::60]
    index = vecq.Index(DIM, metric, "fp32").add(rows)
    assert index.stats().unreachable == 0
    assert recall(index, rows, others) >= 0.95


@every_metric
def test_others_come_after_vectors_of_zeros(metric):
    index = vecq.Index(DIM, metric, "fp32").add(np.zeros((300, DIM))).add(ITEMS)
    assert index.stats().unreachable == 0
    assert recall(index, np.concatenate([np.zeros((300, DIM)), ITEMS])) >= 0.95


@every_metric
@pytest.mark.parametrize("link", ["auto", "metric"])
def test_clusters_one_after_the_other(metric, link):
    rows = np.repeat(10 * sample(20, seed=3), 100, axis=0) + sample(2000, seed=4)
    index = vecq.Index(DIM, metric, "fp32", link=link).add(rows)
    assert index.stats().unreachable == 0
    assert recall(index, rows, rows[::40]) >= 0.95


@pytest.mark.parametrize("codec", ["int8", "fp32"])
@pytest.mark.parametrize("split", [0, 1000, 1990])
def test_norms_far_apart(codec, split):
    rows = ITEMS.copy()
    rows[7] *= 1e6
    rows[10:20], rows[20:30] = 0, rows[20:30] * 1e-30
    rows[30:40] *= 1e-7
    index = vecq.Index(DIM, "ip", codec).add(rows[:split]).add(rows[split:])
    assert index.stats().unreachable == 0
    assert recall(index, rows) >= (0.9 if codec == "int8" else 0.95)
    brought_back(index, k=2000)


@pytest.mark.parametrize("codec", ["int8", "fp32"])
def test_all_but_one_are_short(codec):
    rows = ITEMS.copy()
    rows[7] *= 1e8
    index = vecq.Index(DIM, "ip", codec).add(rows)
    result = index.search(QUERIES, 10)
    check(result)
    np.testing.assert_array_equal(result.ids[:, 0] == 7, QUERIES @ rows[7] > 0)
    brought_back(index, k=2000)


@every_metric
@pytest.mark.parametrize("dim", [2, 63, 64, 65, 4096])
@pytest.mark.parametrize("codec", ["int4", "int8", "int12", "int16", "fp32"])
def test_any_dim(metric, dim, codec):
    rows, queries = sample(100 if dim == 4096 else 300, dim), sample(20, dim, seed=1)
    fitted = vecq.Codec(codec)
    index = vecq.Index(dim, metric, fitted, ef_construction=50).add(rows)
    assert index.stats().unreachable == 0
    decoded = fitted.encode(rows).decode()
    coarse = 0.05 if codec == "int8" else 0
    assert recall(index, decoded, queries) >= 0.97 - coarse


@every_metric
@pytest.mark.parametrize("codec", ["int8", "fp32"])
@pytest.mark.parametrize("size", [1e-20, 1e-10, 1e18, 1e20])
def test_any_scale(metric, codec, size, refuse):
    rows = (ITEMS[:600] * size).astype(np.float32)
    queries = (QUERIES * size).astype(np.float32) if metric == "l2" else QUERIES
    index = vecq.Index(DIM, metric, codec, ef_construction=50)
    if metric == "l2" and size == 1e20:
        refuse("vectors", "squared norm beyond float32 in row 0", index.add, rows)
        assert len(index) == 0
        return
    index.add(rows)
    assert index.stats().unreachable == 0
    assert recall(index, rows, queries) >= 0.93
    if metric == "ip":
        check(index.search(QUERIES * np.float32(size), 10))


LATER = """
import numpy as np, vecq
rows = np.random.default_rng(0).standard_normal((2000, 16)).astype("f4")
rows *= np.repeat(np.float32([{first}, {then}]), 1000)[:, None]
queries = np.random.default_rng(1).standard_normal((50, 16)).astype("f4")
best = (queries.astype(float) @ rows.astype(float).T).argmax(axis=1)
for codec in ("int8", "fp32"):
    index = vecq.Index(16, "ip", codec).add(rows[:1000]).add(rows[1000:])
    found = index.search(queries, 2000)
    assert (np.sort(found.ids) == np.arange(2000)).all(), "some are missing"
    assert not np.isnan(found.scores).any()
    assert (index.search(queries, 10).ids == best[:, None]).any(axis=1).mean() >= 0.95
"""


@pytest.mark.parametrize(
    ("first", "then"), [(1, 1e3), (1, 1e10), (1e-9, 1e9), (1, 1e-3), (1e-6, 1), (1e20, 1e-20)]
)
def test_later_items_of_another_scale(first, then, python):
    result = python(LATER.format(first=first, then=then), vecq.cpu().active)
    assert result.returncode == 0, result.stderr


LONG_AND_SHORT = ITEMS * np.random.default_rng(5).lognormal(0, 1, (2000, 1)).astype(np.float32)


@pytest.mark.parametrize("link", ["auto", "metric", "cosine", "moebius"])
@pytest.mark.parametrize("codec", ["int8", "fp32"])
def test_links_for_inner_products(link, codec):
    index = vecq.Index(DIM, "ip", codec, link=link, m=8, ef_construction=50).add(LONG_AND_SHORT)
    assert index.stats().unreachable == 0
    assert recall(index, LONG_AND_SHORT) >= 0.97


def test_users_improve_the_graph():
    """Users who look the other way than the items lie."""
    rows, users, queries = sample(4000, seed=6), sample(1000, seed=7), sample(100, seed=8)
    rows[:, 0] = np.abs(rows[:, 0]) + 3
    users[:, 0] -= 5
    queries[:, 0] -= 5
    plain, with_users = (
        vecq.Index(DIM, "ip", "fp32", m=8, ef_construction=50).add(rows, users=given)
        for given in (None, users)
    )
    one, two = (recall(index, rows, queries, ef=30) for index in (plain, with_users))
    assert two >= max(0.88, one + 0.1)
    assert with_users.stats().unreachable == 0
    at_random = [recall(index, rows, ef=30) for index in (plain, with_users)]
    assert at_random[1] >= at_random[0] - 0.01

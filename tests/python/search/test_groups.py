"""Results per group: never more than allowed, the best ones, and k of them where there are k."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

import vecq

METRICS = ("ip", "cosine", "l2")


def vectors(count: int, seed: int, dim: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, dim), dtype=np.float32)


def best_per_group(order: np.ndarray, groups: np.ndarray, per_group: int, k: int) -> list[int]:
    """The first k of the order of which no group has more than `per_group`; -1: no group."""
    taken: dict[int, int] = {}
    kept = []
    for item in order.tolist():
        group = int(groups[item])
        if group >= 0:
            taken[group] = taken.get(group, 0) + 1
            if taken[group] > per_group:
                continue
        kept.append(item)
        if len(kept) == k:
            break
    return kept


def expected_of(index, queries, groups, per_group, k, **options) -> list[list[int]]:
    everything = index.search(queries, len(index), plan="scan", **options)
    return [
        best_per_group(ids[:count], groups, per_group, k)
        for ids, count in zip(everything.ids, everything.counts, strict=True)
    ]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.parametrize("per_group", [1, 3])
def test_results_are_the_best_of_each_group(metric, count, per_group):
    items, queries = vectors(3000, 1), vectors(count, 2)
    rng = np.random.default_rng(3)
    groups = np.minimum(rng.zipf(1.3, 3000), 400) - 1
    spread = 0.05 if metric == "cosine" else 1
    biases = spread * rng.normal(size=3000)
    index = vecq.Index(16, metric, "fp32").add(items, bias=biases)
    prepared = vecq.Groups(index, np.arange(3000), groups)
    for options in ({}, {"allow": np.arange(0, 3000, 2)}, {"exclude": [np.arange(300)] * count}):
        expected = expected_of(index, queries, groups, per_group, 20, **options)
        for plan in ("walk", "scan"):
            found = index.search(
                queries, 20, group_by=prepared, per_group=per_group, plan=plan, **options
            )
            same = [np.isin(a, b).mean() for a, b in zip(expected, found.ids, strict=True)]
            assert np.mean(same) >= (1 if plan == "scan" else 0.97)
            assert (found.counts == [len(own) for own in expected]).all()
            for ids in found.ids:
                own = groups[ids[ids >= 0]]
                assert np.bincount(own).max() <= per_group
                assert len(set(ids.tolist())) == len(ids)


@pytest.mark.parametrize("plan", ["walk", "scan"])
@pytest.mark.parametrize("count", [1, 35])
@pytest.mark.parametrize("rerank", [None, "fp16"])
def test_all_results_that_exist_are_found(plan, count, rerank):
    items = vectors(6000, 1)
    groups = np.zeros(6000, np.int64)  # nearly all items are of one group, those far away are not
    far = np.argsort((items @ items[0]) / np.linalg.norm(items, axis=1))[:30]
    groups[far[:20]] = np.arange(1, 21)
    groups[far[20:]] = -1
    index = vecq.Index(16, "cosine", rerank_codec=rerank).add(items)
    known = groups >= 0
    prepared = vecq.Groups(index, np.flatnonzero(known), groups[known])
    queries = np.repeat(items[:1], count, axis=0)
    found = index.search(queries, 50, group_by=prepared, per_group=2, plan=plan)
    assert (found.counts == 32).all()
    assert (found.ids[:, 32:] == -1).all()
    for ids in found.ids:
        assert set(far) <= set(ids.tolist())


def test_walks_go_as_deep_as_sizes_of_groups_let_expect():
    count, k = 20_000, 50
    index = vecq.Index(16, metric="ip").add(vectors(count, 5), threads=0)
    sizes = np.minimum(np.random.default_rng(6).zipf(1.3, count), count // 50)
    groups = vecq.Groups(index, index.ids, sizes)
    queries = vectors(20, 7)
    for per_group in (1, 4, 40):
        expected = expected_of(index, queries, sizes, per_group, k)
        found = index.search(queries, k, group_by=groups, per_group=per_group, plan="walk")
        hits = [len(set(a) & set(b)) for a, b in zip(found.ids, expected, strict=True)]
        assert np.mean(hits) >= 0.95 * k
        assert found.n_scored < 0.3 * count * len(queries)  # a scan scores all of them


def test_walks_continue_where_groups_take_more_rows():
    rng = np.random.default_rng(8)
    centers = rng.standard_normal((40, 16), dtype=np.float32)
    items = (centers[rng.integers(40, size=20_000)] + 0.3 * vectors(20_000, 9)).astype(np.float32)
    index = vecq.Index(16, "l2", seed=1).add(items, threads=0)
    # Groups are neighborhoods of 20 items: near a query few groups hold nearly all rows.
    leaders = vecq.Index(16, "l2", seed=1).add(items[rng.choice(20_000, 1000, replace=False)])
    near = leaders.search(items, 1, ef=20, threads=0).ids[:, 0]
    groups = vecq.Groups(index, index.ids, near)
    queries = items[:50] + 0.05 * vectors(50, 10)
    k = 30
    expected = expected_of(index, queries, near, 1, k)
    found = index.search(queries, k, group_by=groups, per_group=1, plan="walk")
    hits = [len(set(a) & set(b)) for a, b in zip(found.ids, expected, strict=True)]
    assert np.mean(hits) >= 0.95 * k
    # No walk begins again: all together score less than walks as wide as the deepest query needs.
    order = index.search(queries, 4000, plan="scan").ids
    depths = [
        np.flatnonzero(np.isin(row, own))[-1] for row, own in zip(order, expected, strict=True)
    ]
    plain = [
        index.search(q, 1, ef=2 * depth + 200, plan="walk")
        for q, depth in zip(queries, depths, strict=True)
    ]
    assert found.n_scored < sum(one.n_scored for one in plain)
    for threads in (1, 2):
        again = index.search(queries, k, group_by=groups, per_group=1, plan="walk", threads=threads)
        assert (again.ids == found.ids).all()
    alone = [index.search(q, k, group_by=groups, per_group=1, plan="walk").ids for q in queries]
    assert (np.stack(alone).reshape(found.ids.shape) == found.ids).all()


def test_a_larger_ef_deepens_grouped_walks():
    index = vecq.Index(32, "l2", seed=1).add(vectors(8000, 11, dim=32), threads=0)
    own = np.random.default_rng(12).integers(300, size=8000)
    groups = vecq.Groups(index, index.ids, own)
    queries = vectors(30, 13, dim=32)
    scored = [
        index.search(queries, 50, group_by=groups, per_group=1, ef=ef, plan="walk").n_scored
        for ef in (60, 150, 300)
    ]
    assert scored[0] < scored[1] < scored[2]


def test_items_of_several_vectors_are_found_once():
    items = vectors(500, 1)
    views = np.concatenate([items, items + 0.1, items - 0.1])  # three vectors of each item
    index = vecq.Index(16, "cosine", "fp32").add(views)
    item_of = np.tile(np.arange(500), 3)
    found = index.search(
        items[:9], 10, group_by=vecq.Groups(index, np.arange(1500), item_of), per_group=1
    )
    for ids in item_of[found.ids]:
        assert len(set(ids.tolist())) == 10
    assert (item_of[found.ids[:, 0]] == np.arange(9)).all()


def test_groups_belong_to_ids():
    items = vectors(200, 1)
    ids = np.arange(200) * 1_000_003 - 7
    index = vecq.Index(16, "cosine").add(items, ids)
    groups = vecq.Groups(index, {int(id): f"seller {i % 4}" for i, id in enumerate(ids)})
    assert len(groups) == 4
    assert repr(groups) == "<vecq.Groups: 4 groups>"
    index.remove(ids[::3])
    index.upsert(items[1::3], ids[1::3])
    index.add(vectors(5, 9))
    index.compact()
    found = index.search(items[:5], 12, group_by=groups, per_group=1)
    assert (found.counts == 9).all()  # 4 groups, and 5 items that are in none


def test_attributes_make_groups():
    kinds, values = {"year": "int64", "seller": "category"}, ["ann", None, "bob", "ann"]
    table = {"year": [7, 8, 7, 8], "seller": values}
    index = vecq.Index(16, attributes=kinds).add(vectors(4, 1), attributes=table)
    for name, counts in (("year", 2), ("seller", 2)):
        own = index.get_attributes(index.ids, [name])[name]
        known = np.not_equal(own, None)
        groups = vecq.Groups(index, index.ids[known], own[known])
        assert len(groups) == 2
        found = index.search(vectors(1, 2), 4, allow=index.ids[known], group_by=groups)
        assert found.counts == counts


def test_wrong_groups_are_refused():
    index, other = (vecq.Index(16).add(vectors(4, 1)) for _ in range(2))
    for given, message in (
        ((index, [0, 1], [1.5, 2]), "groups have dtype float64"),
        ((index, [0, 1], ["a"]), "ids has shape"),
        ((index, [0, 1]), "groups are missing"),
        ((index, {0: 1}, [1]), "besides a dict"),
        ((index, [0], [[1]]), "2 dimensions"),
        ((index, [0, 1], ["a", None]), "groups have dtype object"),
        ((index, [0, 1], [1, 2**70]), "groups have dtype object"),
        ((3, [0], [1]), "index is an int"),
    ):
        with pytest.raises(vecq.ArgumentError, match=message):
            vecq.Groups(*given)
    groups = vecq.Groups(index, [], [])
    assert index.search(vectors(1, 2), 3, group_by=groups).counts == 3
    for options, message in (
        ({"group_by": [1, 2]}, "group_by is a list, expected a vecq.Groups$"),
        ({"group_by": "seller"}, "group_by is 'seller', expected .*: by an attribute, vecq.Groups"),
        ({"per_group": 2}, "per_group is given without group_by"),
        ({"group_by": groups, "per_group": 0}, "per_group is 0"),
    ):
        with pytest.raises(vecq.ArgumentError, match=message):
            index.search(vectors(1, 2), 3, **options)
    with pytest.raises(vecq.ArgumentError, match="another index"):
        other.search(vectors(1, 2), 3, group_by=groups)
    with pytest.raises(vecq.ArgumentError, match="pages rank all"):
        index.search_iter(vectors(1, 2)[0], group_by=groups)


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(
    seed=st.integers(0, 2**31),
    items=st.integers(1, 300),
    groups=st.integers(1, 40),
    per_group=st.integers(1, 5),
    k=st.integers(1, 60),
    plan=st.sampled_from(["walk", "scan", "auto"]),
)
def test_random_groups(seed, items, groups, per_group, k, plan):
    rng = np.random.default_rng(seed)
    rows, queries = (rng.standard_normal((n, 8)).astype(np.float32) for n in (items, 3))
    group_of = rng.integers(-1, groups, items)
    index = vecq.Index(8, "l2", "fp32", m=4, ef_construction=30).add(rows)
    known = group_of >= 0
    prepared = vecq.Groups(index, np.flatnonzero(known), group_of[known])
    expected = expected_of(index, queries, group_of, per_group, k)
    found = index.search(queries, k, group_by=prepared, per_group=per_group, plan=plan, ef=400)
    assert (found.counts == [len(own) for own in expected]).all()
    for own, ids in zip(expected, found.ids, strict=True):
        assert own == ids[: len(own)].tolist()


def test_string_ids_keep_their_groups_when_they_are_renumbered():
    items, names = vectors(200, 1), [f"item {i}" for i in range(200)]
    index = vecq.Index(16, "ip", "fp32", id_type="str").add(items, names)
    groups = vecq.Groups(index, names, np.arange(200) % 5)
    index.remove(names[:150])
    index.compact()
    left = index.search(vectors(3, 2), 50, plan="scan")
    expected = [
        best_per_group(np.array([names.index(id) for id in ids]), np.arange(200) % 5, 2, 10)
        for ids in left.ids
    ]
    found = index.search(vectors(3, 2), 10, group_by=groups, per_group=2)
    assert found.ids.tolist() == [[names[i] for i in own] for own in expected]
    with pytest.raises(vecq.ArgumentError, match="ids has 1 string,"):
        vecq.Groups(index, ["item 1"], [1, 2])

"""Conditions together with string ids, interests and bulk building, against numpy."""

import numpy as np
import pytest

import vecq

DIM, COUNT = 8, 600
KINDS = {"price": "float32", "tags": "tags"}
PRICES = np.random.default_rng(1).uniform(0, 100, COUNT).astype(np.float32)
TABLE = {"price": PRICES, "tags": [["new"] * (i % 3 == 0) for i in range(COUNT)]}
CHEAP = set(np.flatnonzero(PRICES < 30).tolist())


def vectors(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal((*shape, DIM), dtype=np.float32)


@pytest.fixture
def index():
    return vecq.Index(DIM, "l2", "fp32", attributes=KINDS).add(vectors(COUNT), attributes=TABLE)


def test_string_ids_have_attributes(tmp_path):
    names = [f"é{i}" for i in range(COUNT)]
    index = vecq.Index(DIM, "l2", attributes=KINDS).add(vectors(COUNT), names, attributes=TABLE)
    held = index.get_attributes(["é7", "é6"])
    assert held["price"].tolist() == PRICES[[7, 6]].tolist()
    assert held["tags"].tolist() == [[], ["new"]]
    index.set_attributes(np.array(["é0", "é1"]), price=[500, None])
    index.set_attributes("é2", price=500)
    index.upsert(vectors(2, seed=2), ["é3", "other"], attributes={"price": [500, 500]})
    index.remove(names[4::5])
    index.compact().save(tmp_path / "a.vecq")
    for own in (index, vecq.open(tmp_path / "a.vecq", writable=True)):
        found = own.search(vectors(1), COUNT, where="price = 500", plan="scan")
        assert set(found.ids[0, : found.counts[0]]) == {"é0", "é2", "é3", "other"}
        left = [i for i in range(5, COUNT) if i % 5 != 4]
        held = own.get_attributes([names[i] for i in left], ["price"])["price"]
        np.testing.assert_array_equal(held, PRICES[left])
        assert own.check().ok
        for refused in (
            lambda own=own: own.get_attributes("unknown"),
            lambda own=own: own.set_attributes(["é0", "é4"], price=[1, 2]),
            lambda own=own: own.set_attributes([0], price=[1]),
        ):
            with pytest.raises(vecq.ArgumentError, match=r"ids") as error:
                refused()
            assert error.value.argument == "ids"


@pytest.mark.parametrize("ragged", [False, True])
def test_each_user_with_interests_has_a_condition(index, ragged):
    queries = vectors(3, 2, seed=4)
    if ragged:
        queries = [queries[0], queries[1, :1], np.concatenate([queries[2], queries[0]])]
    conditions = ["price < 30", None, vecq.col("tags").has("new")]
    allowed = [CHEAP, set(range(COUNT)), set(range(0, COUNT, 3))]
    for options in (
        {},
        {"merge": "sum"},
        {"merge": "quota", "quotas": [[5] * len(own) for own in queries]},
    ):
        found = index.search(queries, 30, where=conditions, plan="scan", **options)
        for ids, own in zip(found.ids, allowed, strict=True):
            assert set(ids.tolist()) <= own
        assert (found.counts == 30).all()
        shared = index.search(queries, 30, where="price < 30", **options)
        assert set(shared.ids.ravel().tolist()) <= CHEAP
        assert (shared.counts == 30).all()
        with pytest.raises(vecq.ArgumentError, match="where has 2 expressions"):
            index.search(queries, 30, where=conditions[:2], **options)


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
def test_bulk_building_keeps_attributes_with_their_items(metric):
    index = vecq.Index(DIM, metric, attributes=KINDS)
    index.add(vectors(COUNT), attributes=TABLE, build="bulk")
    np.testing.assert_array_equal(index.get_attributes(index.ids)["price"], PRICES)
    found = index.search(vectors(1), COUNT, where="price < 30", plan="scan")
    assert set(found.ids[0, : found.counts[0]].tolist()) == CHEAP
    assert index.check().ok


def test_conditions_combine_with_biases_groups_and_diversity(index):
    index.set_bias(range(COUNT), PRICES)
    groups = vecq.Groups(index, np.arange(COUNT), np.arange(COUNT) // 10)
    found = index.search(vectors(4, seed=5), 20, where="price < 30", group_by=groups, diversity=0.3)
    assert set(found.ids.ravel().tolist()) <= CHEAP
    assert (found.counts == 20).all()
    assert all(len(set(ids // 10)) == 20 for ids in found.ids)

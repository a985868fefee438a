"""Probes of cells: against scans, with every option, after changes, and in files."""

import threading

import numpy as np
import pytest

import vecq
from vecq.datasets.synthetic import clustered

DIM, COUNT, QUERIES, K, CELLS = 24, 4000, 150, 20, 50


@pytest.fixture(scope="module")
def data():
    return clustered(COUNT, DIM, QUERIES)


def index_of(data, metric="l2", codec="int8", **options):
    return vecq.Index(DIM, metric, codec, **options).add(data.train).partition(CELLS)


def same(found, other):
    assert np.array_equal(found.ids, other.ids)
    assert np.array_equal(found.scores, other.scores)
    assert np.array_equal(found.counts, other.counts)


def recall(found, truth):
    pairs = zip(found.ids, truth.ids, strict=True)
    return np.mean([len(np.intersect1d(a, b)) / len(b) for a, b in pairs])


@pytest.mark.filterwarnings("ignore:.*int4.* alone finds:vecq.QuantizationWarning")
@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
@pytest.mark.parametrize("codec", ["int4", "int8", "int12", "int16", "fp32"])
def test_recall_rises_with_probes_up_to_that_of_a_scan(data, metric, codec):
    index = index_of(data, metric, codec)
    truth = index.search(data.test, K, plan="scan")
    found = [recall(index.search(data.test, K, probes=n), truth) for n in (2, 6, 18, CELLS)]
    assert found == sorted(found)
    assert found[2] > 0.95
    assert found[3] == 1 if codec != "fp32" else found[3] > 0.999
    assert recall(index.search(data.test, K, plan="probe"), truth) > 0.95


def test_a_query_finds_the_same_alone_in_a_batch_and_on_threads(data):
    index = index_of(data)
    together = index.search(data.test, K, probes=5)
    for first, last in [(0, 1), (3, 7), (10, 150)]:
        part = index.search(data.test[first:last], K, probes=5)
        assert np.array_equal(part.ids, together.ids[first:last])
    same(index.search(data.test, K, probes=5, threads=0), together)


def test_cells_do_not_depend_on_anything_but_the_index(data):
    one, other = index_of(data), index_of(data)
    same(one.search(data.test, K, probes=3), other.search(data.test, K, probes=3))


@pytest.mark.parametrize("probes", [2, CELLS])
def test_every_option_of_a_search_is_obeyed(data, probes):
    rng = np.random.default_rng(0)
    price = rng.random(COUNT, np.float32)
    bias = rng.normal(size=COUNT).astype(np.float32)
    index = vecq.Index(DIM, "l2", attributes={"price": "float32"}, rerank_codec="fp16")
    index.add(data.train, attributes={"price": price}, bias=bias).partition(CELLS)
    groups = vecq.Groups(index, np.arange(COUNT), rng.integers(0, 300, COUNT))
    options = {
        "allow": rng.random(COUNT) < 0.6,
        "deny": rng.integers(0, COUNT, 100),
        "exclude": [rng.integers(0, COUNT, rng.integers(0, 200)) for _ in range(QUERIES)],
        "where": "price < 0.7",
        "group_by": groups,
        "per_group": 2,
        "bias_weight": rng.random(QUERIES).astype(np.float32),
    }
    found = index.search(data.test, K, probes=probes, **options)
    if probes == CELLS:
        same(found, index.search(data.test, K, plan="scan", **options))
    assert (found.counts == K).all()
    allowed = options["allow"] & (price < 0.7)
    allowed[options["deny"]] = False
    for ids, own in zip(found.ids, options["exclude"], strict=True):
        assert allowed[ids].all()
        assert not np.isin(ids, own).any()
        assert len(np.unique(ids)) == K
    few = index.search(data.test, K, probes=probes, allow=range(7), diversity=0.3)
    assert (few.counts == 7).all()


def test_items_of_large_bias_are_found_in_any_cell(data):
    bias = np.zeros(COUNT, np.float32)
    bias[17] = 1e6
    index = vecq.Index(DIM, "l2").add(data.train, bias=bias).partition(CELLS)
    assert (index.search(data.test, K, probes=1).ids[:, 0] == 17).all()


def test_changes_after_partitioning_count(data):
    index = index_of(data)
    removed = np.arange(0, COUNT, 3)
    index.remove(removed)
    more = clustered(COUNT, DIM, QUERIES, seed=1).train
    index.add(more[:1000], ids=np.arange(10_000, 11_000))
    index.upsert(more[2000:2100], ids=np.arange(1, 300, 3)[:100])
    same(
        index.search(data.test, K, probes=CELLS),
        index.search(data.test, K, plan="scan"),
    )
    assert not np.isin(index.search(data.test, K, probes=3).ids, removed).any()
    assert (index.search(more[:100], 1, probes=1).ids[:, 0] == np.arange(10_000, 10_100)).all()
    assert index.check().ok
    assert index.partition().stats().cells == int(2 * np.sqrt(len(index)))
    same(
        index.search(data.test, K, probes=10**6),
        index.search(data.test, K, plan="scan"),
    )


def test_cells_and_curve_are_in_the_file(data, tmp_path):
    index = index_of(data)
    curve = index.measure_recall(data.test, [5, K])
    assert set(curve.probes) == {5, K}
    assert curve.probes[K][-1][1] > 0.999
    index.save(tmp_path / "items.vecq")
    for writable in (False, True):
        opened = vecq.open(tmp_path / "items.vecq", writable=writable)
        same(
            opened.search(data.test, K, probes=4),
            index.search(data.test, K, probes=4),
        )
        assert opened.recall_curve == curve
        assert opened.stats().cells == CELLS
        assert opened.check().ok


def test_target_recall_probes_if_that_costs_less(data):
    index = index_of(data)
    index.measure_recall(data.test, K)
    found = index.search(data.test, K, target_recall=0.95, explain=True)
    assert set(found.explanation.costs) >= {"walk", "scan", "probe"}
    assert found.explanation.plan == min(
        ("walk", "scan", "probe"), key=found.explanation.costs.__getitem__
    )
    assert recall(found, index.search(data.test, K, plan="scan")) > 0.94
    filtered = index.search(data.test, K, target_recall=0.95, allow=range(999), explain=True)
    assert "probe" not in filtered.explanation.costs
    index.compact()
    assert not index.recall_curve.probes
    walked = index.search(data.test, K, target_recall=0.95, explain=True)
    assert "probe" not in walked.explanation.costs


def test_searches_run_while_cells_are_made(data):
    index = index_of(data)
    truth = index.search(data.test, K, plan="scan")
    stop, wrong = threading.Event(), []

    def search():
        while not stop.is_set():
            if recall(index.search(data.test, K, probes=18), truth) < 0.9:
                wrong.append(1)

    thread = threading.Thread(target=search)
    thread.start()
    for _ in range(5):
        index.partition(CELLS)
    stop.set()
    thread.join()
    assert not wrong


def test_bad_arguments_are_named(data, tmp_path):
    index = vecq.Index(DIM, "l2")
    with pytest.raises(vecq.ArgumentError, match="index has no items to partition"):
        index.partition()
    index.add(data.train)
    with pytest.raises(vecq.ArgumentError, match=r"call partition\(\) first"):
        index.search(data.test, K, plan="probe")
    with pytest.raises(vecq.ArgumentError, match="cells is 4001, expected at most the 4000"):
        index.partition(4001)
    with pytest.raises(vecq.ArgumentError, match="cells"):
        index.partition(0)
    index.partition(CELLS)
    with pytest.raises(vecq.ArgumentError, match="probes"):
        index.search(data.test, K, probes=0)
    with pytest.raises(vecq.ArgumentError, match="ef and probes are both given"):
        index.search(data.test, K, probes=1, ef=50)
    with pytest.raises(vecq.ArgumentError, match="probes and target_recall are both given"):
        index.search(data.test, K, probes=1, target_recall=0.9)
    attributes = vecq.Index(DIM, "l2", attributes={"x": "bool"})
    attributes.add(data.train, attributes={"x": np.ones(COUNT, bool)}).partition(CELLS)
    with pytest.raises(vecq.ArgumentError, match="plan probe takes one condition"):
        attributes.search(data.test, K, probes=1, where=["x"] * QUERIES)
    index.save(tmp_path / "items.vecq")
    with pytest.raises(vecq.ReadOnlyError):
        vecq.open(tmp_path / "items.vecq").partition()
    assert index.compact().stats().cells == 0

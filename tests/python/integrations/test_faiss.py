"""What users of faiss rely on, of vecq.integrations.faiss and of faiss itself."""

import faiss as theirs
import numpy as np
import pytest

import vecq
import vecq.integrations.faiss as ours
from vecq.integrations.faiss import settings

DIM, ROWS, K = 12, 800, 10
rng = np.random.default_rng(0)
ITEMS = rng.standard_normal((ROWS, DIM), np.float32)
QUERIES = rng.standard_normal((30, DIM), np.float32)
DOTS = QUERIES @ ITEMS.T
SQUARES = ((QUERIES[:, None] - ITEMS) ** 2).sum(axis=2)


@pytest.fixture(params=["vecq", "faiss"])
def faiss(request):
    return {"vecq": ours, "faiss": theirs}[request.param]


@pytest.fixture(params=[ours.METRIC_L2, ours.METRIC_INNER_PRODUCT])
def metric(request):
    return request.param


def made(faiss, metric=ours.METRIC_L2):
    index = faiss.IndexHNSWFlat(DIM, 16, metric)
    index.hnsw.efConstruction = 100
    index.hnsw.efSearch = 200
    index.train(ITEMS)
    index.add(ITEMS)
    return index


def true(metric):
    return -DOTS if metric == ours.METRIC_INNER_PRODUCT else SQUARES


def test_constants(faiss):
    assert (faiss.METRIC_INNER_PRODUCT, faiss.METRIC_L2) == (0, 1)
    assert (faiss.ScalarQuantizer.QT_8bit, faiss.ScalarQuantizer.QT_fp16) == (0, 4)


def test_attributes(faiss, metric):
    index = made(faiss, metric)
    assert (index.d, index.ntotal, index.is_trained) == (DIM, ROWS, True)
    assert (index.metric_type, index.hnsw.efSearch) == (metric, 200)


def test_search(faiss, metric):
    distances, ids = made(faiss, metric).search(QUERIES, K)
    assert (distances.shape, distances.dtype, ids.dtype) == ((30, K), np.float32, np.int64)
    expected = true(metric)
    sign = -1 if metric == ours.METRIC_INNER_PRODUCT else 1
    assert np.allclose(sign * distances, np.take_along_axis(expected, ids, 1), atol=1e-4)
    assert np.mean(np.sort(expected, axis=1)[:, :K] >= sign * distances - 1e-4) > 0.98


def test_where_there_are_fewer(faiss, metric):
    index = faiss.IndexHNSWFlat(DIM, 16, metric)
    for count in (0, 3):
        index.add(ITEMS[:count])
        distances, ids = index.search(QUERIES[:2], 5)
        assert (ids[:, count:] == -1).all()
        assert (abs(distances[:, count:]) > 1e38).all()
        assert (np.sort(ids[:, :count]) == np.arange(count)).all()


def test_codes(faiss, metric):
    index = faiss.IndexHNSWSQ(DIM, faiss.ScalarQuantizer.QT_8bit, 16, metric)
    index.train(ITEMS)
    index.add(ITEMS)
    index.hnsw.efSearch = 200
    _, ids = index.search(QUERIES, K)
    best = np.argsort(true(metric), axis=1)[:, :K]
    assert np.mean([np.isin(a, b).mean() for a, b in zip(ids, best, strict=True)]) > 0.93


def test_reconstruct(faiss):
    index = made(faiss)
    assert (index.reconstruct(5) == ITEMS[5]).all()
    assert (index.reconstruct_n(3, 4) == ITEMS[3:7]).all()
    with pytest.raises(RuntimeError):
        made(ours).reconstruct(ROWS)


def test_ids_of_ones_own(faiss, metric):
    index = faiss.IndexIDMap(faiss.IndexHNSWFlat(DIM, 16, metric))
    numbers = np.arange(ROWS)[::-1] * 10**9
    index.add_with_ids(ITEMS, numbers)
    assert index.ntotal == ROWS
    best = numbers[true(metric).argmin(axis=1)]
    assert (index.search(QUERIES, 1)[1][:, 0] == best).mean() > 0.8
    with pytest.raises(RuntimeError):
        index.add(ITEMS)


def test_ids_and_removal():
    index = made(ours)
    assert index.remove_ids(np.array([0, 1, 2, ROWS + 5, 1])) == 3
    assert index.ntotal == ROWS - 3
    assert not np.isin(index.search(QUERIES, 100)[1], [0, 1, 2]).any()
    with pytest.raises(RuntimeError, match="not found"):
        index.reconstruct(1)
    index.add_with_ids(QUERIES[:2], [1, 5000])
    assert index.search(QUERIES[:2], 1)[1].ravel().tolist() == [1, 5000]
    index.add(QUERIES[2:3])
    assert index.search(QUERIES[2:3], 1)[1].tolist() == [[5001]]
    only = ours.SearchParametersHNSW(efSearch=50, sel=[7, 9])
    assert sorted(index.search(QUERIES[:1], 2, params=only)[1][0].tolist()) == [7, 9]
    index.remove_ids(np.arange(3, ROWS))
    assert index.ntotal == len(index._index()) == 3
    assert sorted(index.search(QUERIES[:1], 3)[1][0].tolist()) == [1, 5000, 5001]
    index.reset()
    assert index.ntotal == 0


def test_range_search(metric):
    index, sign = made(ours, metric), 1 if metric == ours.METRIC_L2 else -1
    threshold = float(np.sort(true(metric)[0])[20])
    limits, distances, ids = index.range_search(QUERIES, sign * threshold)
    assert (len(limits), limits[-1], len(distances)) == (31, len(ids), len(ids))
    for query in range(30):
        part = slice(int(limits[query]), int(limits[query + 1]))
        expected = np.flatnonzero(true(metric)[query] < threshold)
        assert len(np.setxor1d(ids[part], expected)) <= 1
        assert np.allclose(sign * distances[part], true(metric)[query][ids[part]], atol=1e-4)


@pytest.mark.parametrize("reader", ["vecq", "faiss"])
@pytest.mark.parametrize("mapped", [False, True])
def test_files_go_either_way(faiss, reader, metric, mapped, tmp_path):
    target = {"vecq": ours, "faiss": theirs}[reader]
    index, path = made(faiss, metric), str(tmp_path / "index.faiss")
    if mapped:
        graph = faiss.IndexHNSWFlat(DIM, 16, metric)
        graph.hnsw.efSearch = 200
        index = faiss.IndexIDMap(graph)
        index.add_with_ids(ITEMS, np.arange(ROWS) + 10**10)
    faiss.write_index(index, path)
    back = target.read_index(path)
    assert (back.ntotal, back.d, back.metric_type) == (ROWS, DIM, metric)
    inner = back.index if mapped else back
    if mapped and target is theirs:
        inner = theirs.downcast_index(inner)
    assert inner.hnsw.efSearch == 200
    if not mapped:
        assert inner.hnsw.efConstruction == 100
    pairs = zip(back.search(QUERIES, K)[1], index.search(QUERIES, K)[1], strict=True)
    assert np.mean([np.isin(a, b).mean() for a, b in pairs]) > 0.97
    if mapped:
        back.add_with_ids(QUERIES[:3], np.arange(3))
    else:
        back.add(QUERIES[:3])
    assert back.ntotal == ROWS + 3


def test_what_was_removed_is_not_written(tmp_path):
    index = made(ours)
    index.remove_ids(np.arange(100))
    ours.write_index(index, tmp_path / "a")
    back = ours.read_index(tmp_path / "a")
    assert isinstance(back, ours.IndexHNSWFlat)
    assert back.ntotal == ROWS - 100
    assert back.search(QUERIES, 5)[1].min() >= 100
    back.add(QUERIES[:1])
    back.add_with_ids(QUERIES[1:2], [3])
    assert back.search(QUERIES[:2], 1)[1].ravel().tolist() == [ROWS, 3]
    assert isinstance(theirs.read_index(str(tmp_path / "a")), theirs.IndexIDMap)


@pytest.mark.parametrize("kind", ["IndexIDMap", "IndexIDMap2"])
@pytest.mark.parametrize("first", [0, 7])
def test_maps_stay_maps(faiss, kind, first):
    index = getattr(faiss, kind)(faiss.IndexHNSWFlat(DIM, 16))
    index.add_with_ids(ITEMS[:50], np.arange(50) + first)
    for module in (ours, theirs):
        back = module.deserialize_index(faiss.serialize_index(index))
        assert type(back) is getattr(module, kind)
        assert back.search(ITEMS[:1], 1)[1].tolist() == [[first]]
        back.add_with_ids(ITEMS[50:51], np.array([1000]))
        assert back.ntotal == 51
        if kind == "IndexIDMap2":
            assert (back.reconstruct(1000) == ITEMS[50]).all()


def test_how_it_is_built_is_fixed_with_the_first_vectors():
    index = made(ours)
    index.hnsw.efConstruction = 100
    with pytest.raises(RuntimeError, match="efConstruction stays 100"):
        index.hnsw.efConstruction = 200
    index.reset()
    index.hnsw.efConstruction = 200
    assert "efConstruction=200" in repr(index.hnsw)


def test_selectors(faiss):
    index = made(faiss)
    some = faiss.IDSelectorBatch(np.array([3, 5, 7, ROWS + 5]))
    for selector, expected in (
        (some, {3, 5, 7}),
        (faiss.IDSelectorRange(10, 14), {10, 11, 12, 13}),
        (faiss.IDSelectorNot(faiss.IDSelectorRange(4, ROWS)), {0, 1, 2, 3}),
    ):
        params = faiss.SearchParametersHNSW(sel=selector, efSearch=2 * ROWS)
        assert set(index.search(QUERIES[:1], 10, params=params)[1][0].tolist()) == expected | {-1}


def test_selectors_remove_as_well():
    index = made(ours)
    assert index.remove_ids(ours.IDSelectorRange(10, 20)) == 10
    assert index.remove_ids(ours.IDSelectorBatch([9, 10, 21])) == 2
    assert index.remove_ids(ours.IDSelectorNot(ours.IDSelectorRange(0, 30))) == ROWS - 30
    assert index.ntotal == 18


def test_normalize(faiss):
    rows = np.vstack([ITEMS[:5], np.zeros((1, DIM), np.float32)])
    faiss.normalize_L2(rows)
    assert np.allclose(np.linalg.norm(rows, axis=1), [1] * 5 + [0], atol=1e-6)


def test_threads(monkeypatch):
    monkeypatch.setattr(settings._Threads, "count", 0)
    ours.omp_set_num_threads(1)
    assert settings.threads() == 1
    assert made(ours).ntotal == ROWS


def test_bad_arguments(refuse, tmp_path):
    refuse("metric", "METRIC_L2", ours.IndexHNSWFlat, 4, 8, 2)
    refuse("d", "whole number", ours.IndexHNSWFlat, 0)
    refuse("M", "whole number", ours.IndexHNSWFlat, 4, 1)
    refuse("qtype", "QT_8bit", ours.IndexHNSWSQ, 4, 6)
    index = made(ours)
    refuse("x", "columns", index.add, ITEMS[:, 1:])
    refuse("x", "columns", index.train, ITEMS[:, 1:])
    refuse("x", "columns", index.search, QUERIES[:, 1:], 3)
    refuse("k", "whole number", index.search, QUERIES, 0)
    refuse("ids", "taken already", index.add_with_ids, ITEMS[:2], [5, 5])
    refuse("ids", "shape", index.add_with_ids, ITEMS[:2], [5])
    for bad in ("a", 0, 2.5):
        refuse("efSearch", "whole number", setattr, index.hnsw, "efSearch", bad)
        refuse("efConstruction", "whole number", setattr, index.hnsw, "efConstruction", bad)
    refuse("efSearch", "whole number", ours.SearchParametersHNSW, "a")
    refuse("k", "whole number", index.search, QUERIES, "a")
    refuse("ids", "whole numbers", index.remove_ids, [0.5])
    refuse("indices", "whole numbers", ours.IDSelectorBatch, [0.5])
    refuse("sel", "IDSelector", ours.IDSelectorNot, [5])
    refuse("index", "is an int, expected an IndexHNSWFlat", ours.write_index, 5, tmp_path / "a")
    refuse("index", "is an int", ours.IndexIDMap, 5)
    refuse("data", "array of bytes", ours.deserialize_index, np.zeros(5))
    refuse("num_threads", "whole number", ours.omp_set_num_threads, 0)
    refuse("x", "float32", ours.normalize_L2, np.ones((2, 2)))
    for call in (lambda: index.reconstruct_n(0, 10**9), lambda: index.reconstruct_n(ROWS, 1)):
        with pytest.raises(RuntimeError, match=f"id {ROWS} not found"):
            call()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "bad").write_bytes(b"IHNf" + bytes(50))
    with pytest.raises(vecq.CorruptFileError):
        ours.read_index(tmp_path / "bad")

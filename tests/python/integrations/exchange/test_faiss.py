"""Indexes of faiss, brought over and back."""

import errno

import faiss
import numpy as np
import pytest

import vecq
from vecq.integrations.exchange.faiss_format import Settings, encode
from vecq.integrations.exchange.graph import Graph

METRICS = {"l2": faiss.METRIC_L2, "ip": faiss.METRIC_INNER_PRODUCT}
TYPES = ["8bit", "6bit", "4bit", "8bit_uniform", "4bit_uniform", "fp16", "bf16"]


def theirs(peer, metric, index=None):
    index = index or faiss.IndexHNSWFlat(peer.dim, 8, METRICS[metric])
    index.train(peer.items)
    index.add(peer.items)
    index.hnsw.efSearch = 80
    return index


@pytest.fixture(params=list(METRICS))
def metric(request):
    return request.param


@pytest.mark.parametrize("codec", ["fp32", "int8"])
def test_a_graph_is_searched_as_theirs_is(peer, metric, codec):
    source = theirs(peer, metric)
    index = vecq.from_faiss(source, codec=codec)
    assert repr(index).endswith(f"of 3,000 x {peer.dim} {codec}, {metric}, m=8>")
    assert index.check().ok
    true = peer.best(metric, 10)
    own = peer.recall(index.search(peer.queries, 10, ef=80).ids, true)
    assert own > peer.recall(source.search(peer.queries, 10)[1], true) - 0.02
    full = peer.recall(index.search(peer.queries, 10, ef=3000).ids, true)
    assert full > (0.999 if codec == "fp32" else 0.95)


def test_layers_stay_as_they_are(peer):
    source = theirs(peer, "l2")
    levels = faiss.vector_to_array(source.hnsw.levels)
    layers = vecq.from_faiss(source).stats().layers
    assert layers == tuple(int((levels > layer).sum()) for layer in range(levels.max()))


@pytest.mark.parametrize("kind", TYPES)
def test_scalar_quantizers(peer, metric, kind):
    quantizer = getattr(faiss.ScalarQuantizer, f"QT_{kind}")
    source = theirs(peer, metric, faiss.IndexHNSWSQ(peer.dim, quantizer, 8, METRICS[metric]))
    index = vecq.from_faiss(source, codec="fp32")
    expected = source.storage.reconstruct_n(0, 3000)
    assert np.allclose(index.get(np.arange(3000)), expected, atol=1e-5)
    own = index.search(peer.queries, 10, ef=80).ids
    assert peer.recall(own, source.search(peer.queries, 10)[1]) > 0.9


@pytest.mark.parametrize("kind", ["8bit_direct", "8bit_direct_signed"])
def test_scalar_quantizers_of_whole_numbers(peer, kind):
    numbers = np.random.default_rng(0).integers(0, 100, (500, 9)).astype(np.float32)
    quantizer = getattr(faiss.ScalarQuantizer, f"QT_{kind}")
    source = faiss.IndexHNSWSQ(9, quantizer, 8)
    source.add(numbers)
    assert (vecq.from_faiss(source, codec="fp32").get(np.arange(500)) == numbers).all()


@pytest.mark.parametrize("kind", ["IndexIDMap", "IndexIDMap2"])
def test_ids(peer, kind):
    source = getattr(faiss, kind)(faiss.IndexHNSWFlat(peer.dim, 8))
    numbers = np.random.default_rng(0).permutation(10**12 + np.arange(3000))
    source.add_with_ids(peer.items, numbers)
    index = vecq.from_faiss(source)
    assert (index.ids == numbers).all()
    own = index.search(peer.queries, 10, ef=80).ids
    assert peer.recall(own, numbers[peer.best("l2", 10)]) > 0.8
    assert (vecq.from_faiss(source, ids=np.arange(3000)).ids == np.arange(3000)).all()


def test_a_file_is_the_same_as_the_index(peer, metric, tmp_path):
    source = theirs(peer, metric)
    faiss.write_index(source, str(tmp_path / "items.faiss"))
    live, index = vecq.from_faiss(source), vecq.from_faiss(tmp_path / "items.faiss")
    assert (live.search(peer.queries, 20).ids == index.search(peer.queries, 20).ids).all()


def test_it_is_added_to_saved_and_opened(peer, metric, tmp_path):
    index = vecq.from_faiss(theirs(peer, metric), codec="fp32", rerank_codec="fp32")
    index.add(peer.items[:500] * 1.001)
    assert index.stats().unreachable == 0
    index.save(tmp_path / "items.vecq")
    opened = vecq.open(tmp_path / "items.vecq")
    assert (opened.search(peer.queries, 10).ids == index.search(peer.queries, 10).ids).all()
    assert opened.check().ok


def test_threads_that_link_at_the_same_time(peer):
    rng = np.random.default_rng(0)
    source = faiss.IndexHNSWFlat(4, 4)
    source.add(rng.integers(0, 9, (5000, 4)).astype(np.float32))
    assert vecq.from_faiss(source).check().ok


def test_none_and_one():
    source = faiss.IndexHNSWFlat(7, 8, faiss.METRIC_INNER_PRODUCT)
    index = vecq.from_faiss(source)
    assert (len(index), index.metric, index.dim) == (0, "ip", 7)
    source.add(np.ones((1, 7), np.float32))
    one = vecq.from_faiss(source)
    assert one.search(np.ones((1, 7), np.float32), 2).ids.tolist() == [[0, -1]]
    assert one.to_faiss().ntotal == 1
    assert index.to_faiss().ntotal == 0


@pytest.mark.parametrize("codec", ["fp32", "int8"])
@pytest.mark.parametrize("space", ["l2", "ip", "cosine"])
@pytest.mark.parametrize("mapped", [False, True])
def test_back_to_faiss(peer, space, codec, mapped):
    index = vecq.Index(peer.dim, space, codec, m=8)
    index.add(peer.items, np.arange(3000)[::-1] * (3 if mapped else 1))
    back = index.to_faiss()
    graph = faiss.downcast_index(back.index) if mapped else back
    assert isinstance(back, faiss.IndexIDMap if mapped else faiss.IndexHNSWFlat)
    assert (back.ntotal, back.d) == (3000, peer.dim)
    graph.hnsw.efSearch = 80
    own = index.search(peer.queries, 10, ef=80).ids
    assert peer.recall(back.search(peer.queries, 10)[1], own) > 0.8
    if not mapped:
        kept = index.get(np.arange(50))
        if space == "cosine":
            kept /= np.linalg.norm(kept, axis=1, keepdims=True)
        assert np.allclose(back.reconstruct_n(0, 50), kept, atol=1e-6)
        back.add(peer.items[:5])
        assert back.ntotal == 3005
    assert vecq.from_faiss(back).check().ok


def test_a_graph_goes_there_and_back(peer, metric, tmp_path):
    source = theirs(peer, metric)
    first = vecq.from_faiss(source, codec="fp32")
    first.to_faiss(tmp_path / "again.faiss")
    second = vecq.from_faiss(tmp_path / "again.faiss", codec="fp32")
    for ef in (10, 80, 1000):
        found = [index.search(peer.queries, 10, ef=ef).ids.tolist() for index in (first, second)]
        assert found[0] == found[1]
    assert faiss.read_index(str(tmp_path / "again.faiss")).ntotal == 3000


def test_what_is_not_supported(peer):
    for other in (
        faiss.IndexFlatL2(8),
        faiss.IndexHNSWPQ(8, 4, 8),
        faiss.IndexPreTransform(faiss.IndexHNSWFlat(8, 8)),
        faiss.IndexHNSWFlat(8, 8, faiss.METRIC_L1),
        faiss.IndexHNSWFlat(8, 300),
    ):
        with pytest.raises(vecq.UnsupportedError):
            vecq.from_faiss(other)
    with pytest.raises(vecq.UnsupportedError, match="<IndexFlatL2> is an IndexFlatL2 of faiss"):
        vecq.from_faiss(faiss.IndexFlatL2(8))


def test_bad_arguments_are_named(peer, tmp_path, refuse):
    source = theirs(peer, "ip")
    refuse("source", "expected an index of faiss", vecq.from_faiss, 5)
    refuse("source", "", vecq.from_faiss, None)
    refuse("ids", "expected \\(3000,\\)", vecq.from_faiss, source, ids=np.arange(5))
    refuse("ids", "whole numbers", vecq.from_faiss, source, ids=np.ones(3000))
    refuse("codec", "expected one of", vecq.from_faiss, source, codec="int2")
    refuse("codec", "centers", vecq.from_faiss, source, codec=vecq.Codec("int8", center=True))
    refuse("threads", "", vecq.from_faiss, source, threads=-1)
    with pytest.raises(vecq.FileError) as caught:
        vecq.from_faiss(tmp_path / "none")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOENT, tmp_path / "none")


def test_a_live_index_needs_faiss(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(vecq.UnsupportedError, match="pip install faiss-cpu"):
        vecq.from_faiss(object())
    with pytest.raises(vecq.UnsupportedError, match="pip install faiss-cpu"):
        vecq.Index(4).to_faiss()


def test_more_items_than_faiss_can_number_are_refused(tmp_path, refuse):
    many = Graph(
        np.empty((0, 4), "f4"), np.empty(0, int), np.broadcast_to(np.uint8(0), 2**31), [], 0
    )
    with open(tmp_path / "many.faiss", "wb") as file:
        refuse("index", "2,147,483,648 items", encode, many, file, "l2", Settings(8, 100))
    assert (tmp_path / "many.faiss").stat().st_size == 0

"""Indexes of hnswlib, brought over and back."""

import errno
import threading

import numpy as np
import pytest

import vecq

hnswlib = pytest.importorskip("hnswlib")
SPACES = ["l2", "ip", "cosine"]


def theirs(peer, space, m=8, rows=None, **init):
    index = hnswlib.Index(space, peer.dim)
    items = peer.items[:rows]
    index.init_index(len(items) + 10, M=m, ef_construction=100, **init)
    index.add_items(items, np.arange(len(items)) * 3 + 5, num_threads=1)
    index.set_ef(80)
    return index


@pytest.fixture(params=SPACES)
def space(request):
    return request.param


@pytest.mark.parametrize("codec", ["fp32", "int8"])
def test_a_graph_is_searched_as_theirs_is(peer, space, codec):
    source = theirs(peer, space)
    index = vecq.from_hnswlib(source, codec=codec)
    assert repr(index).endswith(f"{len(peer.items):,} x {peer.dim} {codec}, {space}, m=8>")
    assert index.ids.tolist() == (np.arange(len(peer.items)) * 3 + 5).tolist()
    assert index.stats().unreachable == 0
    assert index.check().ok
    true = peer.best(space, 10) * 3 + 5
    own = peer.recall(index.search(peer.queries, 10, ef=80).ids, true)
    assert own > peer.recall(source.knn_query(peer.queries, 10)[0], true) - 0.02
    full = peer.recall(index.search(peer.queries, 10, ef=len(peer.items)).ids, true)
    assert full > (0.999 if codec == "fp32" else 0.95)


def test_layers_stay_as_they_are(peer):
    source = theirs(peer, "l2")
    levels = np.array(source.__getstate__()[0]["element_levels"])[: len(peer.items)]
    layers = vecq.from_hnswlib(source).stats().layers
    assert layers == tuple(int((levels >= layer).sum()) for layer in range(levels.max() + 1))


def test_a_file_is_the_same_as_the_index(peer, space, tmp_path):
    source, path = theirs(peer, space), tmp_path / "items.bin"
    source.save_index(str(path))
    live, index = vecq.from_hnswlib(source), vecq.from_hnswlib(path, metric=space, dim=peer.dim)
    assert (live.search(peer.queries, 20).ids == index.search(peer.queries, 20).ids).all()


def test_it_is_added_to_saved_and_opened(peer, space, tmp_path):
    index = vecq.from_hnswlib(theirs(peer, space, rows=2000), codec="fp32")
    index.add(peer.items[2000:], np.arange(2000, 3000) * 3 + 5)
    true = peer.best(space, 10) * 3 + 5
    assert peer.recall(index.search(peer.queries, 10, ef=200).ids, true) > 0.9
    assert index.stats().unreachable == 0
    index.save(tmp_path / "items.vecq")
    opened = vecq.open(tmp_path / "items.vecq", writable=True)
    assert (opened.search(peer.queries, 10).ids == index.search(peer.queries, 10).ids).all()
    opened.add(peer.items[:100], np.arange(100) + 10**6)
    assert opened.check().ok


def test_reranking_loses_nothing(peer, space):
    source = theirs(peer, space)
    exact = vecq.from_hnswlib(source, codec="fp32").search(peer.queries, 10, ef=100).ids
    index = vecq.from_hnswlib(source, codec="int8", rerank_codec="fp32")
    found = index.search(peer.queries, 10, ef=100, rerank_factor=5).ids
    true = peer.best(space, 10) * 3 + 5
    assert peer.recall(found, true) >= peer.recall(exact, true) - 0.005


def test_deleted_rows_are_left_out(peer, space):
    source = theirs(peer, space)
    dead = np.random.default_rng(0).choice(3000, 900, replace=False)
    for row in dead:
        source.mark_deleted(row * 3 + 5)
    index = vecq.from_hnswlib(source, codec="fp32")
    alive = np.setdiff1d(np.arange(3000), dead)
    assert (index.ids == alive * 3 + 5).all()
    assert index.stats().unreachable == 0
    assert index.check().ok
    true = alive[peer.best(space, 10, peer.items[alive])] * 3 + 5
    # hnswlib's beam of 80 also walks through deleted rows.
    own = peer.recall(index.search(peer.queries, 10, ef=90).ids, true)
    assert own > peer.recall(source.knn_query(peer.queries, 10)[0], true) - 0.03


def test_all_deleted_none_added_and_one(peer):
    source = theirs(peer, "l2", rows=20)
    for label in source.get_ids_list():
        source.mark_deleted(label)
    assert len(vecq.from_hnswlib(source)) == 0
    empty = hnswlib.Index("ip", 7)
    empty.init_index(10)
    index = vecq.from_hnswlib(empty)
    assert (len(index), index.metric, index.dim) == (0, "ip", 7)
    index.add(np.eye(7, dtype=np.float32))
    empty.add_items(np.ones((1, 7)))
    assert vecq.from_hnswlib(empty).search(np.ones((1, 7), np.float32), 3).ids.tolist() == [
        [0, -1, -1]
    ]


def test_many_layers(peer):
    """With M=2 half of all rows are on each layer above."""
    source = theirs(peer, "l2", m=2)
    index = vecq.from_hnswlib(source, codec="fp32")
    assert len(index.stats().layers) > 6
    assert index.check().ok


def test_threads_that_link_at_the_same_time(peer):
    rng = np.random.default_rng(0)
    source = hnswlib.Index("l2", 4)
    source.init_index(20_000, M=4, ef_construction=20)
    source.add_items(rng.integers(0, 9, (20_000, 4)).astype(np.float32), num_threads=8)
    assert vecq.from_hnswlib(source).check().ok


@pytest.mark.parametrize("codec", ["fp32", "int8"])
@pytest.mark.parametrize("imported", [False, True])
def test_back_to_hnswlib(peer, space, codec, imported, tmp_path):
    if imported:
        index = vecq.from_hnswlib(theirs(peer, space), codec=codec)
    else:
        index = vecq.Index(peer.dim, space, codec, m=8)
        index.add(peer.items, np.arange(3000)[::-1] * 3 + 5)
    path = tmp_path / "items.bin"
    assert index.to_hnswlib(path) is None
    assert sorted(index.to_hnswlib().get_ids_list()) == sorted(index.ids)
    back = hnswlib.Index(space, peer.dim)
    back.load_index(str(path), max_elements=3010)
    back.set_ef(80)
    assert (back.element_count, back.M, sorted(back.get_ids_list())) == (3000, 8, sorted(index.ids))
    own = index.search(peer.queries, 10, ef=80).ids
    assert peer.recall(back.knn_query(peer.queries, 10)[0], own) > 0.8
    labels = index.ids[:50]
    kept = index.get(labels)
    if space == "cosine":
        kept /= np.linalg.norm(kept, axis=1, keepdims=True)
    assert np.allclose(back.get_items(labels), kept, atol=1e-6)
    back.add_items(peer.items[:5], np.arange(5) + 10**6)
    again = vecq.from_hnswlib(path, metric=space, dim=peer.dim, codec="fp32")
    assert set(again.ids) == set(index.ids)
    assert again.check().ok


def test_what_hnswlib_cannot_hold(tmp_path, refuse):
    index = vecq.Index(4).add(np.eye(4, dtype=np.float32), [3, -1, 5, 7])
    refuse("index", "not negative", index.to_hnswlib, tmp_path / "a.bin")
    assert list(tmp_path.iterdir()) == []
    vecq.Index(4).to_hnswlib(tmp_path / "empty.bin")
    assert len(vecq.from_hnswlib(tmp_path / "empty.bin", metric="ip", dim=4)) == 0
    with pytest.raises(vecq.FileError, match="none") as caught:
        vecq.Index(4).to_hnswlib(tmp_path / "none" / "a.bin")
    assert caught.value.errno == errno.ENOENT


def test_bad_arguments_are_named(peer, tmp_path, refuse):
    source, path = theirs(peer, "cosine", rows=50), tmp_path / "items.bin"
    source.save_index(str(path))
    refuse("metric", "expected one of", vecq.from_hnswlib, path, metric="manhattan", dim=peer.dim)
    refuse("metric", "expected one of", vecq.from_hnswlib, path)
    refuse("dim", "whole number", vecq.from_hnswlib, path, metric="cosine")
    refuse("dim", "vectors of 24 numbers", vecq.from_hnswlib, path, metric="cosine", dim=23)
    refuse("metric", "the index has 'cosine'", vecq.from_hnswlib, source, metric="l2")
    refuse("dim", "the index has 24", vecq.from_hnswlib, source, metric="cosine", dim=25)
    refuse(
        "codec",
        "expected one of",
        vecq.from_hnswlib,
        path,
        metric="cosine",
        dim=peer.dim,
        codec="int2",
    )
    refuse(
        "rerank_codec",
        "expected one of",
        vecq.from_hnswlib,
        path,
        metric="cosine",
        dim=peer.dim,
        rerank_codec="x",
    )
    refuse("threads", "", vecq.from_hnswlib, path, metric="cosine", dim=peer.dim, threads=-1)
    refuse("path", "", vecq.from_hnswlib, None, metric="cosine", dim=peer.dim)
    refuse("source", "init_index", vecq.from_hnswlib, hnswlib.Index("l2", 4))
    centred = vecq.Codec("int8", center=True)
    refuse("codec", "centers", vecq.from_hnswlib, theirs(peer, "ip", rows=50), codec=centred)
    theirs(peer, "ip", rows=50).save_index(str(path))
    refuse("metric", "not normalized", vecq.from_hnswlib, path, metric="cosine", dim=peer.dim)
    with pytest.raises(vecq.UnsupportedError, match="M=300"):
        vecq.from_hnswlib(theirs(peer, "ip", m=300, rows=50))
    with pytest.raises(vecq.FileError) as caught:
        vecq.from_hnswlib(tmp_path / "none", metric="l2", dim=4)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOENT, tmp_path / "none")


def test_of_a_live_index_the_index_is_blamed(peer):
    source = hnswlib.Index("l2", peer.dim)
    source.init_index(2)
    source.add_items(np.full((1, peer.dim), np.nan))
    with pytest.raises(vecq.CorruptFileError, match=r"^<hnswlib.Index>: .*not finite"):
        vecq.from_hnswlib(source)
    source = hnswlib.Index("l2", peer.dim)
    source.init_index(2)
    source.add_items(peer.items[:2], [2**63 + 5, 7])
    with pytest.raises(vecq.CorruptFileError, match=r"^<hnswlib.Index>: label 9223372036854775813"):
        vecq.from_hnswlib(source)
    source.mark_deleted(2**63 + 5)
    assert vecq.from_hnswlib(source).ids.tolist() == [7]


def test_progress_and_its_end(peer):
    seen = []
    vecq.from_hnswlib(theirs(peer, "l2"), progress=lambda *now: seen.append(now))
    assert seen == sorted(seen)
    assert seen[-1] == (3000, 3000)

    def enough(done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        vecq.from_hnswlib(theirs(peer, "l2"), progress=enough)


def test_many_at_a_time(peer, tmp_path):
    path = tmp_path / "items.bin"
    theirs(peer, "l2", rows=500).save_index(str(path))
    found = []

    def convert():
        index = vecq.from_hnswlib(path, metric="l2", dim=peer.dim)
        found.append(index.search(peer.queries, 5).ids.tolist())

    threads = [threading.Thread(target=convert) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == found[:1] * 4

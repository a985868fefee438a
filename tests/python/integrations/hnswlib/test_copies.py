"""Files, pickles and copies, and brute-force indexes, which both libraries read."""

import pickle

import numpy as np
import pytest

import vecq.integrations.hnswlib as ours

from .conftest import DIM, ITEMS, QUERIES, ROWS, distances, made, theirs


@pytest.mark.parametrize("reader", ["vecq", "hnswlib"])
def test_files_go_either_way(hnswlib, reader, space, tmp_path):
    target = {"vecq": ours, "hnswlib": theirs}[reader]
    index, path = made(hnswlib, space, room=ROWS + 7), str(tmp_path / "index.bin")
    dead = list(range(0, 50, 2))
    for label in dead:
        index.mark_deleted(label)
    index.save_index(path)
    back = target.Index(space=space, dim=DIM)
    back.load_index(path)
    assert back.ef == 10
    back.set_ef(100)
    assert (back.max_elements, back.element_count, back.M) == (ROWS + 7, ROWS, 16)
    labels, _ = back.knn_query(QUERIES, k=5)
    assert not np.isin(labels, dead).any()
    assert np.mean(labels == index.knn_query(QUERIES, k=5)[0]) > 0.95
    back.add_items(QUERIES[:7])
    for label in dead:
        back.unmark_deleted(label)
    assert sorted(back.get_ids_list()) == list(range(ROWS + 7))
    back.load_index(path, max_elements=ROWS + 100, allow_replace_deleted=True)
    assert back.max_elements == ROWS + 100
    back.add_items(QUERIES[:1], [5000], replace_deleted=True)
    assert back.element_count == ROWS


def test_the_size_of_the_file(hnswlib, tmp_path):
    index, path = made(hnswlib), tmp_path / "index.bin"
    index.save_index(str(path))
    assert index.index_file_size() == path.stat().st_size


def test_pickle(hnswlib, space):
    empty = pickle.loads(pickle.dumps(hnswlib.Index(space, DIM)))
    empty.init_index(5)
    index = made(hnswlib, space)
    index.mark_deleted(9)
    again = pickle.loads(pickle.dumps(index))
    assert (again.ef, again.M, again.max_elements, again.element_count) == (100, 16, ROWS, ROWS)
    assert np.mean(again.knn_query(QUERIES, k=5)[0] == index.knn_query(QUERIES, k=5)[0]) > 0.97
    assert 9 not in again.knn_query(ITEMS[9], k=5)[0]
    again.unmark_deleted(9)


def test_a_copy_is_of_its_own(hnswlib):
    index = made(hnswlib)
    copy = hnswlib.Index(index=index)
    copy.mark_deleted(3)
    assert (copy.element_count, copy.ef, copy.space) == (ROWS, 100, "l2")
    assert index.knn_query(ITEMS[3])[0][0, 0] == 3 != copy.knn_query(ITEMS[3])[0][0, 0]
    assert hnswlib.Index(index).element_count == ROWS
    with pytest.raises(TypeError):
        hnswlib.Index()


def test_labels_of_64_bits(hnswlib, tmp_path):
    index = hnswlib.Index("l2", DIM)
    index.init_index(4)
    labels = np.array([2**64 - 1, 2**63, 5], np.uint64)
    index.add_items(ITEMS[:3], labels)
    assert index.knn_query(ITEMS[:3])[0].ravel().tolist() == labels.tolist()
    assert (index.get_items([2**64 - 1]) == ITEMS[:1]).all()
    index.mark_deleted(2**63)
    assert sorted(index.knn_query(ITEMS[1], k=2)[0].ravel().tolist()) == [5, 2**64 - 1]
    path = str(tmp_path / "a")
    index.save_index(path)
    for module in (ours, theirs):
        loaded = module.Index("l2", DIM)
        loaded.load_index(path)
        assert sorted(loaded.get_ids_list()) == sorted(labels.tolist())
    for copy in (hnswlib.Index(index=index), pickle.loads(pickle.dumps(index))):
        assert copy.knn_query(ITEMS[0])[0].tolist() == [[2**64 - 1]]
        copy.unmark_deleted(2**63)


def test_brute_force(hnswlib, space, tmp_path):
    index = hnswlib.BFIndex(space=space, dim=DIM)
    index.init_index(max_elements=ROWS)
    index.add_items(ITEMS, np.arange(ROWS) + 5)
    labels, found = index.knn_query(QUERIES, k=10)
    assert (labels.dtype, found.dtype, labels.shape) == (np.uint64, np.float32, (30, 10))
    if hnswlib is ours or space != "cosine":  # hnswlib does not normalise queries there
        assert np.allclose(found, np.sort(distances(space), axis=1)[:, :10], atol=1e-5)
    assert (labels == np.argsort(distances(space), axis=1)[:, :10] + 5).mean() > 0.99
    even = index.knn_query(QUERIES, k=10, filter=lambda label: label % 2 == 0)[0]
    assert (even % 2 == 0).all()
    index.save_index(str(tmp_path / "bf"))
    for module in (ours, theirs):
        back = module.BFIndex(space, DIM)
        back.load_index(str(tmp_path / "bf"))
        assert (back.knn_query(QUERIES, k=10)[0] == labels).mean() > 0.99
    index.delete_vector(int(labels[0, 0]))
    assert labels[0, 0] not in index.knn_query(QUERIES, k=10)[0]
    index.add_items(QUERIES[:1], [9999])
    assert index.knn_query(QUERIES[:1], k=1)[0].tolist() == [[9999]] or space == "ip"
    with pytest.raises(RuntimeError, match="exceeds the specified limit"):
        index.add_items(QUERIES[:1], [10000])
    index.add_items(QUERIES[1:2], [9999])
    assert (index.get_max_elements(), index.get_current_count()) == (ROWS, ROWS)

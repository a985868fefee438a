"""What users of hnswlib's Index rely on: labels, distances, filters, deletions and capacity."""

import pickle
import threading

import numpy as np
import pyarrow as pa
import pytest

import vecq
import vecq.integrations.hnswlib as ours

from .conftest import DIM, ITEMS, QUERIES, ROWS, distances, made, theirs


def test_labels_and_distances(hnswlib, space):
    labels, found = made(hnswlib, space).knn_query(QUERIES, k=10)
    assert (labels.shape, labels.dtype) == ((30, 10), np.uint64)
    assert (found.shape, found.dtype) == ((30, 10), np.float32)
    true = distances(space)
    assert np.allclose(found, np.take_along_axis(true, labels.astype(int), 1), atol=1e-5)
    assert np.mean(np.sort(true, axis=1)[:, :10] >= found - 1e-5) > 0.99
    assert (np.diff(found, axis=1) >= 0).all()


def test_a_vector_far_away_is_as_near_as_it_is(hnswlib):
    index = hnswlib.Index("l2", 4)
    index.init_index(3)
    index.add_items(np.array([[10000, 0, 0, 0], [10001, 0, 0, 0], [10000.5, 0, 0, 0]]))
    labels, found = index.knn_query(np.array([10000, 0, 0, 0]), k=3)
    assert labels.tolist() == [[0, 2, 1]]
    assert found.tolist() == [[0, 0.25, 1]]


def test_vectors_come_back_as_they_were(hnswlib, space):
    index = made(hnswlib, space)
    kept = ITEMS
    if space == "cosine":
        kept = ITEMS / np.linalg.norm(ITEMS, axis=1, keepdims=True)
    found = index.get_items(np.arange(ROWS))
    assert (found.dtype, found.shape) == (np.float32, ITEMS.shape)
    assert np.allclose(found, kept, atol=1e-6 if space == "cosine" else 0, rtol=0)
    assert isinstance(index.get_items([3, 1], return_type="list")[0][0], float)
    assert len(index.get_items()) == 0
    with pytest.raises(ValueError, match="list of indices"):
        index.get_items(3)
    with pytest.raises(ValueError, match="return_type"):
        index.get_items([3], return_type="tuple")
    with pytest.raises(RuntimeError, match="Label not found"):
        index.get_items([3, ROWS])


def test_any_dtype_and_a_single_vector(hnswlib):
    index = hnswlib.Index("l2", 2)
    index.init_index(10)
    index.add_items([1, 2])
    index.add_items(np.array([[3, 4]], np.int64), 7)
    index.add_items(np.array([[5, 6], [7, 8]], np.float64)[:, ::-1], [8, 9])
    assert sorted(index.get_ids_list()) == [0, 7, 8, 9]
    assert index.knn_query([3, 4])[0].tolist() == [[7]]
    assert index.get_items([8]).tolist() == [[6, 5]]


def test_properties(hnswlib, space):
    index = hnswlib.Index(space, DIM)
    assert (index.space, index.dim, index.ef) == (space, DIM, 10)
    assert (index.M, index.ef_construction, index.max_elements, index.element_count) == (0,) * 4
    index.ef = 33
    index.num_threads = 3
    index.init_index(max_elements=50, M=7, ef_construction=40, random_seed=5)
    index.add_items(ITEMS[:20])
    assert (index.ef, index.num_threads, index.M, index.ef_construction) == (33, 3, 7, 40)
    assert (index.max_elements, index.element_count) == (50, 20)
    assert (index.get_max_elements(), index.get_current_count()) == (50, 20)
    assert space in repr(index)


def test_filter(hnswlib):
    index = made(hnswlib)
    for verdict in (lambda label: label % 2 == 0, lambda label: label < 20):
        labels, found = index.knn_query(QUERIES, k=5, num_threads=1, filter=verdict)
        assert all(map(verdict, labels.ravel().tolist()))
        true = distances("l2")
        true[:, [not verdict(label) for label in range(ROWS)]] = np.inf
        assert np.mean(np.sort(true, axis=1)[:, :5] >= found - 1e-5) > 0.95
    one = index.knn_query(QUERIES[0], k=3, filter=lambda label: label > 0)[0]
    assert one.shape == (1, 3)


def test_what_is_marked_is_not_found(hnswlib):
    index = made(hnswlib)
    dead = index.knn_query(QUERIES, k=3)[0].ravel()
    for label in set(dead.tolist()):
        index.mark_deleted(label)
    assert not np.isin(index.knn_query(QUERIES, k=3)[0], dead).any()
    label = int(dead[0])
    with pytest.raises(RuntimeError, match="already deleted"):
        index.mark_deleted(label)
    with pytest.raises(RuntimeError, match="Label not found"):
        index.mark_deleted(ROWS)
    with pytest.raises(RuntimeError, match="Label not found"):
        index.get_items([label])
    assert label in index.get_ids_list()
    assert index.element_count == ROWS
    index.unmark_deleted(label)
    assert label in index.knn_query(QUERIES, k=3)[0]
    with pytest.raises(RuntimeError, match="not deleted"):
        index.unmark_deleted(label)
    with pytest.raises(RuntimeError, match="Label not found"):
        index.unmark_deleted(ROWS)


def test_a_label_that_comes_again_moves(hnswlib):
    index = made(hnswlib)
    index.add_items(QUERIES[:3], [5, 6, 7])
    assert index.element_count == ROWS
    labels, found = index.knn_query(QUERIES[:3], k=1)
    assert labels.ravel().tolist() == [5, 6, 7]
    assert found.max() < 1e-6
    index.mark_deleted(5)
    index.add_items(ITEMS[5], 5)
    assert index.knn_query(ITEMS[5])[0].tolist() == [[5]]


def test_places_of_the_deleted_are_given_away(hnswlib):
    index = made(hnswlib, allow_replace_deleted=True)
    with pytest.raises(RuntimeError, match="exceeds the specified limit"):
        index.add_items(QUERIES[:2], [1000, 1001])
    index.mark_deleted(3)
    index.mark_deleted(4)
    with pytest.raises(RuntimeError, match="update deleted elements"):
        index.add_items(QUERIES[:1], [3])
    index.add_items(QUERIES[:2], [1000, 1001], replace_deleted=True)
    assert index.element_count == ROWS
    assert index.knn_query(QUERIES[:2], k=1)[0].ravel().tolist() == [1000, 1001]
    assert not {3, 4} & set(index.get_ids_list())
    with pytest.raises(RuntimeError, match="exceeds the specified limit"):
        index.add_items(QUERIES[2:3], [1002], replace_deleted=True)
    with pytest.raises(RuntimeError, match="disabled in constructor"):
        made(hnswlib).add_items(QUERIES[:1], [3], replace_deleted=True)


def test_room(hnswlib):
    index = made(hnswlib, rows=100, room=100)
    with pytest.raises(RuntimeError, match="exceeds the specified limit"):
        index.add_items(ITEMS[:1], [100])
    index.resize_index(150)
    index.add_items(ITEMS[100:150])
    assert (index.max_elements, index.element_count) == (150, 150)
    assert sorted(index.get_ids_list()) == list(range(150))
    with pytest.raises(RuntimeError, match="Cannot resize"):
        index.resize_index(149)


def test_no_labels_are_asked_for(hnswlib):
    index, empty, brute = made(hnswlib), hnswlib.Index("l2", DIM), hnswlib.BFIndex("l2", DIM)
    empty.init_index(5)
    brute.init_index(5)
    for own in (index, empty, brute):
        labels, found = own.knn_query(QUERIES, k=0)
        assert (labels.shape, labels.dtype) == ((30, 0), np.uint64)
        assert (found.shape, found.dtype) == ((30, 0), np.float32)


def test_few_links_and_candidates(hnswlib):
    for links in (0, 1):
        index = hnswlib.Index("l2", DIM)
        index.init_index(ROWS, M=links)
        assert (index.M, index.element_count) == (links, 0)
    index = hnswlib.Index("l2", DIM)
    index.init_index(ROWS, M=20, ef_construction=3)
    assert index.ef_construction == 20


def test_one_link(tmp_path):
    index = ours.Index("l2", DIM)
    index.init_index(ROWS, M=1)
    index.add_items(ITEMS)
    index.save_index(str(tmp_path / "a"))
    for module in (ours, theirs):
        back = module.Index("l2", DIM)
        back.load_index(str(tmp_path / "a"))
        assert back.element_count == ROWS
    assert pickle.loads(pickle.dumps(index)).element_count == ROWS


def test_labels_that_are_floats(hnswlib):
    index = hnswlib.Index("l2", DIM)
    index.init_index(ROWS)
    index.add_items(ITEMS[:2], np.array([3.0, 7.0]))
    assert sorted(index.get_ids_list()) == [3, 7]


def test_arrow():
    column = pa.FixedSizeListArray.from_arrays(pa.array(ITEMS.ravel()), DIM)
    brute = ours.BFIndex("l2", DIM)
    brute.init_index(ROWS)
    index = ours.Index("l2", DIM)
    index.init_index(ROWS)
    for own in (index, brute):
        own.add_items(column, pa.array(np.arange(ROWS) + 5))
        assert own.knn_query(column[:3])[0].tolist() == [[5], [6], [7]]


def test_tensors():
    torch = pytest.importorskip("torch", reason="TORCH IS NOT INSTALLED: its tensors go untested")
    index = made(ours)
    assert index.knn_query(torch.from_numpy(ITEMS[:3]))[0].tolist() == [[0], [1], [2]]


def test_what_was_replaced_leaves_the_index(tmp_path):
    index = made(ours, allow_replace_deleted=True)
    for turn in range(1, 6):
        for label in index.get_ids_list():
            index.mark_deleted(label)
        index.add_items(ITEMS, np.arange(ROWS) + turn * ROWS, replace_deleted=True)
        assert len(index._own) == ROWS
        assert index.knn_query(ITEMS[:9])[0].ravel().tolist() == [turn * ROWS + n for n in range(9)]
    index.save_index(str(tmp_path / "a"))
    back = ours.Index("l2", DIM)
    back.load_index(str(tmp_path / "a"))
    assert len(back._own) == back.element_count == ROWS


def test_codes(tmp_path):
    index = ours.Index("l2", DIM, codec="int8")
    index.init_index(ROWS)
    index.set_ef(100)
    index.add_items(ITEMS)
    labels, found = index.knn_query(QUERIES, k=10)
    true = distances("l2")
    assert np.allclose(found, np.take_along_axis(true, labels.astype(int), 1), atol=0.02)
    assert np.abs(index.get_items(np.arange(ROWS)) - ITEMS).max() < 0.02


def test_the_last_of_equal_labels_stays():
    index = ours.Index("l2", 2)
    index.init_index(2)
    index.add_items([[0, 0], [1, 1], [2, 2]], [7, 8, 7])
    assert index.get_items([7, 8]).tolist() == [[2, 2], [1, 1]]


def test_threads_that_add_delete_and_search():
    index = made(ours, rows=200, room=2000)
    failures = []

    def work(number):
        try:
            for turn in range(5):
                labels = 1000 + number * 100 + turn * 10 + np.arange(10)
                index.add_items(ITEMS[:10] + number, labels)
                index.mark_deleted(labels[0])
                index.knn_query(QUERIES, k=5, num_threads=2)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert index.element_count == 400


def test_an_index_of_the_interface_is_brought_over():
    index = made(ours)
    index.mark_deleted(1)
    found = vecq.from_hnswlib(index)
    assert len(found) == ROWS - 1
    assert 1 not in found.ids

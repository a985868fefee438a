"""Bad input: errors of the types that hnswlib raises, and no crash where hnswlib crashes."""

import numpy as np
import pytest

import vecq.integrations.hnswlib as ours

from .conftest import DIM, ITEMS, QUERIES, ROWS, made


def test_what_is_wrong_is_a_runtime_error(hnswlib):
    with pytest.raises(RuntimeError, match="Space name"):
        hnswlib.Index("dot", 3)
    index = made(hnswlib, rows=10, room=20)
    with pytest.raises(RuntimeError, match="already initiated"):
        index.init_index(5)
    with pytest.raises(RuntimeError, match="Wrong dimensionality"):
        index.add_items(ITEMS[:, 1:])
    with pytest.raises(RuntimeError, match="wrong shape"):
        index.add_items(ITEMS[None])
    with pytest.raises(RuntimeError, match="label shape"):
        index.add_items(ITEMS[:3], [20, 21])
    with pytest.raises(RuntimeError, match="contiguous 2D array"):
        index.knn_query(QUERIES, k=11)


@pytest.mark.parametrize("bad", ["a", None, 1.5, -1, 2**64])
def test_what_is_no_number_is_a_type_error(hnswlib, bad):
    index, brute = made(hnswlib, rows=10, room=20), hnswlib.BFIndex("l2", DIM)
    for call in (
        lambda: hnswlib.Index("l2", DIM).init_index(bad),
        lambda: hnswlib.Index("l2", DIM).init_index(5, M=bad),
        lambda: hnswlib.Index("l2", DIM).init_index(5, ef_construction=bad),
        lambda: index.mark_deleted(bad),
        lambda: index.unmark_deleted(bad),
        lambda: index.knn_query(QUERIES, k=bad),
        lambda: index.set_ef(bad),
        lambda: index.resize_index(bad),
        lambda: index.load_index("none", bad),
        lambda: brute.init_index(bad),
        lambda: brute.load_index("none", bad),
    ):
        with pytest.raises(TypeError):
            call()
    for threads in {"a", None, 1.5, 2**64} & {bad}:
        for own in (index, brute):
            with pytest.raises(TypeError):
                own.set_num_threads(threads)
        with pytest.raises(TypeError):
            index.knn_query(QUERIES, num_threads=threads)
        with pytest.raises(TypeError):
            hnswlib.Index("l2", threads)


def test_more_links_than_there_can_be_are_refused_by_name():
    index = ours.Index("l2", DIM)
    with pytest.raises(RuntimeError, match="M is 257, expected at most 256"):
        index.init_index(ROWS, M=257)
    index.init_index(ROWS, M=256)
    assert index.M == 256


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_what_is_not_finite(bad, space, tmp_path):
    rows = ITEMS[:5].astype("f8")
    rows[3, 1] = bad
    brute = ours.BFIndex(space, DIM)
    brute.init_index(ROWS)
    for own in (made(ours, space, rows=10), brute):
        for call in (own.add_items, own.knn_query):
            with pytest.raises(RuntimeError, match="data has a number in row 3"):
                call(rows)
    assert brute.get_current_count() == 0
    with pytest.raises(RuntimeError, match="Labels have dtype"):
        brute.add_items(ITEMS[:1], [0.5])
    brute.add_items(ITEMS[:1])
    brute.save_index(str(tmp_path / "a"))
    content = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(content[:24] + np.float32(np.nan).tobytes() + content[28:])
    with pytest.raises(RuntimeError, match="not finite"):
        brute.load_index(str(tmp_path / "a"))
    assert brute.knn_query(ITEMS[0])[0].tolist() == [[0]]


def test_a_folder_that_is_not_there(tmp_path):
    brute = ours.BFIndex("l2", DIM)
    brute.init_index(5)
    for own in (made(ours), brute):
        with pytest.raises(RuntimeError, match="can't write the file"):
            own.save_index(str(tmp_path / "none" / "a"))


def test_what_would_crash_hnswlib_is_a_runtime_error(tmp_path):
    index = ours.Index("l2", DIM)
    for call in (
        lambda: index.add_items(ITEMS),
        lambda: index.knn_query(QUERIES),
        lambda: index.get_items([1]),
        lambda: index.mark_deleted(1),
        lambda: index.resize_index(5),
        lambda: index.save_index(str(tmp_path / "a")),
        index.index_file_size,
    ):
        with pytest.raises(RuntimeError, match="not initiated"):
            call()
    with pytest.raises(RuntimeError, match="Wrong dimensionality"):
        made(ours).knn_query(QUERIES[:, 1:])
    (tmp_path / "bad").write_bytes(b"no index" * 50)
    for module_class in (ours.Index, ours.BFIndex):
        for name in ("bad", "none"):
            with pytest.raises(RuntimeError):
                module_class("l2", DIM).load_index(str(tmp_path / name))


def test_brute_force_refuses():
    index = ours.BFIndex("l2", DIM)
    with pytest.raises(RuntimeError, match="not initiated"):
        index.knn_query(QUERIES)
    index.init_index(5)
    with pytest.raises(RuntimeError, match="already initiated"):
        index.init_index(5)
    index.add_items(ITEMS[:3])
    with pytest.raises(RuntimeError, match="contiguous 2D array"):
        index.knn_query(QUERIES, k=4)
    assert "BFIndex" in repr(index)

"""Data sets: round trips, and files of other libraries."""

import struct

import h5py
import numpy as np
import pytest

import vecq
from vecq import datasets
from vecq.datasets import Csr, Dataset

MATRICES = [".npy", ".fvecs", ".fbin", ".f16bin", ".parquet", ".pq", ".arrow", ".feather"]
BYTES = [".npy", ".bvecs", ".u8bin", ".i8bin", ".ivecs", ".ibin", ".parquet"]


def same(one, other):
    assert one.metric == other.metric
    expected, found = one.arrays(), other.arrays()
    assert list(expected) == list(found)
    for name in expected:
        np.testing.assert_array_equal(expected[name], found[name])


@pytest.mark.parametrize("suffix", MATRICES)
def test_vectors_round_trip(tmp_path, suffix):
    rows = np.random.default_rng(0).standard_normal((300, 7)).astype(np.float16).astype(np.float32)
    datasets.write_matrix(tmp_path / f"a{suffix}", rows)
    found = datasets.read_matrix(tmp_path / f"a{suffix}")
    assert found.dtype == (np.float16 if suffix == ".f16bin" else np.float32)
    np.testing.assert_array_equal(found, rows)
    assert [file.name for file in tmp_path.iterdir()] == [f"a{suffix}"]


@pytest.mark.parametrize("suffix", BYTES)
def test_integers_round_trip(tmp_path, suffix):
    rows = np.random.default_rng(0).integers(0, 128, (300, 7))
    datasets.write_matrix(tmp_path / f"a{suffix}", rows)
    np.testing.assert_array_equal(datasets.read_matrix(tmp_path / f"a{suffix}"), rows)


def test_large_files_are_mapped(tmp_path):
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    for suffix in (".npy", ".fvecs", ".fbin"):
        datasets.write_matrix(tmp_path / f"a{suffix}", rows)
        base = datasets.read_matrix(tmp_path / f"a{suffix}")
        while not isinstance(base, np.memmap):
            base = base.base
        assert not base.flags.writeable


def test_formats_match_other_libraries(tmp_path):
    rows = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
    datasets.write_matrix(tmp_path / "a.fvecs", rows)
    assert (tmp_path / "a.fvecs").read_bytes() == struct.pack("<ifffifff", 3, 1, 2, 3, 3, 4, 5, 6)
    datasets.write_matrix(tmp_path / "a.fbin", rows)
    assert (tmp_path / "a.fbin").read_bytes() == struct.pack("<II6f", 2, 3, 1, 2, 3, 4, 5, 6)
    datasets.write_matrix(tmp_path / "a.npy", rows)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), rows)


@pytest.mark.parametrize("name", ["a.hdf5", "a.h5", "a.npz", "a"])
def test_data_sets_round_trip(tmp_path, tiny, name):
    datasets.save(tiny, tmp_path / name)
    same(tiny, datasets.load(tmp_path / name))


@pytest.mark.parametrize("vectors", ["fbin", "fvecs", "parquet"])
def test_folders_hold_vectors_in_any_format(tmp_path, tiny, vectors):
    datasets.save(tiny, tmp_path / "a", vectors)
    assert (tmp_path / "a" / f"train.{vectors}").exists()
    same(tiny, datasets.load(tmp_path / "a"))
    assert datasets.load(tmp_path / "a").name == "tiny"


def test_folders_are_replaced(tmp_path, tiny):
    datasets.save(tiny, tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    plain = Dataset("plain", "l2", tiny.train[:9], tiny.test)
    datasets.save(plain, tmp_path, "fbin")
    same(plain, datasets.load(tmp_path))
    assert (tmp_path / "notes.txt").read_text() == "mine"
    datasets.save(
        datasets.load(tmp_path), tmp_path, "fbin"
    )  # onto the files that it is mapped from
    same(plain, datasets.load(tmp_path))


@pytest.mark.parametrize("name", ["a.hdf5", "a.npz", "a"])
def test_lists_may_be_empty(tmp_path, name):
    eye = np.eye(3, dtype=np.float32)
    data = Dataset("a", "ip", eye, eye, seen=Csr.of([[], [], []]))
    datasets.save(data, tmp_path / name)
    same(data, datasets.load(tmp_path / name))


def test_the_layout_is_that_of_ann_benchmarks(tmp_path, tiny):
    datasets.save(tiny, tmp_path / "a.hdf5")
    with h5py.File(tmp_path / "a.hdf5") as file:
        assert file.attrs["distance"] == "ip"
        assert set(file) == {*tiny.arrays()}
        assert "seen_indptr" in file


@pytest.mark.parametrize(
    ("distance", "metric"), [("angular", "cosine"), (b"euclidean", "l2"), ("dot", "ip")]
)
def test_other_types_become_float32(tmp_path, distance, metric):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file.attrs["distance"] = distance
        file["train"] = np.arange(24, dtype=np.uint8).reshape(6, 4)
        file["test"] = np.ones((2, 4), np.float64)
    data = datasets.load(tmp_path / "a.hdf5")
    assert data.metric == metric
    assert data.train.dtype == data.test.dtype == np.float32
    assert data.train[5, 3] == 23


def test_folders_of_other_collections_are_read(tmp_path, tiny):
    datasets.write_matrix(tmp_path / "sift_base.fvecs", tiny.train)
    datasets.write_matrix(tmp_path / "sift_query.fvecs", tiny.test)
    datasets.write_matrix(tmp_path / "sift_groundtruth.ivecs", tiny.neighbors)
    data = datasets.load(tmp_path, metric="ip")
    np.testing.assert_array_equal(data.neighbors, tiny.neighbors)
    np.testing.assert_array_equal(data.train, tiny.train)


def test_truth_files_may_include_distances(tmp_path, tiny):
    datasets.write_matrix(tmp_path / "base.50.fbin", tiny.train)
    datasets.write_matrix(tmp_path / "query.public.fbin", tiny.test)
    datasets.write_matrix(tmp_path / "GT.public.ibin", tiny.neighbors)
    with (tmp_path / "GT.public.ibin").open("ab") as file:
        file.write(tiny.distances.tobytes())
    same(
        Dataset("x", "ip", tiny.train, tiny.test, tiny.neighbors, tiny.distances),
        datasets.load(tmp_path),
    )


def test_vectors_alone_give_some_as_queries(tmp_path):
    rows = np.random.default_rng(0).standard_normal((100, 4), dtype=np.float32)
    datasets.write_matrix(tmp_path / "a.npy", rows)
    data = datasets.load(tmp_path / "a.npy", metric="cosine")
    assert (len(data.train), len(data.test), data.metric) == (90, 10, "cosine")
    both = np.concatenate([data.train, data.test])
    assert sorted(map(tuple, both)) == sorted(map(tuple, rows))
    again = datasets.load(tmp_path / "a.npy")
    np.testing.assert_array_equal(again.test, data.test)


def test_queries_come_from_another_file_or_an_array(tmp_path, tiny):
    datasets.write_matrix(tmp_path / "a.npy", tiny.train)
    datasets.write_matrix(tmp_path / "q.fbin", tiny.test[:2])
    for queries in (tmp_path / "q.fbin", tiny.test[:2]):
        data = datasets.load(tmp_path / "a.npy", queries)
        np.testing.assert_array_equal(data.test, tiny.test[:2])
        np.testing.assert_array_equal(data.train, tiny.train)


def test_outdated_arrays_are_dropped(tmp_path, tiny):
    datasets.save(tiny, tmp_path / "a.hdf5")
    other = datasets.load(tmp_path / "a.hdf5", metric="l2")
    assert other.neighbors is None
    assert other.seen is not None
    fewer = datasets.load(tmp_path / "a.hdf5", rows=20)
    assert len(fewer.train) == 20
    assert fewer.neighbors is fewer.seen is None
    assert datasets.load(tmp_path / "a.hdf5", queries=tiny.test[:1]).heldout is None


def test_what_is_wrong_with_vectors_and_queries_names_their_own_file_and_row(tmp_path, tiny):
    wrong = tiny.train.copy()
    wrong[3, 1] = np.nan
    np.save(tmp_path / "a.npy", wrong)
    with pytest.raises(vecq.DatasetError, match=r"a\.npy: vectors has .* not finite in row 3"):
        datasets.load(tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", tiny.train)
    np.save(tmp_path / "one.npy", tiny.test[0])
    for source in (tmp_path / "a.npy", tmp_path / "b.npz"):
        datasets.save(tiny, tmp_path / "b.npz")
        with pytest.raises(vecq.DatasetError) as caught:
            datasets.load(source, tmp_path / "one.npy")
        assert str(caught.value).startswith(f"{tmp_path / 'one.npy'}: ")


def test_queries_may_be_those_of_a_data_set(tmp_path, tiny):
    np.save(tmp_path / "a.npy", tiny.train)
    datasets.save(tiny, tmp_path / "b.npz")
    data = datasets.load(tmp_path / "a.npy", tmp_path / "b.npz", "l2")
    assert np.array_equal(data.test, tiny.test)
    assert (data.metric, len(data.train)) == ("l2", len(tiny.train))

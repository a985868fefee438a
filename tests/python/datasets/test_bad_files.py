"""Invalid data sets: errors name the file and the field."""

import struct
import sys

import h5py
import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

import vecq
from vecq import datasets

WHOLE = [".bvecs", ".ivecs", ".u8bin", ".i8bin", ".ibin"]
MATRICES = [".npy", ".fvecs", ".fbin", ".f16bin", ".parquet", ".arrow", ".feather"]


def test_a_column_of_several_is_named(tmp_path):
    table = pyarrow.table({"id": [1, 2], "a": [[1.0, 2.0]] * 2, "b": [[3.0]] * 2})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert datasets.read_matrix(tmp_path / "a.parquet", "b").tolist() == [[3], [3]]
    with pytest.raises(vecq.DatasetError, match=r"a\.parquet.*2 columns of vectors \(a, b\)"):
        datasets.read_matrix(tmp_path / "a.parquet")
    with pytest.raises(vecq.DatasetError, match="column 'c' is missing"):
        datasets.read_matrix(tmp_path / "a.parquet", "c")
    with pytest.raises(vecq.DatasetError, match="expected lists"):
        datasets.read_matrix(tmp_path / "a.parquet", "id")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1.0, 2.0], [3.0]], "dim 1 in row 1, but 2 in row 0"),
        ([[1.0, None], [3.0, 4.0]], "nulls"),
        ([[1.0], None], "nulls"),
    ],
)
def test_ragged_columns_are_refused(tmp_path, values, message):
    parquet.write_table(pyarrow.table({"vector": values}), tmp_path / "a.parquet")
    with pytest.raises(vecq.DatasetError, match=message):
        datasets.read_matrix(tmp_path / "a.parquet")


def test_a_missing_package_is_named(tmp_path, tiny, monkeypatch):
    for package in ("h5py", "pyarrow"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(vecq.UnsupportedError, match=r"h5py: pip install 'vecq\[data\]'"):
        datasets.load(tmp_path / "a.hdf5")
    with pytest.raises(vecq.UnsupportedError, match=r"pyarrow: pip install 'vecq\[parquet\]'"):
        datasets.write_matrix(tmp_path / "a.parquet", tiny.train)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("by", [1, 3, 99, 10**9])
@pytest.mark.parametrize("suffix", [*MATRICES, *WHOLE])
def test_truncated_vectors_are_refused(tmp_path, suffix, by):
    path = tmp_path / f"a{suffix}"
    datasets.write_matrix(path, np.ones((40, 6), np.float32))
    content = path.read_bytes()
    path.write_bytes(content[: max(0, len(content) - by)])
    with pytest.raises(vecq.DatasetError, match=f"a{suffix}"):
        datasets.read_matrix(path)


@pytest.mark.parametrize("name", ["a.hdf5", "a.npz"])
@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.6, 0.9, 0.99])
def test_truncated_data_sets_are_refused(tmp_path, tiny, name, share):
    path = tmp_path / name
    datasets.save(tiny, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(vecq.DatasetError, match=name):
        datasets.load(path)


@pytest.mark.parametrize(
    ("suffix", "content", "message"),
    [
        (".fvecs", struct.pack("<i", 0), "dim 0"),
        (".fvecs", struct.pack("<if", -5, 1), "dim -5"),
        (".fvecs", struct.pack("<iffiff", 2, 1, 2, 3, 1, 2), "row 1 has dim 3, but row 0 has 2"),
        (".bvecs", struct.pack("<i", 10**9), "multiple of 1,000,000,004"),
        (".fbin", struct.pack("<II", 0, 5), "0 rows"),
        (".fbin", struct.pack("<II", 2**32 - 1, 2**32 - 1), "header"),
        (".u8bin", struct.pack("<II3B", 2, 2, 1, 2, 3), "2 rows x 2 of uint8.* take 12"),
    ],
)
def test_wrong_headers_are_refused(tmp_path, suffix, content, message):
    (tmp_path / f"a{suffix}").write_bytes(content)
    with pytest.raises(vecq.DatasetError, match=message):
        datasets.read_matrix(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("name", ["a.hdf5", "a.npz", "a.npy", "a.parquet", "a.arrow", "a.fbin"])
def test_random_bytes_are_refused(tmp_path, name):
    (tmp_path / name).write_bytes(np.random.default_rng(0).bytes(1000))
    with pytest.raises(vecq.DatasetError, match=name):
        datasets.load(tmp_path / name)


def test_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[{}]], object), allow_pickle=True)
    with pytest.raises(vecq.DatasetError, match=r"a\.npy"):
        datasets.load(tmp_path / "a.npy")


def changed(**arrays):
    """Change the arrays of a file; None removes one."""
    return lambda content: {k: v for k, v in {**content, **arrays}.items() if v is not None}


def with_nan(field):
    def change(content):
        values = content[field].copy()
        values[3, 1] = np.nan
        return {**content, field: values}

    return change


FAULTS = [
    ("train", "missing", changed(train=None)),
    ("test", "missing", changed(test=None)),
    ("test", "dim 7, but train has dim 8", changed(test=np.ones((6, 7), "f4"))),
    ("train", "shape", changed(train=np.ones(5, "f4"))),
    ("train", "shape", changed(train=np.ones((0, 8), "f4"))),
    ("test", "shape", changed(test=np.ones((0, 8), "f4"))),
    ("train", "complex", changed(train=np.ones((50, 8), "c8"))),
    ("train", "not finite in row 3", with_nan("train")),
    ("test", "not finite in row 3", with_nan("test")),
    ("distances", "not finite in row 3", with_nan("distances")),
    ("train", "not finite in row 0", changed(train=np.full((50, 8), 1e300))),
    ("neighbors", "expected a row for each", changed(neighbors=np.zeros((5, 3), int))),
    ("neighbors", "row 50, but train has 50", changed(neighbors=np.full((6, 5), 50))),
    ("neighbors", "row -1", changed(neighbors=np.full((6, 5), -1))),
    ("neighbors", "float64", changed(neighbors=np.zeros((6, 5)))),
    ("neighbors", "does not fit", changed(neighbors=np.arange(30).reshape(6, 5))),
    ("distances", "shape", changed(distances=np.zeros((6, 4)))),
    ("distances", "without neighbors", changed(neighbors=None)),
    ("seen_indptr", "missing", changed(seen_indptr=None)),
    ("heldout_indices", "missing", changed(heldout_indices=None)),
    ("seen_indptr", "shape", changed(seen_indptr=np.zeros(6, int))),
    ("seen_indptr", "expected to rise", changed(seen_indptr=np.array([0, 2, 1, 3, 4, 5, 6]))),
    ("seen_indptr", "expected to rise", changed(seen_indptr=np.array([0, 2, 2, 3, 4, 5, 9]))),
    ("seen_indices", "row 50", changed(seen_indices=np.array([1, 2, 50, 0, 3, 4]))),
    ("heldout_indices", "whole", changed(heldout_indices=np.zeros(6))),
]


@pytest.mark.parametrize("kind", ["hdf5", "npz", "folder"])
@pytest.mark.parametrize(("field", "message", "change"), FAULTS)
def test_inconsistent_arrays_are_named_with_file_and_field(
    tmp_path, tiny, kind, field, message, change
):
    content = change(tiny.arrays())
    path = tmp_path / ("a" if kind == "folder" else f"a.{kind}")
    if kind == "hdf5":
        with h5py.File(path, "w") as file:
            file.attrs["distance"] = "ip"
            for name, values in content.items():
                file[name] = values
    elif kind == "npz":
        np.savez(path, **content)
    else:
        path.mkdir()
        for name, values in content.items():
            np.save(path / f"{name}.npy", values)
    with pytest.raises(vecq.DatasetError) as caught:
        datasets.load(path)
    assert str(path) in str(caught.value)
    assert field in str(caught.value)
    if not (kind == "folder" and values_are_no_matrix(content, field)):
        assert message in str(caught.value)
        assert caught.value.argument == field


def values_are_no_matrix(content, field):
    """Whether a file of a folder is refused as a matrix, before its field is known."""
    return field in content and (content[field].ndim != 2 or content[field].dtype.kind == "c")


@pytest.mark.parametrize("distance", [None, "hamming", "jaccard", 5])
def test_unknown_metrics_are_named(tmp_path, distance):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["train"] = file["test"] = np.ones((2, 2), "f4")
        if distance is not None:
            file.attrs["distance"] = distance
    with pytest.raises(vecq.DatasetError, match=r"a\.hdf5.*distance") as caught:
        datasets.load(tmp_path / "a.hdf5")
    assert caught.value.argument == "distance"


def test_an_hdf5_group_is_no_array(tmp_path):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file.attrs["distance"] = "ip"
        file.create_group("train")
        file["test"] = np.ones((2, 2), "f4")
    with pytest.raises(vecq.DatasetError, match="train can't be read"):
        datasets.load(tmp_path / "a.hdf5")


def test_missing_files_of_folders_are_named(tmp_path, tiny):
    with pytest.raises(vecq.DatasetError, match="train is missing"):
        datasets.load(tmp_path)
    for name in ("x_base.npy", "y_base.fbin"):
        datasets.write_matrix(tmp_path / name, tiny.train)
    with pytest.raises(vecq.DatasetError, match=r"several files.*x_base\.npy, y_base\.fbin"):
        datasets.load(tmp_path)
    datasets.save(tiny, tmp_path / "b")
    for content in ("{", '"ip"', '{"metric": "dot"}'):
        (tmp_path / "b" / "dataset.json").write_text(content)
        with pytest.raises(vecq.DatasetError, match=r"dataset\.json"):
            datasets.load(tmp_path / "b")


def test_arguments_of_load_and_save_are_named(tmp_path, tiny, refuse):
    datasets.save(tiny, tmp_path / "a.npz")
    refuse("source", "recsys-demo, sift-128-euclidean", datasets.load, "sift-129")
    refuse("source", "suffix", datasets.load, "source.bin")
    refuse("metric", "'dot'", datasets.load, tmp_path / "a.npz", metric="dot")
    for rows in (0, 51, 1.5):
        refuse("rows", "from 1 to 50", datasets.load, tmp_path / "a.npz", rows=rows)
    with pytest.raises(vecq.ArgumentError, match="suffix"):
        datasets.save(tiny, tmp_path / "a.fbin")
    refuse("vectors", "'csv'", datasets.save, tiny, tmp_path / "b", "csv")
    with pytest.raises(vecq.DatasetError, match="no such file"):
        datasets.load(tmp_path / "c.hdf5")
    with pytest.raises(vecq.DatasetError, match="train has dim 8"):
        datasets.load(tmp_path / "a.npz", queries=np.ones((2, 7), "f4"))


@pytest.mark.parametrize(
    ("suffix", "value"),
    [
        *((".u8bin", 256), (".u8bin", -1), (".i8bin", 0.5), (".ibin", np.nan)),
        *((".f16bin", 1e5), (".fbin", 1e39)),
    ],
)
def test_values_that_a_format_cannot_hold_are_refused(tmp_path, suffix, value):
    with pytest.raises(vecq.DatasetError, match=r"numbers from .* but there is"):
        datasets.write_matrix(tmp_path / f"a{suffix}", np.full((2, 2), value))
    assert list(tmp_path.iterdir()) == []


def test_interrupted_writes_keep_the_old_file(tmp_path):
    path = tmp_path / "a.npy"
    datasets.write_matrix(path, np.zeros((2, 2), np.float32))

    def blocks():
        yield np.ones((1, 2), np.float32)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        datasets.write_blocks(path, blocks(), (2, 2))
    assert datasets.read_matrix(path).tolist() == [[0, 0], [0, 0]]
    assert [file.name for file in tmp_path.iterdir()] == ["a.npy"]


def test_blocks_that_do_not_add_up_are_refused(tmp_path):
    for shape in ((3, 2), (1, 2), (2, 3)):
        with pytest.raises(vecq.ArgumentError, match="blocks"):
            datasets.write_blocks(tmp_path / "a.fbin", [np.ones((2, 2), "f4")], shape)
    assert list(tmp_path.iterdir()) == []

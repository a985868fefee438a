"""Damaged and hostile files: each raises a DatasetError, and none reads other files."""

import os
import struct
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest

import vecq
from vecq import datasets
from vecq.datasets import interactions


def npy(header: str, values: bytes = b"") -> bytes:
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + values


def described(shape: str, descr: str = "'<f4'") -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n"


HEADERS = [
    (npy(described("(-2, 4)")), "shape"),
    (npy(described("(True, 4)"), bytes(16)), "shape"),
    (npy(described("(2, 4)"))[:40], "header"),
    (npy(described("(2, 4)")[:30] + "\n"), "header"),
    (npy("{'descr': '<f4', 'shape': (2,\n"), "header"),
    (npy("(" * 500 + "\n"), "header"),
    (npy(described("(2, 4)", "'nonsense'")), "header"),
    (npy(described("(2, 4)", "'|O'"), bytes(64)), "objects"),
    (npy(described(f"({2**62}, {2**62})"), bytes(8)), "truncated"),
    (b"\x93NUMPY\x09\x00" + bytes(100), "header"),
]


@pytest.mark.parametrize(("content", "message"), HEADERS)
def test_damaged_npy_headers_are_refused(tmp_path, content, message):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(vecq.DatasetError, match=rf"a\.npy: .*{message}"):
        datasets.read_matrix(tmp_path / "a.npy")


@pytest.mark.parametrize(("content", "message"), HEADERS)
def test_npz_members_with_damaged_headers_are_refused(tmp_path, content, message):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("train.npy", content)
    with pytest.raises(vecq.DatasetError, match=rf"a\.npz: train .*{message}"):
        datasets.load(tmp_path / "a.npz")


@pytest.mark.parametrize(("order", "shape"), [("C", (3, 2)), ("F", (3, 2)), ("C", (0, 2))])
def test_npy_files_read_as_numpy_reads_them(tmp_path, order, shape):
    values = np.arange(np.prod(shape), dtype=np.float64).reshape(shape, order=order)
    np.save(tmp_path / "a.npy", values)
    found = datasets.read_matrix(tmp_path / "a.npy")
    assert found.dtype == values.dtype
    assert np.array_equal(found, np.load(tmp_path / "a.npy"))


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [(6, 1, "train is encrypted"), (8, 99, "train is compressed by method 99")],
)
def test_encrypted_and_unknown_npz_members_are_refused(tmp_path, tiny, offset, value, message):
    path = tmp_path / "a.npz"
    datasets.save(tiny, path)
    content = bytearray(path.read_bytes())
    for signature, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        at = content.find(signature)
        while at >= 0:
            struct.pack_into("<H", content, at + offset + shift, value)
            at = content.find(signature, at + 4)
    # The metric comes first in an archive: without it, train does.
    content = content.replace(b"metric.npy", b"zetric.npy")
    path.write_bytes(content)
    with pytest.raises(vecq.DatasetError, match=rf"a\.npz: {message}"):
        datasets.load(path)


def null(file, folder):
    file.create_dataset("train", data=h5py.Empty("f4"))


def dangling(file, folder):
    file["train"] = h5py.SoftLink("/nowhere")


def looping(file, folder):
    file["train"], file["other"] = h5py.SoftLink("/other"), h5py.SoftLink("/train")


def missing_external_link(file, folder):
    file["train"] = h5py.ExternalLink("missing.hdf5", "train")


def external_link(file, folder):
    with h5py.File(folder / "other.hdf5", "w") as other:
        other["train"] = np.ones((2, 2), "f4")
    file["train"] = h5py.ExternalLink("other.hdf5", "train")


def external_link_by_a_soft_one(file, folder):
    external_link(file, folder)
    file.move("train", "outside")
    file["train"] = h5py.SoftLink("/outside")


def external_storage(file, folder):
    (folder / "secret").write_bytes(np.ones((2, 2), "f4").tobytes())
    file.create_dataset("train", (2, 2), "f4", external=[(str(folder / "secret"), 0, 16)])


def virtual(file, folder):
    with h5py.File(folder / "other.hdf5", "w") as other:
        other["train"] = np.ones((2, 2), "f4")
    layout = h5py.VirtualLayout((2, 2), "f4")
    layout[:] = h5py.VirtualSource(str(folder / "other.hdf5"), "train", (2, 2))
    file.create_virtual_dataset("train", layout)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (null, "train is null, expected an array"),
        (dangling, "train is a link to nowhere, which does not exist"),
        (looping, "train is a link that leads back to itself"),
        (missing_external_link, r"train is a link to the file missing\.hdf5"),
        (external_link, r"train is a link to the file other\.hdf5"),
        (external_link_by_a_soft_one, r"train is a link to the file other\.hdf5"),
        (external_storage, "train has external storage, which reads other files"),
        (virtual, "train has a virtual layout, which reads other files"),
    ],
)
def test_hdf5_arrays_outside_the_file_are_refused(tmp_path, make, message):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file.attrs["distance"] = "ip"
        file["test"] = np.ones((2, 2), "f4")
        make(file, tmp_path)
    with pytest.raises(vecq.DatasetError, match=rf"a\.hdf5: {message}") as caught:
        datasets.load(tmp_path / "a.hdf5")
    assert caught.value.argument == "train"


def test_soft_links_within_a_file_are_followed(tmp_path):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file.attrs["distance"] = "l2"
        file["deep/values"] = np.ones((2, 3), "f4")
        file["alias"] = h5py.SoftLink("deep/values")
        file["train"], file["test"] = h5py.SoftLink("/alias"), h5py.SoftLink("/deep/./values")
    assert datasets.load(tmp_path / "a.hdf5").train.shape == (2, 3)


def test_a_damaged_b_tree_is_refused(tmp_path):
    path = tmp_path / "a.hdf5"
    with h5py.File(path, "w", libver="earliest") as file:
        file.attrs["distance"] = "ip"
        file.create_dataset("train", data=np.ones((64, 4), "f4"), chunks=(8, 4))
        file["test"] = np.ones((2, 4), "f4")
    content = path.read_bytes()
    assert content.count(b"TREE") >= 2  # of the links, and of the chunks
    at = -1
    for _ in range(content.count(b"TREE")):
        at = content.find(b"TREE", at + 1)
        path.write_bytes(content[:at] + b"XXXX" + content[at + 4 :])
        with pytest.raises(vecq.DatasetError, match=r"a\.hdf5: "):
            datasets.load(path)


READERS = [
    ("a.npy", datasets.read_matrix),
    ("a.fvecs", datasets.read_matrix),
    ("a.fbin", datasets.read_matrix),
    ("a.npz", datasets.load),
    ("a.hdf5", datasets.load),
    ("a.csv", interactions.read_interactions),
]


def refusal(path, read):
    """Return the error of a reader, run in a subprocess: opening a FIFO would hang."""
    code = (
        f"import {read.__module__}, vecq\n"
        f"try: {read.__module__}.{read.__name__}({str(path)!r})\n"
        "except vecq.DatasetError as error: print(error)"
    )
    command = [sys.executable, "-I", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout


@pytest.mark.parametrize(("name", "read"), READERS)
def test_fifos_are_refused_without_blocking(tmp_path, name, read):
    os.mkfifo(tmp_path / name)
    assert f"{name}: is a FIFO, expected a regular file" in refusal(tmp_path / name, read)


def test_an_external_link_to_a_fifo_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file.attrs["distance"] = "ip"
        file["train"] = h5py.ExternalLink("pipe", "train")
    assert "train is a link to the file pipe" in refusal(tmp_path / "a.hdf5", datasets.load)


def test_data_convert_refuses_a_fifo(tmp_path):
    os.mkfifo(tmp_path / "a.npy")
    command = [sys.executable, "-I", "-m", "vecq", "data", "convert"]
    shown = subprocess.run(
        [*command, tmp_path / "a.npy", tmp_path / "b.fbin"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert shown.returncode == 2
    assert "is a FIFO, expected a regular file" in shown.stderr


def test_writing_does_not_replace_a_fifo(tmp_path):
    os.mkfifo(tmp_path / "a.npy")
    with pytest.raises(vecq.DatasetError, match="is a FIFO, expected a regular file"):
        datasets.write_matrix(tmp_path / "a.npy", np.ones((2, 2), np.float32))
    assert (tmp_path / "a.npy").is_fifo()

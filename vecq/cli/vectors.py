"""Vectors and ids in the files that commands are given."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.errors import ArgumentError

MOST = 2**63 - 1
FORMATS = ".npy, .npz, .hdf5, .fvecs, .bvecs, .fbin, .u8bin, .i8bin, .parquet, .arrow"


def read_vectors(path: str, argument: str, part: str) -> NDArray[Any]:
    """Reads vectors by the suffix of their file, mapped where the format allows.

    Args:
        part: the array to take of a .npz or .hdf5 file that holds several, "train" or "test".
    """
    from vecq.datasets import read_matrix

    file = _existing(path, argument)
    if file.suffix in (".hdf5", ".h5"):
        rows = _of_hdf5(file, argument, part)
    elif file.suffix == ".npz":
        rows = _of_npz(file, argument, part)
    else:
        rows = read_matrix(file)
    if rows.ndim != 2:
        raise ArgumentError(
            f"{argument}: {file} holds {rows.dtype} of shape {rows.shape}, expected rows of "
            "numbers",
            argument,
        )
    # Formats of bytes hold whole numbers that stand for themselves.
    return rows.astype(np.float32) if rows.dtype.kind in "iu" else rows


def read_ids(path: str, argument: str) -> NDArray[np.int64]:
    """Reads whole numbers: a .npy file, or text with one in each line."""
    file = _existing(path, argument)
    try:
        numbers: NDArray[Any] = (
            np.load(file, allow_pickle=False)
            if file.suffix == ".npy"
            else np.loadtxt(file, np.int64, ndmin=1)
        )
    except (EOFError, OverflowError, ValueError) as error:
        raise ArgumentError(
            f"{argument}: {file} holds no ids: {error}; expected a .npy file of whole numbers, or "
            "text with one in each line",
            argument,
        ) from None
    if numbers.dtype.kind not in "iu" or numbers.ndim != 1:
        raise ArgumentError(
            f"{argument}: {file} holds {numbers.dtype} of shape {numbers.shape}, expected one row "
            "of whole numbers",
            argument,
        )
    if numbers.max(initial=0) > MOST:
        raise ArgumentError(
            f"{argument}: {file} has {numbers.max()}, expected ids of no more than {MOST}", argument
        )
    return numbers.astype(np.int64)


def read_lists(path: str, argument: str, part: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Reads a list of ids for each query, as offsets and ids: a CSR matrix of SciPy, or a data set.

    Args:
        part: what a data set calls them, as in "seen_indptr" and "seen_indices".
    """
    file = _existing(path, argument)
    read = _of_hdf5 if file.suffix in (".hdf5", ".h5") else _of_npz
    try:
        return read(file, argument, f"{part}_indptr"), read(file, argument, f"{part}_indices")
    except ArgumentError:
        if read is _of_hdf5:
            raise
        return read(file, argument, "indptr"), read(file, argument, "indices")


def check_target(path: str, argument: str) -> Path:
    """Refuses a file that can't be written before hours went into what it is to hold."""
    file = Path(path)
    if file.is_dir():
        raise ArgumentError(f"{argument}: {file} is a folder, expected a file", argument)
    if not file.absolute().parent.is_dir():
        raise ArgumentError(
            f"{argument}: {file.parent} does not exist: make that folder first", argument
        )
    return file


@contextmanager
def naming(**files: str | None) -> Iterator[None]:
    """Puts the file that an argument came from before what turns out to be wrong with it."""
    try:
        yield
    except ArgumentError as error:
        file = files.get(error.argument)
        if file is None:
            raise
        raise ArgumentError(f"{file}: {error}", error.argument) from None


def _existing(path: str, argument: str) -> Path:
    file = Path(path)
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "does not exist"
        raise ArgumentError(f"{argument}: {file} {what}, expected one of {FORMATS}", argument)
    return file


def _of_npz(file: Path, argument: str, part: str) -> NDArray[Any]:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            name = arrays.files[0] if len(arrays.files) == 1 else part
            if name in arrays.files:
                return np.asarray(arrays[name])
            raise _missing(file, argument, part, arrays.files)
    except (EOFError, OSError, ValueError, zipfile.BadZipFile) as error:
        if isinstance(error, ArgumentError):
            raise
        raise ArgumentError(f"{argument}: {file} can't be read: {error}", argument) from None


def _of_hdf5(file: Path, argument: str, part: str) -> NDArray[Any]:
    try:
        import h5py  # type: ignore[import-untyped]
    except ImportError:
        raise ArgumentError(
            f"{argument}: reading {file} needs the package h5py: pip install h5py", argument
        ) from None
    try:
        with h5py.File(file) as arrays:
            if part in arrays:
                return np.asarray(arrays[part])
            raise _missing(file, argument, part, list(arrays))
    except OSError as error:
        raise ArgumentError(f"{argument}: {file} can't be read: {error}", argument) from None


def _missing(file: Path, argument: str, part: str, names: list[str]) -> ArgumentError:
    found = ", ".join(names) or "nothing"
    return ArgumentError(f"{argument}: {file} has no {part!r}, it holds {found}", argument)

"""Reads the vectors, ids and id lists that commands are given as files, and checks output paths."""

import argparse
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.errors import ArgumentError

LARGEST_ID = 2**63 - 1
FORMATS = ".npy, .npz, .hdf5, .fvecs, .bvecs, .fbin, .f16bin, .u8bin, .i8bin, .parquet, .arrow"


def add_threads(parser: argparse._ActionsContainer, default: int = 0) -> None:
    """Add the option --threads."""
    parser.add_argument(
        "--threads",
        type=int,
        default=default,
        metavar="N",
        help="Threads to use; 0 = all cores (default: %(default)s)",
    )


def attribute_kinds(given: list[str]) -> Any:
    """Return the names and kinds of options NAME:KIND; None without any.

    vecq.Index refuses unknown kinds.
    """
    for one in given:
        if ":" not in one:
            raise ArgumentError(
                f"attribute is {one!r}, expected NAME:KIND, such as price:float32", "attribute"
            )
    return dict(one.rsplit(":", 1) for one in given) or None


def read_vectors(path: str, argument: str, array: str) -> NDArray[Any]:
    """Read a matrix by the suffix of its file, memory-mapped where the format allows.

    Args:
        path: The file.
        argument: Name of the argument that an error blames.
        array: Array to take from a .npz or .hdf5 file of several: "train" or "test".

    Returns:
        A matrix; integers are converted to float32.

    Raises:
        ArgumentError: The file is missing, unreadable or no matrix.
    """
    from vecq.datasets.matrices import SUFFIXES, read_matrix

    file = input_file(path, argument, FORMATS)
    if file.suffix in (".hdf5", ".h5"):
        rows = _read_hdf5(file, argument, array)
    elif file.suffix == ".npz":
        rows = _read_npz(file, argument, array)
    elif file.suffix in SUFFIXES:
        rows = read_matrix(file)
    else:
        raise ArgumentError(
            f"{argument}: {file} has the suffix {file.suffix!r}, expected one of {FORMATS}",
            argument,
        )
    if rows.ndim != 2:
        raise _no_matrix(file, argument, rows)
    return rows.astype(np.float32) if rows.dtype.kind in "iu" else rows


def open_vectors(path: str, argument: str, array: str) -> Any:
    """Open a matrix in a .npz or .hdf5 file; slices of a .hdf5 file are read when they are used.

    Raises:
        ArgumentError: The file is missing, unreadable or no matrix.
    """
    file = input_file(path, argument, FORMATS)
    if file.suffix == ".npz":
        return read_vectors(path, argument, array)
    rows = _open_hdf5(file, argument, array)
    if len(rows.shape) != 2:
        raise _no_matrix(file, argument, rows)
    return rows


def read_ids(path: str, argument: str, strings: bool = False) -> Any:
    """Read ids from a .npy file of integers, or from text with one id per line.

    With `strings`, return the lines of a text file.

    Raises:
        ArgumentError: The file is missing or holds no ids.
    """
    file = input_file(path, argument, ".npy or text with one id per line")
    if strings:
        return _read_lines(file, argument)
    try:
        numbers: NDArray[Any] = (
            np.load(file, allow_pickle=False)
            if file.suffix == ".npy"
            else np.loadtxt(file, np.int64, ndmin=1)
        )
    except (EOFError, OverflowError, ValueError) as error:
        raise ArgumentError(
            f"{argument}: {file} holds no ids: {error}; expected a .npy file of integers, or text "
            "with one id per line",
            argument,
        ) from None
    if numbers.dtype.kind not in "iu" or numbers.ndim != 1:
        raise ArgumentError(
            f"{argument}: {file} holds {numbers.dtype} of shape {numbers.shape}, expected a "
            "one-dimensional array of integers",
            argument,
        )
    if numbers.max(initial=0) > LARGEST_ID:
        raise ArgumentError(
            f"{argument}: {file} has {numbers.max()}, expected ids of at most {LARGEST_ID}",
            argument,
        )
    return numbers.astype(np.int64)


def _read_lines(file: Path, argument: str) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ArgumentError(
            f"{argument}: {file} is no text in UTF-8: {error}; expected one id per line", argument
        ) from None


def read_id_lists(path: str, argument: str, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Read one list of ids per query, from a CSR matrix saved by SciPy or from a data set.

    Args:
        path: A .npz or .hdf5 file.
        argument: Name of the argument that an error blames.
        name: Prefix of the arrays in a data set: "seen" for seen_indptr and seen_indices.

    Returns:
        Offsets and ids: query q owns ids[offsets[q]:offsets[q + 1]].

    Raises:
        ArgumentError: The file is missing, has another format or lacks the arrays.
    """
    expected = ".npz (a CSR matrix saved by scipy.sparse.save_npz) or .hdf5"
    file = input_file(path, argument, expected)
    if file.suffix in (".hdf5", ".h5"):
        indptr, ids = (_read_hdf5(file, argument, f"{name}_{part}") for part in CSR)
        return indptr, ids
    if file.suffix != ".npz":
        raise ArgumentError(
            f"{argument}: {file} is no list per query, expected {expected}", argument
        )
    prefix = f"{name}_" if f"{name}_indptr" in _names_of_npz(file, argument) else ""
    indptr, ids = (_read_npz(file, argument, f"{prefix}{part}") for part in CSR)
    return indptr, ids


def input_file(path: str, argument: str, expected: str) -> Path:
    """Return the path of an existing regular file; opening a FIFO would wait for a writer.

    Raises:
        ArgumentError: The file is missing, a folder, or a FIFO, socket or device.
    """
    file = Path(path)
    try:
        mode = file.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise ArgumentError(
            f"{argument}: {file} does not exist, expected a file: {expected}", argument
        ) from None
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise ArgumentError(f"{argument}: {file} is {kind}, expected a file: {expected}", argument)
    return file


@contextmanager
def errors_name_files(**files: str | None) -> Iterator[None]:
    """Prefix an ArgumentError with the file that its argument was read from."""
    try:
        yield
    except ArgumentError as error:
        file = files.get(error.argument)
        if file is None:
            raise
        raise ArgumentError(f"{file}: {error}", error.argument) from None


CSR = ("indptr", "indices")


def _names_of_npz(file: Path, argument: str) -> list[str]:
    with _npz(file, argument) as arrays:
        return list(arrays.files)


def _read_npz(file: Path, argument: str, name: str) -> NDArray[Any]:
    with _npz(file, argument) as arrays:
        own = arrays.files[0] if len(arrays.files) == 1 else name
        if own not in arrays.files:
            raise _missing_array(file, argument, name, arrays.files)
        return np.asarray(arrays[own])


@contextmanager
def _npz(file: Path, argument: str) -> Iterator[Any]:
    """Open a .npz file; whatever is wrong with it raises ArgumentError."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            yield arrays
    except ArgumentError:
        raise
    except (
        *(AttributeError, EOFError, NotImplementedError, OSError, RuntimeError, TypeError),
        *(ValueError, zipfile.BadZipFile),
    ) as error:  # np.load returns an array if the file is .npy inside: it is no context manager
        raise ArgumentError(f"{argument}: {file} can't be read: {error}", argument) from None


def _no_matrix(file: Path, argument: str, rows: Any) -> ArgumentError:
    return ArgumentError(
        f"{argument}: {file} holds {rows.dtype} of shape {rows.shape}, expected a matrix of "
        "numbers",
        argument,
    )


def _read_hdf5(file: Path, argument: str, name: str) -> NDArray[Any]:
    try:
        return np.asarray(_open_hdf5(file, argument, name))
    except OSError as error:
        raise ArgumentError(f"{argument}: {file} can't be read: {error}", argument) from None


def _open_hdf5(file: Path, argument: str, name: str) -> Any:
    """Return an array of a file, which stays open as long as the array does."""
    try:
        import h5py  # type: ignore[import-untyped]
    except ImportError:
        raise ArgumentError(
            f"{argument}: reading {file} needs the package h5py: pip install h5py", argument
        ) from None
    try:
        arrays = h5py.File(file, "r")
    except OSError as error:
        raise ArgumentError(f"{argument}: {file} can't be read: {error}", argument) from None
    if name not in arrays or not hasattr(arrays[name], "shape"):
        raise _missing_array(file, argument, name, list(arrays))
    return arrays[name]


def _missing_array(file: Path, argument: str, name: str, names: list[str]) -> ArgumentError:
    found = ", ".join(names) or "nothing"
    return ArgumentError(f"{argument}: {file} has no {name!r}, it holds {found}", argument)

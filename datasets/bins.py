"""The files of big-ann-benchmarks: the number of rows, the dim, each of 32 bits, and all values."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq import DatasetError

DTYPES: dict[str, np.dtype[Any]] = {
    ".fbin": np.dtype("<f4"),
    ".f16bin": np.dtype("<f2"),
    ".u8bin": np.dtype("u1"),
    ".i8bin": np.dtype("i1"),
    ".ibin": np.dtype("<i4"),
}
HEADER = 8


def read_bin(path: Path) -> NDArray[Any]:
    """Maps a file as a matrix."""
    rows, dim, size = header(path)
    dtype = DTYPES[path.suffix]
    expected = HEADER + rows * dim * dtype.itemsize
    if size != expected:
        raise DatasetError(
            f"has {size:,} bytes, but {rows:,} rows x {dim:,} of {dtype}, as its header says, "
            f"take {expected:,}: the file is truncated, or its values are of another type",
            "rows",
        )
    mapped: NDArray[Any] = np.memmap(path, dtype, "r", HEADER, (rows, dim))
    return mapped


def read_truth(path: Path) -> dict[str, NDArray[Any]]:
    """Maps neighbors and, where they follow, their distances."""
    rows, k, size = header(path)
    values = rows * k * 4
    if size not in (HEADER + values, HEADER + 2 * values):
        raise DatasetError(
            f"has {size:,} bytes, but {rows:,} x {k:,} neighbors, as its header says, take "
            f"{HEADER + values:,}, or {HEADER + 2 * values:,} with distances: it is truncated",
            "neighbors",
        )
    truth: dict[str, NDArray[Any]] = {"neighbors": np.memmap(path, "<i4", "r", HEADER, (rows, k))}
    if size > HEADER + values:
        truth["distances"] = np.memmap(path, "<f4", "r", HEADER + values, (rows, k))
    return truth


def header(path: Path) -> tuple[int, int, int]:
    """Rows and dim, as the file says, and its size."""
    size = path.stat().st_size
    if size < HEADER:
        raise DatasetError(f"has {size} bytes, expected a header of {HEADER}", "rows")
    rows, dim = (int(number) for number in np.fromfile(path, "<u4", 2))
    if rows == 0 or dim == 0:
        raise DatasetError(f"says that it has {rows} rows of dim {dim}", "rows")
    return rows, dim, size


def write_bin(path: Path, blocks: Iterable[NDArray[Any]], shape: tuple[int, int]) -> None:
    """Writes blocks of rows one after another."""
    with path.open("wb") as file:
        file.write(np.array(shape, "<u4").tobytes())
        for block in blocks:
            file.write(block.tobytes())

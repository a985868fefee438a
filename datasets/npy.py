"""The .npy format, with every field of the header checked and typed errors for damage."""

from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vecq import DatasetError


class Header(NamedTuple):
    """What the header of an array states."""

    shape: tuple[int, ...]
    order: Literal["C", "F"]
    dtype: np.dtype[Any]

    @property
    def bytes(self) -> int:
        count = 1
        for length in self.shape:
            count *= length
        return count * self.dtype.itemsize


def map_npy(path: Path) -> NDArray[Any]:
    """Maps a file as an array."""
    with path.open("rb") as file:
        header = read_header(file)
        offset = file.tell()
    _check_size(header, path.stat().st_size - offset)
    if header.bytes == 0:
        return np.empty(header.shape, header.dtype)
    mapped: NDArray[Any] = np.memmap(path, header.dtype, "r", offset, header.shape, header.order)
    return mapped


def read_npy(file: IO[bytes]) -> NDArray[Any]:
    """Reads an array from a stream."""
    header = read_header(file)
    content = file.read(header.bytes)
    _check_size(header, len(content))
    values: NDArray[Any] = np.ndarray(header.shape, header.dtype, content, order=header.order)
    return values


def read_header(file: IO[bytes]) -> Header:
    """Reads the header, and leaves the stream at the first value."""
    try:
        version = np.lib.format.read_magic(file)
        parse = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran, dtype = parse(file)
    except OSError:
        raise
    except Exception as error:  # numpy parses Python source, which fails in many ways
        raise DatasetError(
            f"has no valid .npy header, expected version 1 or 2 with shape and dtype: {error}",
            "header",
        ) from None
    if any(isinstance(length, bool) or length < 0 for length in shape):
        raise DatasetError(
            f"declares the shape {shape}, expected whole numbers of at least 0", "shape"
        )
    if dtype.hasobject:
        raise DatasetError("holds Python objects, expected numbers", "dtype")
    return Header(shape, "F" if fortran else "C", dtype)


def _check_size(header: Header, found: int) -> None:
    if found < header.bytes:
        raise DatasetError(
            f"holds {found:,} bytes of values, but shape {header.shape} of {header.dtype} takes "
            f"{header.bytes:,}: the file is truncated",
            "shape",
        )

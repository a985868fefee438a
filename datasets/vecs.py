"""fvecs, bvecs, ivecs: every row is a 32-bit dimension and its values."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq import DatasetError
from vecq.core.arrays import release_pages

# Rows whose dimensions are checked at a time.
BLOCK = 1 << 14

DTYPES: dict[str, np.dtype[Any]] = {
    ".fvecs": np.dtype("<f4"),
    ".bvecs": np.dtype("u1"),
    ".ivecs": np.dtype("<i4"),
}


def read_vecs(path: Path) -> NDArray[Any]:
    """Map a file as a strided matrix."""
    dtype, size = DTYPES[path.suffix], path.stat().st_size
    if size < 4:
        raise DatasetError(f"has {size} bytes, expected at least the dim of one row", "dim")
    content = np.memmap(path, np.uint8, "r")
    dim = int(content[:4].view("<i4")[0])
    if dim < 1:
        raise DatasetError(f"declares dim {dim} in its first row, expected at least 1", "dim")
    stride = 4 + dim * dtype.itemsize
    if size % stride:
        raise DatasetError(
            f"has {size:,} bytes, expected a multiple of {stride:,}, the size of a row of dim "
            f"{dim}: the file is truncated, or its values have another type",
            "rows",
        )
    rows = content.reshape(-1, stride)
    for first in range(0, len(rows), BLOCK):  # else the whole file would be in memory
        dims = rows[first : first + BLOCK, :4].view("<i4")[:, 0]
        if (dims != dim).any():
            row = int((dims != dim).argmax())
            raise DatasetError(f"row {first + row} has dim {dims[row]}, but row 0 has {dim}", "dim")
        release_pages(content)
    values: NDArray[Any] = rows[:, 4:].view(dtype)
    return values


def write_vecs(path: Path, blocks: Iterable[NDArray[Any]], dim: int) -> None:
    """Write blocks of rows one after another."""
    with path.open("wb") as file:
        for block in blocks:
            record = np.empty(len(block), [("dim", "<i4"), ("values", block.dtype, (dim,))])
            record["dim"], record["values"] = dim, block
            file.write(record.tobytes())

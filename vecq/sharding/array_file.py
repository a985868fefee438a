"""A file of named arrays of which readers take ranges of rows: how spool files are laid out.

Three 64-bit integers (magic, length and checksum of the header), the header in JSON (dtype, shape
and offset of each array), then the arrays, whose content the reader has to check.
"""

import json
import math
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.errors import CorruptFileError

MAGIC = 0x324C4F4F50535156  # "VQSPOOL2"
HEAD = 24  # bytes


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays of numbers to a new file."""
    entries, offset = {}, 0
    for name, array in arrays.items():
        entries[name] = [array.dtype.str, array.shape, offset]
        offset += array.nbytes
    header = json.dumps(entries).encode()
    with path.open("xb") as file:
        np.array([MAGIC, len(header), zlib.crc32(header)], np.int64).tofile(file)
        file.write(header)
        for array in arrays.values():
            array.tofile(file)


class ArrayFile:
    """Reads the arrays of a file.

    Raises:
        CorruptFileError: The file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            magic, length, checksum = [*np.fromfile(file, np.int64, 3).tolist(), 0, 0, 0][:3]
            if magic != MAGIC or not 0 <= length <= path.stat().st_size:
                raise self.corrupt()
            header = file.read(length)
        if zlib.crc32(header) != checksum:
            raise self.corrupt()
        self._entries, self._start = json.loads(header), HEAD + length

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def names(self) -> list[str]:
        """Return the names of the arrays."""
        return list(self._entries)

    def read(self, name: str, first: int = 0, last: int | None = None) -> NDArray[Any]:
        """Read the rows from `first` to before `last`. Default: all rows."""
        if name not in self:
            raise self.corrupt()
        dtype, shape, offset = self._entries[name]
        last = shape[0] if last is None else last
        if not 0 <= first <= last <= shape[0]:
            raise self.corrupt()
        width = math.prod(shape[1:])
        count, start = (last - first) * width, first * width * np.dtype(dtype).itemsize
        found = np.fromfile(self._path, dtype, count, offset=self._start + offset + start)
        if len(found) != count:
            raise self.corrupt()
        return found.reshape(last - first, *shape[1:])

    def corrupt(self) -> CorruptFileError:
        """Return the error to raise for a damaged file."""
        return CorruptFileError(f"{self._path}: is damaged: run the build again", "path")

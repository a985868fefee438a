"""Encoded vectors: rows of codes and their constants."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vecq._native import ffi, lib
from vecq.core.arguments import thread_count
from vecq.core.arrays import aligned, pointer
from vecq.core.errors import call

CONSTANTS = np.dtype([("scale", "f4"), ("centered_norm", "f4"), ("norm", "f4")])


class Encoder(Protocol):
    """The codec that made codes."""

    @property
    def kind(self) -> str: ...

    @property
    def settings(self) -> dict[str, Any]: ...


class Codes:
    """Encoded vectors, made by `Codec.encode`: padded rows of codes, and three constants per row.

    A slice shares the memory of the original.

    >>> codes = vecq.Codec("int8").encode(numpy.eye(4))
    >>> len(codes), len(codes[1:3])
    (4, 2)
    """

    codec: Encoder
    handle: Any  # the codec's native state at that time
    dim: int
    rows: NDArray[np.uint8]  # padded rows of codes, aligned to cache lines
    constants: NDArray[np.void]
    clipped_by_dimension: NDArray[np.uint64]  # 0 for a slice, where it is not known

    def __init__(
        self,
        codec: Encoder,
        handle: Any,
        dim: int,
        rows: NDArray[np.uint8],
        constants: NDArray[np.void],
    ) -> None:
        self.codec, self.handle, self.dim = codec, handle, dim
        self.rows, self.constants = rows, constants
        self.clipped_by_dimension = np.zeros(dim, np.uint64)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: slice) -> "Codes":
        if not isinstance(part, slice) or part.step not in (None, 1):
            raise TypeError("codes are sliced by rows without a step, as in codes[2:5]")
        return Codes(self.codec, self.handle, self.dim, self.rows[part], self.constants[part])

    def __repr__(self) -> str:
        return f"<{len(self)} x {self.dim} codes of {self.codec}, {self.nbytes:,} bytes>"

    @property
    def nbytes(self) -> int:
        """Size of the codes and their constants."""
        return self.rows.nbytes + self.constants.nbytes

    @property
    def clipped(self) -> int:
        """Number of values beyond the range of a shared scale, which got its largest code."""
        return int(self.clipped_by_dimension.sum())

    def decode(self, *, threads: int = 0) -> NDArray[np.float32]:
        """Decode the codes.

        Args:
            threads: Threads; 0 for all cores. Default: 0.

        Returns:
            The vectors, a row per code.
        """
        threads = thread_count(threads)
        decoded = np.empty((len(self), self.dim), np.float32)
        call(
            lib.vecq_codec_decode,
            *(self.handle, pointer(self.rows), constants_pointer(self), len(self), threads),
            pointer(decoded, "float[]"),
        )
        return decoded


def empty_codes(codec: Encoder, handle: Any, count: int, dim: int) -> Codes:
    """Allocate `count` rows of `dim` dimensions."""
    row_bytes = ffi.new("size_t *")
    call(lib.vecq_codec_row_bytes, handle, row_bytes)
    return Codes(codec, handle, dim, aligned(count, row_bytes[0]), np.empty(count, CONSTANTS))


def constants_pointer(codes: Codes) -> Any:
    """Return a native pointer to the constants of codes."""
    return pointer(codes.constants, "vecq_row_constants[]")

"""Decodes the scalar quantizers of faiss."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.errors import UnsupportedError

Codes = NDArray[np.uint8]
Floats = NDArray[Any]
# Rows that are decoded at a time.
ROWS_AT_ONCE = 1 << 14


def decode(kind: int, codes: Codes, trained: Floats, count: int, dim: int) -> Floats:
    """Return decoded vectors; `kind` is a QuantizerType. Raises ValueError if sizes do not fit."""
    if kind not in KINDS:
        raise UnsupportedError(
            f"the index has a scalar quantizer of type {kind}, expected one of 8, 6 or 4 bits, "
            "fp16, bf16 or 8 bits direct"
        )
    bits, learnt, values_of = KINDS[kind]
    size = -(-dim * bits // 8)
    if len(codes) != count * size:
        raise ValueError(f"{len(codes):,} bytes of codes are not {count:,} vectors of {size}")
    if len(trained) != (0 if learnt is None else 2 * learnt(dim)):
        raise ValueError(f"the quantizer has {len(trained):,} ranges, which does not fit its type")
    least, span = np.split(trained, 2) if len(trained) > 0 else (np.float32(0), np.float32(1))
    vectors = np.empty((count, dim), np.float32)
    rows = codes.reshape(count, size)
    for first in range(0, count, ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        with np.errstate(all="ignore"):  # non-finite values are refused when they are encoded
            vectors[part] = least + span * values_of(rows[part])[:, :dim]
    return vectors


def _bytes(rows: Codes) -> Floats:
    values: Floats = (rows + np.float32(0.5)) / np.float32(255)
    return values


def _halves(rows: Codes) -> Floats:
    parts = np.stack([rows & 15, rows >> 4], axis=2).reshape(len(rows), -1)
    values: Floats = (parts + np.float32(0.5)) / np.float32(15)
    return values


def _six_bits(rows: Codes) -> Floats:
    """Decode four values per three bytes, lowest bits first."""
    whole = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 3))).astype(np.uint32)
    words = whole[:, ::3] | whole[:, 1::3] << 8 | whole[:, 2::3] << 16
    parts = words[:, :, None] >> np.arange(0, 24, 6, dtype=np.uint32) & 63
    values: Floats = (parts.reshape(len(rows), -1) + np.float32(0.5)) / np.float32(63)
    return values


def _fp16(rows: Codes) -> Floats:
    values: Floats = np.ascontiguousarray(rows).view("<f2").astype(np.float32)
    return values


def _bf16(rows: Codes) -> Floats:
    upper = np.ascontiguousarray(rows).view("<u2").astype(np.uint32)
    values: Floats = (upper << np.uint32(16)).view(np.float32)
    return values


def _direct(rows: Codes) -> Floats:
    return rows.astype(np.float32)


def _direct_signed(rows: Codes) -> Floats:
    values: Floats = rows.astype(np.float32) - np.float32(128)
    return values


def _each(dim: int) -> int:
    return dim


def _one(_: int) -> int:
    return 1


# Bits of a code, how many ranges were learnt, and what codes are worth within them.
KINDS: dict[int, tuple[int, Callable[[int], int] | None, Callable[[Codes], Floats]]] = {
    0: (8, _each, _bytes),
    1: (4, _each, _halves),
    2: (8, _one, _bytes),
    3: (4, _one, _halves),
    4: (16, None, _fp16),
    5: (8, None, _direct),
    6: (6, _each, _six_bits),
    7: (16, None, _bf16),
    8: (8, None, _direct_signed),
}

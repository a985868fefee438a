"""Sparse index files of any number of rows: a few rows are real, the others are a hole.

Real rows lie at the beginning, and at the end if the caller wants some there. Searches stay in the
graph of the real rows, which suffices to time how large files open. At least 1,024 real rows are
needed: with fewer, the planner has no cost model of a walk and scans.
"""

import os
import struct
from pathlib import Path

import numpy as np

HEADER, ENTRY, PAGE = 128, 64, 4096
# Kinds of sections with one element per row; links have one on layer 0.
PER_ROW, LINKS, SETTINGS = (5, 6, 7, 8, 9, 15, 20, 30, 31), 10, 1
LAYER_ROWS, LAYER_BELOW, ENTRIES = 11, 12, 13
ROWS_OF_SETTINGS = 48  # offset of the number of rows


def crc32c(content: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc


def checksum(content: bytes) -> int:
    """Compute the checksum of native/base/checksum.hpp."""
    whole = len(content) // 32 * 32
    lanes = (
        crc32c(b"".join(content[at : at + 8] for at in range(8 * lane, whole, 32)))
        for lane in range(4)
    )
    return crc32c(struct.pack("<4I", *lanes) + content[whole:]) ^ 0xFFFFFFFF


def _moved(part: bytes, first: int, by: int) -> bytes:
    """Add `by` to the numbers of rows from `first` on; 2^32 - 1 is none."""
    numbers = np.frombuffer(part, "<u4")
    is_moved = (numbers >= first) & (numbers < 2**32 - 1)
    return np.where(is_moved, numbers + np.uint32(by), numbers).astype("<u4").tobytes()


def stretch(
    path: str | os.PathLike[str], to: str | os.PathLike[str], rows: int, at_end: int = 0
) -> None:
    """Write a copy of a file that has `rows` rows, the last `at_end` real ones at its end."""
    content = Path(path).read_bytes()
    (sections,) = struct.unpack_from("<I", content, 56)
    table, end = bytearray(content[: HEADER + sections * ENTRY]), HEADER + sections * ENTRY
    kinds = [struct.unpack_from("<II", table, at) for at in range(HEADER, len(table), ENTRY)]
    # Sections that number rows: links of layer 0, and what leads from other layers to rows.
    numbering = {(LINKS, 0), (LAYER_BELOW, 1)} | {own for own in kinds if own[0] == LAYER_ROWS}
    if (LINKS, 1) not in kinds:
        numbering.add((ENTRIES, 0))
    settings = next(at for at, own in enumerate(kinds) if own == (SETTINGS, 0))
    (offset,) = struct.unpack_from("<Q", table, HEADER + settings * ENTRY + 32)
    (real,) = struct.unpack_from("<Q", content, offset + ROWS_OF_SETTINGS)
    with open(to, "wb") as file:
        for at, (kind, number) in zip(range(HEADER, len(table), ENTRY), kinds, strict=True):
            size, count, offset = struct.unpack_from("<QQQ", table, at + 16)
            part = content[offset : offset + size * count]
            if kind == SETTINGS:
                before, behind = ROWS_OF_SETTINGS, ROWS_OF_SETTINGS + 8
                part = part[:before] + struct.pack("<Q", rows) + part[behind:]
            if (kind, number) in numbering:
                part = _moved(part, real - at_end, rows - real)
            start = -(-end // PAGE) * PAGE
            file.seek(start)
            if (kind in PER_ROW and count > 0) or (kind, number) == (LINKS, 0):
                kept = size * (real - at_end)
                file.write(part[:kept])
                file.seek(start + size * (rows - at_end))
                file.write(part[kept:])
                count = rows
            else:
                file.write(part)
            struct.pack_into("<QQ", table, at + 24, count, start)
            end = start + size * count
        file.truncate(end)
        struct.pack_into("<QIIQ", table, 48, end, sections, 0, 0)
        struct.pack_into("<Q", table, 64, checksum(bytes(table)))
        file.seek(0)
        file.write(table)

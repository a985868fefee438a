"""Sparse index files of any number of rows: the first rows are real, the others are a hole.

Searches stay in the graph of the real rows, which suffices to time how large files open. At least
1,024 real rows are needed: with fewer, the planner has no cost model of a walk and scans.
"""

import os
import struct
from pathlib import Path

HEADER, ENTRY, PAGE = 128, 64, 4096
# Kinds of sections with one element per row; links have one on layer 0.
PER_ROW, LINKS, SETTINGS = (5, 6, 7, 8, 9, 15), 10, 1
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


def stretch(path: str | os.PathLike[str], to: str | os.PathLike[str], rows: int) -> None:
    """Write a copy of a file that has `rows` rows."""
    content = Path(path).read_bytes()
    (sections,) = struct.unpack_from("<I", content, 56)
    table, end = bytearray(content[: HEADER + sections * ENTRY]), HEADER + sections * ENTRY
    with open(to, "wb") as file:
        for at in range(HEADER, len(table), ENTRY):
            kind, number = struct.unpack_from("<II", table, at)
            size, count, offset = struct.unpack_from("<QQQ", table, at + 16)
            part = bytearray(content[offset : offset + size * count])
            if kind == SETTINGS:
                struct.pack_into("<Q", part, ROWS_OF_SETTINGS, rows)
            if (kind in PER_ROW and count > 0) or (kind == LINKS and number == 0):
                count = rows
            start = -(-end // PAGE) * PAGE
            file.seek(start)
            file.write(part)
            struct.pack_into("<QQ", table, at + 24, count, start)
            end = start + size * count
        file.truncate(end)
        struct.pack_into("<QIIQ", table, 48, end, sections, 0, 0)
        struct.pack_into("<Q", table, 64, checksum(bytes(table)))
        file.seek(0)
        file.write(table)

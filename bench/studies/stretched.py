"""Files of as many rows as one likes, made in no time: the first rows are real, the others a hole.

Searches walk the graph of the real rows. That is enough to time how such a file opens, and to read
more than memory holds. There have to be 1,024 of them: of fewer it is not known what a walk costs,
and all rows are scanned.
"""

import os
import struct
from pathlib import Path

HEADER, ENTRY, PAGE = 128, 64, 4096
# Kinds of sections that have an element for each row; links do on layer 0.
PER_ROW, LINKS, SETTINGS = (5, 6, 7, 8, 9, 15), 10, 1
ROWS_OF_SETTINGS = 48  # where a file's settings tell how many rows there are


def crc32c(content: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc


def checksum(content: bytes) -> int:
    """What native/base/checksum.hpp describes."""
    whole = len(content) // 32 * 32
    lanes = (
        crc32c(b"".join(content[at : at + 8] for at in range(8 * lane, whole, 32)))
        for lane in range(4)
    )
    return crc32c(struct.pack("<4I", *lanes) + content[whole:]) ^ 0xFFFFFFFF


def stretch(path: str | os.PathLike[str], to: str | os.PathLike[str], rows: int) -> None:
    """Writes the file at `path` to another one, with `rows` rows."""
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

"""Writes seeds for the fuzzer open.cpp: small index files without padding between sections.

python seed.py FOLDER
"""

import struct
import sys
import tempfile
from pathlib import Path

import numpy as np

import vecq

HEADER, ENTRY = 128, 64
ATTRIBUTES = {
    "price": "float32",
    "seller": "category",
    "tags": "tags",
    "stock": "bool",
    "at": "datetime",
}


def compact(file: bytes) -> bytes:
    (count,) = struct.unpack_from("<I", file, 56)
    out = file[: HEADER + count * ENTRY]
    for i in range(count):
        size, number, offset = struct.unpack_from("<QQQ", file, HEADER + i * ENTRY + 16)
        out += file[offset : offset + size * number]
    return out


def main() -> None:
    rows = np.random.default_rng(0).standard_normal((24, 4)).astype(np.float32)
    rows[5] = 0
    indexes = {
        "ip": vecq.Index(4, "ip", m=2, ef_construction=4, rerank_codec="fp16"),
        "l2": vecq.Index(4, "l2", m=2, ef_construction=4),
        "cosine": vecq.Index(4, "cosine", vecq.Codec("int16", scale="global"), m=2),
        "floats": vecq.Index(4, "l2", "fp32", m=2, ef_construction=4),
        "empty": vecq.Index(4, "l2", m=2),
        "living": vecq.Index(4, "l2", m=2, ef_construction=4, rerank_codec="fp16"),
        "living-ip": vecq.Index(4, "ip", m=2, ef_construction=4),
        "attributes": vecq.Index(4, "l2", m=2, ef_construction=4, attributes=ATTRIBUTES),
        "names": vecq.Index(4, "l2", m=2, ef_construction=4, id_type="str"),
        "int4": vecq.Index(4, "ip", "int4", m=2, ef_construction=4, rerank_codec="int8"),
        "int12": vecq.Index(4, "cosine", "int12", m=2, ef_construction=4),
        "cells": vecq.Index(4, "l2", m=2, ef_construction=4),
    }
    values = {
        "price": np.arange(24.0),
        "seller": [None, "a", "bc"] * 8,
        "tags": [["x"], ["x", "y"], [], None] * 6,
        "stock": [True, False, None, True] * 6,
        "at": np.arange(24).astype("datetime64[D]"),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, index in indexes.items():
            if name == "names":
                index.add(rows, [f"item {i}" for i in range(len(rows))], threads=1)
                index.set_bias(index.ids[::3], 0.5)
            elif name != "empty":
                index.add(rows, attributes=values if index.attributes else None, threads=1)
            if name in ("int4", "cells"):
                if name == "cells":
                    index.partition(3)
                index.measure_recall(rows[6:12], k=2)
            if name.startswith("living"):
                index.measure_recall(rows[6:12], k=2)
                index.remove(range(6, 12)).upsert(rows[:2], [20, 2])
            path = Path(folder) / name
            index.save(path)
            (Path(sys.argv[1]) / name).write_bytes(compact(path.read_bytes()))


if __name__ == "__main__":
    main()

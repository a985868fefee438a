"""vecq convert: indexes of hnswlib and faiss become indexes of vecq, and back."""

import argparse
import time
from pathlib import Path
from typing import Any

from vecq.cli.output import add_json, say
from vecq.cli.vectors import check_target, read_ids
from vecq.errors import ArgumentError

HELP = "bring an index of hnswlib or faiss over with its graph, or back"
DESCRIPTION = """\
Makes an index of a file of hnswlib or faiss, with the graph that is in it, or writes an index to
such a file. What a file is shows in its first bytes, or in the suffix of the one to be made: .vecq,
.faiss, and .bin or .hnswlib. A file of hnswlib does not tell its metric and dimension.

Examples:
  vecq convert items.bin items.vecq --space cosine --dim 768
  vecq convert items.faiss items.vecq --codec int8 --rerank fp16
  vecq convert items.vecq items.faiss
"""
SUFFIXES = {".vecq": "vecq", ".faiss": "faiss", ".bin": "hnswlib", ".hnswlib": "hnswlib"}
STARTS = {b"\x89VEC": "vecq"} | dict.fromkeys((b"IHNf", b"IHNs", b"IxMp", b"IxM2"), "faiss")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="a file of vecq, hnswlib or faiss")
    parser.add_argument("target", metavar="TARGET", help="the file to make")
    parser.add_argument("--space", metavar="SPACE", help="of hnswlib: l2, ip or cosine")
    parser.add_argument("--dim", type=int, help="of hnswlib: how many numbers a vector has")
    parser.add_argument("--ids", metavar="FILE", help="for faiss: .npy, or text with an id a line")
    parser.add_argument("--codec", default="int8", help="int8, int16, fp16 or fp32 (%(default)s)")
    parser.add_argument("--rerank", help="keep wider codes too: int16, fp16 or fp32")
    parser.add_argument("--threads", type=int, default=0, help="0 for all cores")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    target = check_target(arguments.target, "target")
    if target.suffix not in SUFFIXES:
        raise ArgumentError(
            f"target is {arguments.target!r}, expected a file of {', '.join(SUFFIXES)}", "target"
        )
    start = time.perf_counter()
    index = _read(arguments)
    _write(index, target)
    seconds, size = time.perf_counter() - start, target.stat().st_size
    values = {
        "target": target,
        "kind": SUFFIXES[target.suffix],
        "rows": len(index),
        "dim": index.dim,
        "metric": index.metric,
        "file_bytes": size,
        "seconds": seconds,
    }
    say(arguments, f"{index!r}\n{target}: {size:,} bytes in {seconds:.1f} s", values)
    return 0


def _read(arguments: argparse.Namespace) -> Any:
    import vecq

    with open(arguments.source, "rb") as file:
        kind = STARTS.get(file.read(4), "hnswlib")
    options = {name: getattr(arguments, name) for name in ("codec", "rerank", "threads")}
    if kind == "vecq":
        return vecq.open(arguments.source)
    if kind == "faiss":
        ids = None if arguments.ids is None else read_ids(arguments.ids, "ids")
        return vecq.from_faiss(arguments.source, ids, **options)
    if arguments.space is None or arguments.dim is None:
        raise ArgumentError(
            f"{arguments.source} is no index of vecq or faiss; of hnswlib's it takes --space and "
            "--dim to read one",
            "space",
        )
    return vecq.from_hnswlib(arguments.source, arguments.space, arguments.dim, **options)


def _write(index: Any, target: Path) -> None:
    from vecq.interop import faiss

    kind = SUFFIXES[target.suffix]
    if kind == "vecq":
        index.save(target)
    elif kind == "faiss":
        faiss.write(index, target)
    else:
        index.to_hnswlib(target)

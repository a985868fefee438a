"""vecq convert: indexes of hnswlib and faiss become indexes of vecq, and back."""

import argparse
import time
from pathlib import Path
from typing import Any

from vecq.cli.output import add_json, say
from vecq.cli.vectors import check_target, read_ids
from vecq.core.errors import ArgumentError

HELP = "bring an index of hnswlib or faiss over with its graph, or back"
DESCRIPTION = """\
Makes an index of a file of hnswlib or faiss, with the graph that is in it, or writes an index to
such a file. What a file is shows in its first bytes, or in the suffix of the one to be made: .vecq,
.faiss, and .bin or .hnswlib. A file of hnswlib does not tell its metric and dimension.

Examples:
  vecq convert items.bin items.vecq --metric cosine --dim 768
  vecq convert items.faiss items.vecq --codec int8 --rerank-codec fp16
  vecq convert items.vecq items.faiss
"""
SUFFIXES = {".vecq": "vecq", ".faiss": "faiss", ".bin": "hnswlib", ".hnswlib": "hnswlib"}
# What goes with which source; anything else would be ignored.
OPTIONS = {
    "vecq": (),
    "faiss": ("ids", "codec", "rerank_codec"),
    "hnswlib": ("metric", "dim", "codec", "rerank_codec"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="a file of vecq, hnswlib or faiss")
    parser.add_argument("target", metavar="TARGET", help="the file to make")
    parser.add_argument("--metric", metavar="SPACE", help="of hnswlib: l2, ip or cosine")
    parser.add_argument("--dim", type=int, help="of hnswlib: how many numbers a vector has")
    parser.add_argument("--ids", metavar="FILE", help="for faiss: .npy, or text with an id a line")
    parser.add_argument("--codec", help="int8, int16, fp16 or fp32 (int8)")
    parser.add_argument("--rerank-codec", help="keep wider codes too: int16, fp16 or fp32")
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


def _kind(source: str) -> str:
    """Whose file it is, by its first bytes: a file of hnswlib begins with the number 0."""
    from vecq.integrations.exchange.faiss_kinds import is_kind

    with open(source, "rb") as file:
        start = file.read(8)
    if start[:4] == b"\x89VEC":
        return "vecq"
    if is_kind(start[:4]):
        return "faiss"
    if start == bytes(8):
        return "hnswlib"
    raise ArgumentError(f"source is {source!r}, no index of vecq, hnswlib or faiss", "source")


def _read(arguments: argparse.Namespace) -> Any:
    import vecq

    source, kind = arguments.source, _kind(arguments.source)
    given = {
        name: getattr(arguments, name) for name in ("metric", "dim", "ids", "codec", "rerank_codec")
    }
    for name, value in given.items():
        if value is not None and name not in OPTIONS[kind]:
            raise ArgumentError(f"{name} is {value!r}, but means nothing for {kind}'s files", name)
    if kind == "vecq":
        return vecq.open(source)
    options = {
        "codec": arguments.codec or "int8",
        "rerank_codec": arguments.rerank_codec,
        "threads": arguments.threads,
    }
    if kind == "faiss":
        ids = None if arguments.ids is None else read_ids(arguments.ids, "ids")
        return vecq.from_faiss(source, ids=ids, **options)
    if arguments.metric is None or arguments.dim is None:
        raise ArgumentError(
            f"{source} may be an index of hnswlib, but it takes --metric and --dim to read one",
            "metric",
        )
    return vecq.from_hnswlib(source, metric=arguments.metric, dim=arguments.dim, **options)


def _write(index: Any, target: Path) -> None:
    kind = SUFFIXES[target.suffix]
    if kind == "vecq":
        index.save(target)
    elif kind == "faiss":
        index.to_faiss(target)
    else:
        index.to_hnswlib(target)

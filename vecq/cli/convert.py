"""vecq convert: imports indexes of hnswlib and faiss, and exports to them."""

import argparse
import time
from pathlib import Path
from typing import Any

from vecq.cli.inputs import add_threads, input_file, read_ids
from vecq.cli.output import add_json, print_result
from vecq.cli.settings import INDEX
from vecq.core.errors import ArgumentError
from vecq.storage.paths import output_file

HELP = "Import or export an HNSW index of hnswlib or faiss"
DESCRIPTION = """\
Convert an index file of hnswlib or faiss to vecq, or back. The graph is kept; only vectors are
quantized or decoded. The format of SOURCE is detected, that of TARGET follows from its suffix:
.vecq, .faiss, .bin or .hnswlib. Files of hnswlib do not store metric and dimension, so --metric and
--dim are required for them. Of faiss: IndexHNSWFlat and IndexHNSWSQ, also within an IndexIDMap.

Examples:
  vecq convert items.bin items.vecq --metric cosine --dim 768
  vecq convert items.faiss items.vecq --codec int8 --rerank-codec fp16
  vecq convert items.vecq items.faiss
"""
FORMATS = {".vecq": "vecq", ".faiss": "faiss", ".bin": "hnswlib", ".hnswlib": "hnswlib"}
# Options that each format of SOURCE has a use for; others are refused.
OPTIONS = {
    "vecq": (),
    "faiss": ("ids", "codec", "rerank_codec"),
    "hnswlib": ("metric", "dim", "codec", "rerank_codec"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("source", metavar="SOURCE", help="Index file of vecq, hnswlib or faiss")
    add("target", metavar="TARGET", help="Index file to write")
    add("--metric", help="For hnswlib: l2, ip or cosine (required)")
    add("--dim", type=int, metavar="N", help="For hnswlib: dimension of the vectors (required)")
    add(
        "--ids",
        metavar="FILE",
        help="For faiss: ids in the order of the vectors, .npy or text with one per line "
        "(default: those of SOURCE)",
    )
    for name in ("codec", "rerank_codec"):
        add(f"--{name.replace('_', '-')}", metavar="NAME", help=INDEX[name][1])
    add_threads(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    target = output_file(arguments.target, "target")
    if target.suffix not in FORMATS:
        raise ArgumentError(
            f"target is {arguments.target!r}, expected a file of {', '.join(FORMATS)}", "target"
        )
    start = time.perf_counter()
    index = _read(arguments)
    _write(index, target)
    seconds, size = time.perf_counter() - start, target.stat().st_size
    values = {
        "target": target,
        "kind": FORMATS[target.suffix],
        "rows": len(index),
        "dim": index.dim,
        "metric": index.metric,
        "file_bytes": size,
        "seconds": seconds,
    }
    print_result(arguments, f"{index!r}\n{target}: {size:,} bytes in {seconds:.1f} s", values)
    return 0


def _format_of(source: Path) -> str:
    """Return the library that wrote a file, by its first bytes; those of hnswlib are zero."""
    from vecq.integrations.exchange.faiss_kinds import is_kind

    with source.open("rb") as file:
        start = file.read(8)
    if start[:4] == b"\x89VEC":
        return "vecq"
    if is_kind(start[:4]):
        return "faiss"
    if start == bytes(8):
        return "hnswlib"
    raise ArgumentError(
        f"source is {str(source)!r}, which is no index of vecq, hnswlib or faiss", "source"
    )


def _read(arguments: argparse.Namespace) -> Any:
    import vecq

    source = input_file(arguments.source, "source", "an index of vecq, hnswlib or faiss")
    library = _format_of(source)
    given = {
        name: getattr(arguments, name) for name in ("metric", "dim", "ids", "codec", "rerank_codec")
    }
    for name, value in given.items():
        if value is not None and name not in OPTIONS[library]:
            raise ArgumentError(
                f"{name} is {value!r}, but has no meaning for files of {library}", name
            )
    if library == "vecq":
        return vecq.open(source)
    options = {
        "codec": arguments.codec or "int8",
        "rerank_codec": arguments.rerank_codec,
        "threads": arguments.threads,
    }
    if library == "faiss":
        ids = None if arguments.ids is None else read_ids(arguments.ids, "ids")
        return vecq.from_faiss(source, ids=ids, **options)
    if arguments.metric is None or arguments.dim is None:
        raise ArgumentError(
            f"{source} looks like an index of hnswlib, which needs --metric and --dim", "metric"
        )
    return vecq.from_hnswlib(source, metric=arguments.metric, dim=arguments.dim, **options)


def _write(index: Any, target: Path) -> None:
    library = FORMATS[target.suffix]
    if library == "vecq":
        index.save(target)
    elif library == "faiss":
        index.to_faiss(target)
    else:
        index.to_hnswlib(target)

"""vecq build: builds an index file from a file of vectors."""

import argparse
import time
from typing import Any

from vecq.cli.inputs import (
    FORMATS,
    add_threads,
    errors_name_files,
    output_file,
    read_id_column,
    read_ids,
    read_vectors,
)
from vecq.cli.output import add_json, print_result
from vecq.cli.settings import INDEX, read_index_settings
from vecq.core.errors import ArgumentError

HELP = "Build an index file from vectors"
DESCRIPTION = f"""\
Build an HNSW index over quantized vectors and save it to a file. The file is written atomically.

VECTORS and FILEs of vectors may be
{FORMATS}.
Files with several arrays are read as data sets: items from "train", queries and users from "test".

Examples:
  vecq build items.npy items.vecq --metric ip --users users.npy
  vecq build items.fbin items.vecq --metric l2 --codec int16 --ids ids.npy
  vecq build items.npy items.vecq --rerank-codec fp16 --m 32 --ef-construction 400
  vecq build items.parquet items.vecq --id-column item      ids may be strings
  vecq build items.npy items.vecq --settings best.json      settings that vecq tune found
  vecq build items.npy items.vecq --recall-queries users.npy
                                                for vecq search --target-recall
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("vectors", metavar="VECTORS", help="Vectors to index (items)")
    add("index", metavar="INDEX", help="Index file to write, such as items.vecq")
    add(
        "--ids",
        metavar="FILE",
        help="Ids of the vectors, .npy or text with one per line (default: 0, 1, 2, ...)",
    )
    add(
        "--id-column",
        metavar="NAME",
        help="Column of ids in VECTORS, a .parquet or .arrow file: integers or strings",
    )
    add(
        "--id-type",
        choices=("int64", "str"),
        help="Type of the ids in --ids; str: the lines of a text file (default: int64)",
    )
    add(
        "--users",
        metavar="FILE",
        help="With metric ip: sample of query vectors that the graph is repaired for",
    )
    graph = parser.add_argument_group("index settings")
    for name, (kind, text) in INDEX.items():
        metavar = "N" if kind is int else "NAME"
        graph.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar=metavar, help=text)
    graph.add_argument(
        "--settings",
        metavar="FILE.json",
        help="Read settings from a JSON file, as vecq tune writes it; options take precedence",
    )
    add(
        "--recall-queries",
        metavar="FILE",
        help="Measure the recall that each beam width reaches on these queries, and store it in "
        "INDEX",
    )
    add_threads(parser)
    add_json(parser)


def _ids(arguments: argparse.Namespace) -> Any:
    if arguments.id_column is None:
        return arguments.ids and read_ids(arguments.ids, "ids", arguments.id_type == "str")
    if arguments.ids is not None:
        raise ArgumentError("ids and id_column are both given, expected one", "id_column")
    return read_id_column(arguments.vectors, arguments.id_column)


def run(arguments: argparse.Namespace) -> int:
    from vecq.index import Index

    target = output_file(arguments.index, "index")
    settings = read_index_settings(arguments.settings) if arguments.settings else {}
    given = {name: getattr(arguments, name) for name in INDEX}
    settings |= {name: value for name, value in given.items() if value is not None}
    vectors = read_vectors(arguments.vectors, "vectors", "train")
    ids = _ids(arguments)
    users = arguments.users and read_vectors(arguments.users, "users", "test")
    recall_queries = arguments.recall_queries and read_vectors(
        arguments.recall_queries, "recall_queries", "test"
    )
    index = Index(vectors.shape[-1], **settings)
    start = time.perf_counter()
    with errors_name_files(vectors=arguments.vectors, ids=arguments.ids, users=arguments.users):
        index.add(vectors, ids, users=users, threads=arguments.threads)
    seconds = time.perf_counter() - start
    if recall_queries is not None:
        with errors_name_files(queries=arguments.recall_queries):
            index.measure_recall(recall_queries, threads=arguments.threads)
    index.save(target)
    stats, size = index.stats(), target.stat().st_size
    values = {
        "index": target,
        "rows": len(index),
        "dim": index.dim,
        "metric": index.metric,
        "settings": settings,
        "seconds": seconds,
        "file_bytes": size,
        "unreachable": stats.unreachable,
        "bytes_per_vector": stats.bytes / max(stats.rows, 1),
        "mean_degree": stats.mean_degree,
    }
    text = f"{index!r}\n{stats}\n{target}: {size:,} bytes, built in {seconds:.1f} s"
    print_result(arguments, text, values)
    return 0

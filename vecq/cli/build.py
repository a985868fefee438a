"""vecq build: builds an index file from files of vectors."""

import argparse
import time
from pathlib import Path
from typing import Any

from vecq.cli.inputs import (
    FORMATS,
    add_threads,
    attribute_kinds,
    errors_name_files,
    input_file,
    open_vectors,
    read_ids,
    read_vectors,
)
from vecq.cli.output import add_json, print_result
from vecq.cli.settings import INDEX, read_index_settings
from vecq.core.errors import ArgumentError
from vecq.storage.paths import output_file

HELP = "Build an index file from vectors"
DESCRIPTION = f"""\
Build an HNSW index over quantized vectors and save it to a file. The file is written atomically.

VECTORS may be larger than memory: they are read a block at a time, encoded and dropped. The memory
is that of the index. Several files of one kind, or a folder of Parquet files, make one index.

VECTORS and FILEs of vectors may be
{FORMATS}.
Files with several arrays are read as data sets: items from "train", queries and users from "test".
A .npz file is read as a whole.

Examples:
  vecq build items.npy items.vecq --metric ip --users users.npy
  vecq build items.fbin items.vecq --metric l2 --codec int16 --ids ids.npy
  vecq build items.npy items.vecq --rerank-codec fp16 --m 32 --ef-construction 400
  vecq build items.parquet items.vecq --id-column item      ids may be strings
  vecq build part-*.parquet items.vecq --id-column item --vector-column embedding
  vecq build items.parquet items.vecq --attribute price:float32 --attribute genre:category
  vecq build items.fbin items.vecq --build bulk             less time, see --build
  vecq build items.npy items.vecq --partition               for large batches of a large k
  vecq build items.npy items.vecq --settings best.json      settings that vecq tune found
  vecq build items.npy items.vecq --recall-queries users.npy
                                                for vecq search --target-recall
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("vectors", nargs="+", metavar="VECTORS", help="Files of vectors to index (items)")
    add("index", metavar="INDEX", help="Index file to write, such as items.vecq")
    add(
        "--ids",
        metavar="FILE",
        help="Ids of the vectors, .npy or text with one per line (default: 0, 1, 2, ...)",
    )
    add(
        "--id-column",
        metavar="NAME",
        help="Column of ids in VECTORS, .parquet or .arrow files: integers or strings",
    )
    add(
        "--vector-column",
        metavar="NAME",
        help="Column of vectors in VECTORS (default: the only one of lists of numbers)",
    )
    add(
        "--bias-column",
        metavar="NAME",
        help="Column of biases in VECTORS, which searches add to similarities (default: none)",
    )
    add(
        "--attribute",
        action="append",
        default=[],
        metavar="NAME:KIND",
        help="Column of VECTORS, .parquet or .arrow files, to keep as an attribute for filters; "
        "KIND: float32, int64, datetime, bool, category or tags. May be repeated",
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
        "--build",
        choices=("auto", "bulk", "incremental"),
        default="auto",
        help="How the graph is made: incremental, by a walk per vector; bulk, by comparing all "
        "pairs in overlapping groups, which takes less time and more memory (default: auto, bulk "
        "for 50,000 vectors and more)",
    )
    add(
        "--partition",
        nargs="?",
        type=_cells,
        const=0,
        metavar="CELLS",
        help="Group the items into cells, whose nearest ones vecq search --probes and vecq "
        "recommend --probes score; give it after VECTORS and INDEX (default of CELLS: twice the "
        "square root of the items)",
    )
    add(
        "--recall-queries",
        metavar="FILE",
        help="Measure the recall that each beam width reaches on these queries, and store it in "
        "INDEX",
    )
    add_threads(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from vecq.streams.build import build

    target = output_file(arguments.index, "index")
    settings = read_index_settings(arguments.settings) if arguments.settings else {}
    given = {name: getattr(arguments, name) for name in INDEX}
    settings |= {name: value for name, value in given.items() if value is not None}
    source = _source(arguments.vectors)
    if arguments.attribute:
        _require_columns(arguments.vectors)
    ids = arguments.ids and read_ids(arguments.ids, "ids", arguments.id_type == "str")
    users = arguments.users and read_vectors(arguments.users, "users", "test")
    recall_queries = arguments.recall_queries and read_vectors(
        arguments.recall_queries, "recall_queries", "test"
    )
    start = time.perf_counter()
    with errors_name_files(ids=arguments.ids, users=arguments.users):
        index = build(
            source,
            ids=ids,
            id_column=arguments.id_column,
            vector_column=arguments.vector_column,
            bias_column=arguments.bias_column,
            attributes=attribute_kinds(arguments.attribute),
            users=users,
            build=arguments.build,
            threads=arguments.threads,
            **settings,
        )
    if arguments.partition is not None:
        index.partition(arguments.partition or None)
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


def _cells(text: str) -> int:
    """Return the number of cells; argparse gives --partition the word that follows it."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of cells: give --partition after VECTORS and INDEX"
        ) from None


def _source(paths: list[str]) -> Any:
    """Return paths that are read as streams, or the array of a file that holds several."""
    if len(paths) == 1 and Path(paths[0]).suffix in (".npz", ".hdf5", ".h5"):
        return open_vectors(paths[0], "vectors", "train")
    for path in paths:
        if not Path(path).is_dir():
            input_file(path, "vectors", FORMATS)
    return paths


def _require_columns(paths: list[str]) -> None:
    """Refuse --attribute for files that have no columns."""
    from vecq.streams.opening import TABLES

    for path in map(Path, paths):
        if not path.is_dir() and path.suffix not in TABLES:
            raise ArgumentError(
                f"attribute is given, but {path} has no columns: expected files of "
                f"{', '.join(TABLES)}, in which each attribute is a column",
                "attribute",
            )

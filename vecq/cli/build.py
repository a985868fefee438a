"""vecq build: a file of vectors becomes an index file."""

import argparse
import time

from vecq.cli.output import add_json, say
from vecq.cli.settings import INDEX, read_index_settings
from vecq.cli.vectors import FORMATS, check_target, naming, read_ids, read_vectors

HELP = "make an index of vectors"
DESCRIPTION = f"""\
Makes an index of vectors and saves it, all of it or nothing.

VECTORS and the users are files of
{FORMATS}.
Of files that hold several arrays, "train" is taken for items and "test" for users. What neither
the arguments nor --settings say, such as {{"metric": "ip", "codec": "int8", "m": 16}}, is as
vecq.Index has it by default.

Examples:
  vecq build items.npy items.vecq --metric ip --users users.npy
  vecq build items.fbin items.vecq --metric l2 --codec int16 --ids ids.npy
  vecq build items.npy items.vecq --rerank-codec fp16 --m 32 --ef-construction 400
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("vectors", metavar="VECTORS", help="the items")
    parser.add_argument("index", metavar="INDEX", help="the file to make, for example items.vecq")
    parser.add_argument("--ids", metavar="FILE", help=".npy, or text with an id in each line")
    parser.add_argument("--users", metavar="FILE", help="vectors like the queries, for metric ip")
    for name, (kind, text) in INDEX.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=text)
    parser.add_argument("--settings", metavar="FILE.json", help="settings of an index, as JSON")
    parser.add_argument("--threads", type=int, default=0, help="0 for all cores")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from vecq.index import Index

    target = check_target(arguments.index, "index")
    settings = read_index_settings(arguments.settings) if arguments.settings else {}
    given = {name: getattr(arguments, name) for name in INDEX}
    settings |= {name: value for name, value in given.items() if value is not None}
    vectors = read_vectors(arguments.vectors, "vectors", "train")
    ids = arguments.ids and read_ids(arguments.ids, "ids")
    users = arguments.users and read_vectors(arguments.users, "users", "test")
    index = Index(vectors.shape[-1], **settings)
    start = time.perf_counter()
    with naming(vectors=arguments.vectors, ids=arguments.ids, users=arguments.users):
        index.add(vectors, ids, users=users, threads=arguments.threads)
    seconds = time.perf_counter() - start
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
    say(arguments, text, values)
    return 0

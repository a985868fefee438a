"""vecq build: a file of vectors becomes an index file."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from vecq.cli.output import add_json, say
from vecq.cli.vectors import FORMATS, check_target, read_ids, read_vectors
from vecq.errors import ArgumentError

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
  vecq build items.npy items.vecq --rerank fp16 --m 32 --ef-construction 400
"""
# The settings of an index, as vecq.Index names them, and what the arguments say of them.
SETTINGS = {
    "metric": (str, "ip, the inner product; cosine; or l2"),
    "codec": (str, "int8, int16, fp16 or fp32"),
    "rerank": (str, "keep wider codes too, to score the best on: int16, fp16 or fp32"),
    "m": (int, "links of a new item: more find more and cost memory"),
    "ef_construction": (int, "candidates for links: more make a better graph, more slowly"),
    "link": (str, "what items are linked by: auto, metric, cosine or moebius"),
    "seed": (int, "of the layers"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("vectors", metavar="VECTORS", help="the items")
    parser.add_argument("index", metavar="INDEX", help="the file to make, for example items.vecq")
    parser.add_argument("--ids", metavar="FILE", help=".npy, or text with an id in each line")
    parser.add_argument("--users", metavar="FILE", help="vectors like the queries, for metric ip")
    for name, (kind, text) in SETTINGS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=text)
    parser.add_argument("--settings", metavar="FILE.json", help="settings of an index, as JSON")
    parser.add_argument("--threads", type=int, default=0, help="0 for all cores")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from vecq.index import Index

    target = check_target(arguments.index, "index")
    settings = read_settings(arguments.settings) if arguments.settings else {}
    given = {name: getattr(arguments, name) for name in SETTINGS}
    settings |= {name: value for name, value in given.items() if value is not None}
    vectors = read_vectors(arguments.vectors, "vectors", "train")
    ids = arguments.ids and read_ids(arguments.ids, "ids")
    users = arguments.users and read_vectors(arguments.users, "users", "test")
    index = Index(vectors.shape[-1], **settings)
    start = time.perf_counter()
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


def read_settings(path: str) -> dict[str, Any]:
    """Reads settings of an index; a codec may be a name, or an object of what vecq.Codec takes."""
    from vecq.codec import Codec

    try:
        settings = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ArgumentError(f"settings: {path} is not JSON: {error}", "settings") from None
    if not isinstance(settings, dict) or settings.keys() - SETTINGS.keys():
        unknown = sorted(settings.keys() - SETTINGS.keys()) if isinstance(settings, dict) else []
        found = f"names {', '.join(unknown)}" if unknown else "holds no object"
        raise ArgumentError(
            f"settings: {path} {found}, expected some of {', '.join(SETTINGS)}", "settings"
        )
    for name in ("codec", "rerank"):
        if isinstance(settings.get(name), dict):
            try:
                settings[name] = Codec(**settings[name])
            except TypeError as error:
                raise ArgumentError(f"settings: {path}, {name}: {error}", "settings") from None
    return settings

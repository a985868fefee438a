"""vecq ray: builds, searches, updates and serves sharded indexes on a Ray cluster."""

import argparse
from typing import Any

from vecq.cli import ray_jobs
from vecq.cli.output import add_json
from vecq.cli.settings import INDEX

HELP = "Build, search and serve sharded indexes on Ray"
DESCRIPTION = """\
Build, search, update and serve sharded indexes on a Ray cluster, from Parquet files or folders of
them. Without --address, Ray starts on this machine alone, bound to the loopback address, without a
dashboard.

An index is a folder of shards and a manifest. It must have the same path on all nodes, such as on a
network file system. If one machine holds the items and answers the users in time, use vecq build
and vecq search instead.

Examples:
  vecq ray build items.parquet items --shards 16 --metric ip
  vecq ray build s3://bucket/items /mnt/items --shards 64 --address auto --threads 8
  vecq ray search items users.parquet results --k 500 --exclude-column seen
  vecq ray update items changes.parquet            rows whose vector is null are removed
  vecq ray rollback items
  vecq ray serve items --port 8000 --replicas 4

Each action has examples of its own: vecq ray ACTION --help.
"""
BUILD = """\
Build an index folder from items. ITEMS has a column of ids, integers or strings, and one of
vectors. If a build is ended or a node dies, run the same command again: finished shards are kept.
A build into a folder that holds an index makes a new version of it.

Examples:
  vecq ray build items.parquet items --shards 2 --metric cosine
  vecq ray build items.parquet items --id-column item --vector-column embedding
  vecq ray build items.parquet items --attribute price:float32 --attribute labels:tags
  vecq ray build s3://bucket/items /mnt/items --shards 64 --address auto --threads 8
"""
SEARCH = """\
Find the best items of each user. OUT becomes a folder of Parquet files: the other columns of USERS,
and lists "ids" and "scores", best first. Users without a vector get empty lists.

Examples:
  vecq ray search items users.parquet results --k 500 --exclude-column seen
  vecq ray search items users.parquet cheap --k 100 --where "price < 20 and not labels has 'adult'"
  vecq ray search /mnt/items s3://bucket/users s3://bucket/results --address auto --groups 4
"""
UPDATE = """\
Apply upserts and removals as a new version. A row of CHANGES adds its item or replaces its vector;
a row whose vector is null removes its item. Columns that are attributes of the index replace those.

Examples:
  vecq ray update items changes.parquet
  vecq ray update items changes.parquet --bias-column popularity --keep 5
"""
ROLLBACK = """\
Return to an earlier version. Services switch within a second.

Examples:
  vecq ray rollback items
  vecq ray rollback items --generation 3
"""
SERVE = """\
Answer searches over HTTP until Ctrl-C. New versions of INDEX are served within a second.

Examples:
  vecq ray serve items --port 8000 --replicas 4
  vecq ray serve items --groups 8 --fail             shards split over nodes, no partial answers
  curl -s http://127.0.0.1:8000/ -d '{"vector": [0.1, ...], "k": 100, "exclude": [7, 8]}'
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_build(_action(actions, "build", BUILD, ray_jobs.build))
    _add_search(_action(actions, "search", SEARCH, ray_jobs.search))
    _add_update(_action(actions, "update", UPDATE, ray_jobs.update))
    _add_rollback(_action(actions, "rollback", ROLLBACK, ray_jobs.rollback))
    _add_serve(_action(actions, "serve", SERVE, ray_jobs.serve))


def run(arguments: argparse.Namespace) -> int:
    code: int = arguments.action(arguments)
    return code


def _action(actions: Any, name: str, text: str, function: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name,
        help=text.split(".", 1)[0],
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(action=function)
    return parser


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("cluster")
    group.add_argument(
        "--address",
        metavar="ADDRESS",
        help='Address of a running Ray cluster, or "auto" (default: start Ray on this machine)',
    )
    group.add_argument(
        "--cpus", type=int, metavar="N", help="CPUs of the Ray that is started (default: all)"
    )


def _add_rows(parser: argparse.ArgumentParser) -> None:
    _add_text(parser, "--id-column", "Column of the ids", "id")
    _add_text(parser, "--vector-column", "Column of the vectors", "vector")


def _add_bias(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--bias-column",
        metavar="NAME",
        help=f"Column of biases, which searches add to similarities (default: {default})",
    )


def _add_text(parser: argparse.ArgumentParser, name: str, text: str, default: str) -> None:
    parser.add_argument(name, metavar="NAME", default=default, help=f"{text} (default: {default})")


def _add_count(parser: argparse.ArgumentParser, name: str, text: str, default: int) -> None:
    parser.add_argument(
        name, type=int, metavar="N", default=default, help=f"{text} (default: {default})"
    )


def _add_build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("items", metavar="ITEMS", help="Parquet file or folder")
    parser.add_argument("index", metavar="INDEX", help="Index folder, the same on all nodes")
    _add_count(parser, "--shards", "Number of shards", 1)
    _add_rows(parser)
    _add_bias(parser, "none")
    parser.add_argument(
        "--attribute",
        action="append",
        default=[],
        metavar="NAME:KIND",
        help="Column to keep as an attribute for --where; KIND: float32, int64, datetime, bool, "
        "category or tags. May be repeated",
    )
    parser.add_argument(
        "--assignment",
        choices=("hash", "cluster"),
        default="hash",
        help="Assign items by a hash of the id, or to the nearest centroid (default: hash)",
    )
    for name, (kind, text) in INDEX.items():
        metavar = "N" if kind is int else "NAME"
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar=metavar, help=text)
    _add_count(parser, "--threads", "Threads of each shard's task", 1)
    _add_count(parser, "--keep", "Number of versions to keep", 2)
    _add_cluster(parser)
    add_json(parser)


def _add_search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("index", metavar="INDEX", help="Index folder")
    parser.add_argument("users", metavar="USERS", help="Parquet file or folder")
    parser.add_argument("out", metavar="OUT", help="New folder of Parquet files for the results")
    _add_count(parser, "--k", "Number of results per user", 10)
    _add_rows(parser)
    parser.add_argument(
        "--exclude-column", metavar="NAME", help="Column of lists of ids to leave out per user"
    )
    parser.add_argument(
        "--where", metavar="CONDITION", help="Condition on the attributes of all results"
    )
    parser.add_argument("--ef", type=int, metavar="N", help="Beam width, as of vecq search")
    parser.add_argument(
        "--groups",
        type=int,
        metavar="N",
        help="Split the shards into N groups; 1 for all shards in each actor (default: by memory)",
    )
    _add_count(parser, "--threads", "Threads of each actor", 1)
    _add_cluster(parser)
    add_json(parser)


def _add_update(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("index", metavar="INDEX", help="Index folder")
    parser.add_argument("changes", metavar="CHANGES", help="Parquet file or folder")
    _add_rows(parser)
    _add_bias(parser, "items keep theirs")
    _add_count(parser, "--threads", "Threads of each shard's task", 1)
    _add_count(parser, "--keep", "Number of versions to keep", 2)
    _add_cluster(parser)
    add_json(parser)


def _add_rollback(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("index", metavar="INDEX", help="Index folder")
    parser.add_argument(
        "--generation", type=int, metavar="N", help="Version (default: the one before the current)"
    )
    add_json(parser)


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("index", metavar="INDEX", help="Index folder")
    _add_text(parser, "--host", "Address to listen on", "127.0.0.1")
    _add_count(parser, "--port", "Port", 8000)
    _add_count(parser, "--groups", "Groups of shards; 1 for whole replicas", 1)
    _add_count(parser, "--replicas", "Replicas of the index, or of each group", 1)
    parser.add_argument(
        "--fail",
        action="store_true",
        help="Fail requests while a group is lost (default: answer without it, partial=true)",
    )
    _add_cluster(parser)

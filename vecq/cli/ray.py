"""vecq ray: builds, searches, updates and serves sharded indexes on a Ray cluster."""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

from vecq.cli.output import add_json, print_result
from vecq.cli.settings import INDEX
from vecq.core.arguments import whole
from vecq.core.errors import ArgumentError

HELP = "Build, search and serve sharded indexes on Ray"
DESCRIPTION = """\
Build, search, update and serve sharded indexes on a Ray cluster, from Parquet files or folders of
them. Without --address, Ray starts on this machine alone, bound to the loopback address, without a
dashboard.

Examples:
  vecq ray build items.parquet items --shards 16 --metric ip
  vecq ray build s3://bucket/items /mnt/items --shards 64 --address auto --threads 8
  vecq ray search items users.parquet results --k 500 --exclude-column seen
  vecq ray update items changes.parquet            rows whose vector is null are removed
  vecq ray rollback items
  vecq ray serve items --port 8000 --replicas 4
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_build(_action(actions, "build", "Build an index folder from items", _build))
    _add_search(_action(actions, "search", "Find the best items of each user", _search))
    _add_update(_action(actions, "update", "Apply upserts and removals", _update))
    _add_rollback(_action(actions, "rollback", "Return to an earlier version", _rollback))
    _add_serve(_action(actions, "serve", "Answer searches over HTTP until Ctrl-C", _serve))


def run(arguments: argparse.Namespace) -> int:
    code: int = arguments.action(arguments)
    return code


def _action(actions: Any, name: str, text: str, function: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=text, description=text + ".", allow_abbrev=False
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
    parser.add_argument("--ef", type=int, metavar="N", help="Beam width (default: k + 100)")
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


def _build(arguments: argparse.Namespace) -> int:
    from vecq.integrations.ray import build

    given = {name: getattr(arguments, name) for name in INDEX}
    settings: dict[str, Any] = {name: one for name, one in given.items() if one is not None}
    rows = _parquet(arguments, arguments.items)
    start = time.perf_counter()
    manifest = build(
        rows,
        arguments.index,
        shards=arguments.shards,
        id_column=arguments.id_column,
        vector_column=arguments.vector_column,
        assignment=arguments.assignment,
        threads=arguments.threads,
        keep=arguments.keep,
        **settings,
    )
    return _print_manifest(arguments, manifest, start)


def _search(arguments: argparse.Namespace) -> int:
    from vecq.integrations.ray import search

    out = Path(arguments.out)
    if out.exists():
        raise ArgumentError(f"out: {out} exists, expected a new folder", "out")
    options = {} if arguments.ef is None else {"ef": arguments.ef}
    users = _parquet(arguments, arguments.users)
    start = time.perf_counter()
    found = search(
        users,
        arguments.index,
        arguments.k,
        id_column=arguments.id_column,
        vector_column=arguments.vector_column,
        exclude_column=arguments.exclude_column,
        groups="auto" if arguments.groups is None else arguments.groups,
        threads=arguments.threads,
        **options,
    )
    found.write_parquet(str(out.resolve()))
    seconds = time.perf_counter() - start
    print_result(arguments, f"{out}: {seconds:.1f} s", {"out": out, "seconds": seconds})
    return 0


def _update(arguments: argparse.Namespace) -> int:
    from vecq.integrations.ray import update

    changes = _parquet(arguments, arguments.changes)
    start = time.perf_counter()
    manifest = update(
        arguments.index,
        changes,
        id_column=arguments.id_column,
        vector_column=arguments.vector_column,
        threads=arguments.threads,
        keep=arguments.keep,
    )
    return _print_manifest(arguments, manifest, start)


def _rollback(arguments: argparse.Namespace) -> int:
    from vecq.sharding import rollback

    start = time.perf_counter()
    return _print_manifest(arguments, rollback(arguments.index, arguments.generation), start)


def _serve(arguments: argparse.Namespace) -> int:
    from vecq.integrations.ray import app
    from vecq.integrations.ray.cluster import ray_module
    from vecq.sharding import read_manifest

    read_manifest(arguments.index)
    port = whole(arguments.port, "port", 1, 65535)
    _prepare(arguments)
    ray_module()
    _start(arguments)
    from ray import serve

    serve.start(http_options={"host": arguments.host, "port": port})
    try:
        serve.run(
            app(
                Path(arguments.index).resolve(),
                groups=arguments.groups,
                replicas=arguments.replicas,
                partial=not arguments.fail,
            )
        )
        print(f"serving {arguments.index} on http://{arguments.host}:{port}/", file=sys.stderr)
        while True:
            time.sleep(1)
    finally:
        serve.shutdown()


def _parquet(arguments: argparse.Namespace, path: str) -> Any:
    """Open Parquet files as a data set, on the cluster that the arguments name."""
    from vecq.integrations.ray.cluster import ray_module

    if "://" not in path and not Path(path).exists():
        raise ArgumentError(f"{path} does not exist, expected Parquet files", "path")
    _prepare(arguments)
    ray = ray_module()
    _start(arguments)
    return ray.data.read_parquet(path if "://" in path else str(Path(path).resolve()))


def _prepare(arguments: argparse.Namespace) -> None:
    """Keep a Ray of this machine alone on the loopback address; read when ray is imported."""
    if arguments.address is None:
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")


def _start(arguments: argparse.Namespace) -> None:
    """Connect to a cluster, or start Ray on this machine."""
    import ray

    own: dict[str, Any] = {"address": arguments.address}
    if arguments.address is None:
        own = {"include_dashboard": False, "num_cpus": arguments.cpus}
    if not ray.is_initialized():
        ray.init(log_to_driver=False, logging_level="ERROR", **own)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = sys.stderr.isatty()
    context.print_on_execution_start = False


def _print_manifest(arguments: argparse.Namespace, manifest: Any, start: float) -> int:
    seconds = time.perf_counter() - start
    values = {
        "index": arguments.index,
        "generation": manifest.generation,
        "rows": manifest.rows,
        "shards": len(manifest.shards),
        "bytes": manifest.bytes,
        "seconds": seconds,
    }
    text = (
        f"{arguments.index}: generation {manifest.generation}, {manifest.rows:,} items in "
        f"{len(manifest.shards)} shards, {manifest.bytes:,} bytes, {seconds:.1f} s"
    )
    print_result(arguments, text, values)
    return 0

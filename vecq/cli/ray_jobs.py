"""The actions of vecq ray: what each does with its parsed arguments."""

import argparse
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from vecq.cli.inputs import attribute_kinds
from vecq.cli.output import print_result
from vecq.cli.settings import INDEX
from vecq.core.arguments import whole
from vecq.core.errors import ArgumentError
from vecq.core.progress import Progress


def build(arguments: argparse.Namespace) -> int:
    """Build an index folder from Parquet files."""
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
        bias_column=arguments.bias_column,
        attributes=attribute_kinds(arguments.attribute),
        assignment=arguments.assignment,
        threads=arguments.threads,
        keep=arguments.keep,
        progress=_progress("build"),
        **settings,
    )
    return _print_manifest(arguments, manifest, start)


def search(arguments: argparse.Namespace) -> int:
    """Write the best items of each user to Parquet files."""
    from vecq.integrations.ray import search

    out = _absolute(arguments.out)
    if "://" not in out and Path(out).exists():
        raise ArgumentError(f"out: {arguments.out} exists, expected a new folder", "out")
    options = {} if arguments.ef is None else {"ef": arguments.ef}
    users = _parquet(arguments, arguments.users)
    count, start = users.count(), time.perf_counter()
    found = search(
        users,
        arguments.index,
        arguments.k,
        id_column=arguments.id_column,
        vector_column=arguments.vector_column,
        exclude_column=arguments.exclude_column,
        where=arguments.where,
        groups="auto" if arguments.groups is None else arguments.groups,
        threads=arguments.threads,
        **options,
    )
    _say("search", f"{count:,} users")
    found.write_parquet(out)
    seconds = time.perf_counter() - start
    text = (
        f"{arguments.out}: {count:,} users, {seconds:.1f} s, {count / seconds:,.0f} users per "
        "second with the start of the workers"
    )
    print_result(arguments, text, {"out": arguments.out, "users": count, "seconds": seconds})
    return 0


def update(arguments: argparse.Namespace) -> int:
    """Apply the changes in Parquet files."""
    from vecq.integrations.ray import update

    changes = _parquet(arguments, arguments.changes)
    start = time.perf_counter()
    manifest = update(
        arguments.index,
        changes,
        id_column=arguments.id_column,
        vector_column=arguments.vector_column,
        threads=arguments.threads,
        bias_column=arguments.bias_column,
        keep=arguments.keep,
        progress=_progress("update"),
    )
    return _print_manifest(arguments, manifest, start)


def rollback(arguments: argparse.Namespace) -> int:
    """Return to an earlier version."""
    from vecq.sharding import rollback

    start = time.perf_counter()
    return _print_manifest(arguments, rollback(arguments.index, arguments.generation), start)


def serve(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM."""
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
        # Ray's own handler would abort the process.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
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
    return ray.data.read_parquet(_absolute(path))


def _absolute(path: str) -> str:
    """Return the path that workers see, whose working directory is another."""
    return path if "://" in path else str(Path(path).resolve())


def _progress(action: str) -> Progress:
    """Return what reports finished shards: a bar in terminals, else a line for each."""
    if sys.stderr.isatty():
        return True
    last = -1

    def show(done: int, total: int) -> None:
        nonlocal last
        if done != last:
            last = done
            _say(action, f"{done} of {total} shards")

    return show


def _say(action: str, text: str) -> None:
    print(f"vecq ray {action}: {text}", file=sys.stderr, flush=True)


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
    # Ray's bars are for terminals; that they are off, and what each data set does, is no news.
    logging.getLogger("ray.data._internal").setLevel(logging.WARNING)
    logging.getLogger("ray.data._internal.progress").setLevel(logging.ERROR)
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

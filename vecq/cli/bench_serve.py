"""vecq bench-serve: measures the latency of a running service against load."""

import argparse
import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from vecq.cli.inputs import read_vectors
from vecq.cli.output import add_json, print_result
from vecq.core.errors import ArgumentError
from vecq.storage.paths import output_file

HELP = "Measure the latency of a service against load"
DESCRIPTION = """\
Send searches to a running vecq serve: first as fast as it answers (the capacity), then at fractions
of that rate, at random times. Latency counts from the time at which a request was due, so waiting
counts. Print a table; write a plot with --plot.

The generator runs on one core: run it on another machine, or pin it away from the workers. Keep
--connections well above the number of workers, because the kernel spreads connections at random.

Examples:
  vecq bench-serve http://127.0.0.1:8080
  vecq bench-serve http://127.0.0.1:8080 --queries users.npy --k 100 --exclude 50 --plot load.svg
  vecq bench-serve http://127.0.0.1:8080 --queries-per-request 64 --binary
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("url", metavar="URL", help="Address of the service, such as http://127.0.0.1:8080")
    add("--queries", metavar="FILE", help="Query vectors (default: random)")
    add("--k", type=int, default=100, metavar="N", help="Results per query (default: %(default)s)")
    add(
        "--exclude",
        type=int,
        default=50,
        metavar="N",
        help="Random ids to exclude for each query (default: %(default)s)",
    )
    add(
        "--queries-per-request",
        type=int,
        default=1,
        metavar="N",
        help="Queries in each request (default: %(default)s)",
    )
    add("--binary", action="store_true", help="Send binary bodies instead of JSON")
    add(
        "--connections",
        type=int,
        default=32,
        metavar="N",
        help="Connections (default: %(default)s)",
    )
    add(
        "--loads",
        default="0.1,0.3,0.5,0.7,0.8,0.9",
        metavar="SHARE,...",
        help="Loads, as fractions of the capacity (default: %(default)s)",
    )
    add(
        "--seconds",
        type=float,
        default=5.0,
        metavar="S",
        help="Duration of each load (default: %(default)s)",
    )
    add("--plot", metavar="FILE.svg", help="Write latency against load as SVG")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from vecq.bench.serving import Load, latency_plot, measure, table
    from vecq.bench.serving.requests import Address, messages

    try:
        address = Address.of(arguments.url)
    except ValueError as error:
        raise ArgumentError(f"url: {error}", "url") from None
    plot = arguments.plot and output_file(arguments.plot, "plot")
    shares = _shares(arguments.loads)
    _check(arguments)
    token = os.environ.get("VECQ_SERVE_TOKEN", "")
    info = _info(arguments.url, token)
    sent = messages(
        address,
        _queries(arguments, info["dim"]),
        k=arguments.k,
        excluded=arguments.exclude,
        items=info["rows"],
        per_request=arguments.queries_per_request,
        binary=arguments.binary,
        token=token,
    )
    measure(address, Load(sent, arguments.connections, min(1.0, arguments.seconds)))  # warms up
    steps = [measure(address, Load(sent, arguments.connections, arguments.seconds))]
    for share in shares:
        rate = max(share * steps[0].answered, 1.0)
        load = Load(sent, arguments.connections, arguments.seconds, rate)
        steps.append(measure(address, load))
    if plot:
        title = f"latency against load, k={arguments.k}, {info['rows']:,} items"
        Path(plot).write_text(latency_plot(steps, title), encoding="utf-8")
    values = [
        {
            "rate": step.rate,
            "answered": step.answered,
            "failed": step.failed,
            "seconds": {str(share): step.quantile(share) for share in (0.5, 0.9, 0.99, 0.999)},
        }
        for step in steps
    ]
    text = f"version {info['version']}, {info['workers']} workers\n{table(steps)}"
    print_result(arguments, text, {"info": info, "steps": values})
    return int(any(step.failed for step in steps))


def _queries(arguments: argparse.Namespace, dim: int) -> Any:
    import numpy as np

    if arguments.queries:
        queries = read_vectors(arguments.queries, "queries", "test")
        if queries.shape[1] != dim:
            raise ArgumentError(
                f"queries has {queries.shape[1]} columns, expected {dim}", "queries"
            )
    else:
        queries = np.random.default_rng(0).standard_normal((1000, dim))
    if len(queries) < arguments.queries_per_request:
        raise ArgumentError(
            f"queries has {len(queries)} rows, fewer than one request needs", "queries"
        )
    return queries.astype(np.float32)


def _shares(text: str) -> list[float]:
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        shares = []
    if not shares or not all(0 < share <= 10 for share in shares):
        raise ArgumentError(f"loads is {text!r}, expected fractions such as 0.5,0.9", "loads")
    return shares


def _check(arguments: argparse.Namespace) -> None:
    for name, least in (
        *(("k", 1), ("exclude", 0), ("queries_per_request", 1), ("connections", 1)),
        ("seconds", 0.1),
    ):
        value = getattr(arguments, name)
        if not value >= least:
            raise ArgumentError(f"{name} is {value}, expected at least {least}", name)


def _info(url: str, token: str) -> dict[str, Any]:
    """Ask the service what it serves."""
    request = urllib.request.Request(f"{url.rstrip('/')}/info")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=10) as answer:
            found = json.load(answer)
        return {name: found[name] for name in ("version", "workers", "rows", "dim", "vecq")}
    except (urllib.error.URLError, OSError, ValueError, KeyError, TypeError) as error:
        raise ArgumentError(f"url: {url} does not answer as vecq serve: {error}", "url") from None

"""vecq serve: answers searches over HTTP."""

import argparse
import os
import sys
from pathlib import Path
from typing import Literal

from vecq.core.errors import ArgumentError

HELP = "Serve searches over HTTP"
DESCRIPTION = """\
Serve an index file over HTTP: one worker process per physical core, pinned, all on one mapped file
and one port. POST /search takes JSON or binary bodies; /docs describes all endpoints, /metrics is
for Prometheus. Needs the packages of pip install 'vecq[serve]'.

A new file under the same path (vecq.Index.save replaces it) is verified and swapped in; requests in
flight finish on the old version, and a damaged file is refused. SIGHUP looks at the file at once.
SIGTERM answers what is in flight, then ends. A worker that dies is replaced.

The service listens on 127.0.0.1 unless --host says otherwise. Give it a token, in a file or in the
environment variable VECQ_SERVE_TOKEN, if others can reach it; it does not encrypt.

Examples:
  vecq serve items.vecq
  vecq serve items.vecq --host 0.0.0.0 --port 80 --token-file /run/secrets/token
  vecq serve items.vecq --processes 4 --no-pin --preload copy
  curl -s localhost:8080/search -H 'content-type: application/json' \\
       -d '{"queries": [[0.1, 0.2, 0.3]], "k": 10}'
"""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
PRELOADS: dict[str, bool | Literal["walk", "copy"]] = {
    "no": False,
    "walk": "walk",
    "all": True,
    "copy": "copy",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("index", metavar="INDEX", help="Index file")
    add("--host", default="127.0.0.1", help="Address to listen on (default: %(default)s)")
    add("--port", type=int, default=8080, metavar="N", help="Port; 0 = any (default: %(default)s)")
    add("--token-file", metavar="FILE", help="File of the bearer token that requests must have")
    _add_processes(parser.add_argument_group("processes"))
    _add_file(parser.add_argument_group("index file"))
    _add_limits(parser.add_argument_group("limits of each process"))


def _add_processes(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--processes",
        type=int,
        default=0,
        metavar="N",
        help="Worker processes; 0 = one per physical core (default: %(default)s)",
    )
    add(
        "--pin",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="Pin each worker to a core and bind its memory to that core's NUMA node "
        "(default: pin)",
    )
    add(
        "--micro-batch",
        type=int,
        default=16,
        metavar="N",
        help="Search for up to N queries of waiting requests in one call; 1 = never "
        "(default: %(default)s)",
    )


def _add_file(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--interval",
        type=float,
        default=1.0,
        metavar="SECONDS",
        help="Seconds between two looks at the file (default: %(default)s)",
    )
    add(
        "--verify",
        choices=("header", "full"),
        default="full",
        help="Check the header of a new file, or all its checksums (default: %(default)s)",
    )
    add(
        "--preload",
        choices=tuple(PRELOADS),
        default="walk",
        help="Read what walks touch before a version is served, all of the file, or nothing; copy: "
        "keep a copy in each process, on its NUMA node (default: %(default)s)",
    )
    add("--lock", action="store_true", help="Lock preloaded pages in memory (see ulimit -l)")


def _add_limits(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    for option, kind, default, text in (
        ("--max-body", int, 16 << 20, "Bytes of a body"),
        ("--max-k", int, 10_000, "Results per query"),
        ("--max-ef", int, 100_000, "Beam width"),
        ("--max-queries", int, 1024, "Queries per request"),
        ("--max-waiting", int, 256, "Waiting requests; more are answered with 429"),
        ("--max-connections", int, 20_000, "Open connections; more are closed"),
        ("--timeout", float, 10.0, "Seconds to answer a request; else it gets 503 or 504"),
        ("--read-timeout", float, 10.0, "Seconds for a client to send a request"),
        ("--idle-timeout", float, 75.0, "Seconds between two requests of a connection"),
        ("--drain-timeout", float, 30.0, "Seconds to answer what is in flight after SIGTERM"),
        ("--drain-delay", float, 0.5, "Seconds to listen on after SIGTERM"),
    ):
        metavar = "SECONDS" if kind is float else "N"
        text = f"{text} (default: {default})"
        add(option, type=kind, default=default, metavar=metavar, help=text)


def run(arguments: argparse.Namespace) -> int:
    from vecq.serving.settings import Limits, Settings
    from vecq.serving.supervisor import serve

    _check(arguments)
    token = _token(arguments.token_file)
    if arguments.host not in LOOPBACK and not token:
        print(
            f"vecq: warning: anybody who reaches {arguments.host} can search: no token is set",
            file=sys.stderr,
        )
    return serve(
        Settings(
            path=os.path.abspath(arguments.index),
            host=arguments.host,
            port=arguments.port,
            processes=arguments.processes,
            pin=arguments.pin,
            interval=arguments.interval,
            verify=arguments.verify,
            preload=PRELOADS[arguments.preload],
            lock=arguments.lock,
            token=token,
            micro_batch=arguments.micro_batch,
            drain_delay=arguments.drain_delay,
            drain_seconds=arguments.drain_timeout,
            limits=Limits(
                body_bytes=arguments.max_body,
                k=arguments.max_k,
                ef=arguments.max_ef,
                queries=arguments.max_queries,
                waiting=arguments.max_waiting,
                seconds=arguments.timeout,
                read_seconds=arguments.read_timeout,
                idle_seconds=arguments.idle_timeout,
                connections=arguments.max_connections,
            ),
        )
    )


def _check(arguments: argparse.Namespace) -> None:
    """Refuse numbers that are out of range."""
    for name, least, most in (
        ("port", 0, 65535),
        ("processes", 0, 1024),
        ("micro_batch", 1, 1024),
        ("interval", 0.001, 86_400),
        ("max_body", 1024, 1 << 40),
        *((f"max_{own}", 1, (1 << 31) - 1) for own in ("k", "ef", "queries", "waiting")),
        ("max_connections", 1, 1 << 20),
        *((f"{own}timeout", 0.01, 86_400) for own in ("", "read_", "idle_", "drain_")),
        ("drain_delay", 0, 3600),
    ):
        value = getattr(arguments, name)
        if not least <= value <= most:
            raise ArgumentError(f"{name} is {value}, expected {least} to {most}", name)


def _token(file: str | None) -> str:
    """Return the token; it is no option, because everybody sees the options of a process.

    Raises:
        ArgumentError: The token is empty, or not visible ASCII.
    """
    if file is None:
        token = os.environ.pop("VECQ_SERVE_TOKEN", None)
        if token is None:
            return ""
    else:
        token = Path(file).read_text(encoding="utf-8", errors="replace").strip()
    if not token or not all("!" <= letter <= "~" for letter in token):
        raise ArgumentError("token is empty or has other characters than visible ASCII", "token")
    return token

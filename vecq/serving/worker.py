"""A worker process: one event loop on one core, over a mapped index that all workers share.

Life cycle: the supervisor starts it with a listening socket, counters and a channel; the first
message brings settings and the index. It opens the index, reports, and serves. Further messages
bring new versions, which a thread of its own opens and swaps in. SIGTERM, the message "drain" or
the end of the supervisor drain it: answers ask clients to close, then listening ends, then the
requests in flight are answered.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
from typing import Any

from vecq.core.cores import bind, node_of, nodes, pin
from vecq.core.errors import VecqError
from vecq.serving import channel
from vecq.serving.app import App
from vecq.serving.metrics import SharedCounters
from vecq.serving.server import Server
from vecq.serving.settings import Settings
from vecq.serving.versions import Opening, Version, version_of


def main(arguments: list[str]) -> None:
    """Serve until drained.

    Args:
        arguments: Descriptors of channel, listening socket and counters; number of this worker;
            number of workers; core to run on, or -1.
    """
    control, listener, memory, worker, workers, core = map(int, arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the supervisor handles it
    logging.basicConfig(format="vecq serve: %(message)s", level=logging.WARNING)
    if core >= 0:
        pin(core)
        if len(nodes()) > 1:
            bind(node_of(core))
    end = socket.socket(fileno=control)
    first = channel.receive(end)
    if first is None or first[1] is None:
        return
    settings = Settings.of(first[0]["settings"])
    try:
        version = _open(first[1], settings)
    except VecqError as error:
        channel.send(end, {"failed": str(error)})
        return
    app = App(settings, version, SharedCounters(memory, workers), worker)
    threading.Thread(target=_follow, args=(end, app), name="vecq-control", daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: app.drain())
    channel.send(end, {"version": version.name})
    gc.collect()
    gc.freeze()  # a full collection of what the start leaves takes 15 ms
    Server(app, settings).run(socket.socket(fileno=listener))
    app.runner.close()


def _open(descriptor: int, settings: Settings) -> Version:
    """Open a version that the supervisor has verified."""
    opening = Opening("header", settings.preload, settings.lock)
    return version_of(descriptor, settings.path, opening)


def _follow(end: socket.socket, app: App) -> None:
    """Handle messages until the supervisor is gone, then drain."""
    while (received := channel.receive(end)) is not None:
        message, descriptor = received
        if "drain" in message:
            app.drain()
        if descriptor is not None:
            channel.send(end, _swap(descriptor, app))
    app.drain()


def _swap(descriptor: int, app: App) -> dict[str, Any]:
    try:
        version = _open(descriptor, app.settings)
    except VecqError as error:
        app.recorder.add("failed_loads")
        return {"failed": str(error)}
    if version.name != app.version.name:
        app.version = version
        app.recorder.add("swaps")
    return {"version": app.version.name}


def start_code() -> str:
    """Return Python code that runs `main` with the import path of this process."""
    return (
        f"import sys; sys.path[:] = {sys.path!r}; "
        "from vecq.serving.worker import main; main(sys.argv[1:])"
    )


def environment() -> dict[str, str]:
    """Return the environment of a worker: BLAS must not start threads on its one core."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

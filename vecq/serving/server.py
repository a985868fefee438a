"""The event loop of a worker: accepts connections, sweeps slow clients, and drains in two steps.

Once the application drains, answers ask clients to close; after a delay listening ends, and each
connection is closed when it has answered what it has read, or at the end of the time for that.
"""

from __future__ import annotations

import asyncio
import socket
import time
from importlib.util import find_spec

from vecq.serving.app import App
from vecq.serving.protocol import Connection, Connections
from vecq.serving.settings import Settings

TICK = 0.1  # seconds between two heartbeats
SWEEP_TICKS = 10
BACKLOG = 2048  # connections that the kernel holds until they are accepted


class Server:
    """Serves an application on a listening socket until it has drained."""

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._delay, self._drain_seconds = settings.drain_delay, settings.drain_seconds
        self._connections = Connections(app, settings.limits)
        self._ticks = 0

    def run(self, listener: socket.socket) -> None:
        """Serve until the application has drained."""
        loop = _new_loop()
        try:
            loop.run_until_complete(self._serve(listener))
        finally:
            loop.close()

    async def _serve(self, listener: socket.socket) -> None:
        connections = self._connections
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(connections), sock=listener, backlog=BACKLOG
        )
        while not self._app.draining:
            await self._tick()
        await self._tick_until(time.monotonic() + self._delay)
        server.close()
        listener.close()
        connections.close_when_answered()
        await self._tick_until(time.monotonic() + self._drain_seconds, while_open=True)
        for connection in list(connections.open):
            connection.abort()
        await asyncio.sleep(0)  # the loop closes the sockets

    async def _tick_until(self, end: float, while_open: bool = False) -> None:
        while time.monotonic() < end and (self._connections.open or not while_open):
            await self._tick()

    async def _tick(self) -> None:
        connections = self._connections
        self._app.recorder.beat(len(connections.open), connections.waiting)
        self._ticks += 1
        if self._ticks % SWEEP_TICKS == 0:
            connections.sweep()
        await asyncio.sleep(TICK)


def _new_loop() -> asyncio.AbstractEventLoop:
    if find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    import uvloop

    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop

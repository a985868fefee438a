"""uvicorn's HTTP protocol with the limits that a public port needs.

uvicorn has no limit for slow or silent clients, for the size of headers, or for the queue. A sweep
once a second closes connections that take too long to send a request or to take an answer; a timer
per request would cost more. A connection beyond the limit is closed at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from vecq.serving.refusal import RefusalError
from vecq.serving.settings import Limits

REASONS = {400: b"Bad Request", 408: b"Request Timeout", 431: b"Request Header Fields Too Large"}


def protocol_class(limits: Limits) -> type[GuardedProtocol]:
    """Return the protocol with its limits, as uvicorn takes it."""
    return type("Protocol", (GuardedProtocol,), {"limits": limits, "queue": Queue()})


class Queue:
    """Number of requests of this process that were read and are not answered yet.

    A request that is still being sent does not count: a slow client cannot fill the queue.
    """

    waiting = 0


class GuardedProtocol(HttpToolsProtocol):
    """A connection.

    `unanswered` is this connection's share of the queue. `reading_since` is the time at which a
    request, or a new connection, began; None while a request is answered or the connection is idle.
    `stuck_since` is the time since which the client takes no data.
    """

    limits: Limits
    queue: Queue

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.reading_since: float | None = time.monotonic()
        self.stuck_since: float | None = None
        self.head_bytes = self.unanswered = 0
        self.in_head = True
        if len(self.connections) > self.limits.connections:
            transport.close()

    def data_received(self, data: bytes) -> None:
        if self.in_head:
            self.head_bytes += len(data)
        super().data_received(data)
        if self.in_head and self.head_bytes > self.limits.head_bytes:
            most = self.limits.head_bytes
            self._refuse(RefusalError(431, f"headers have more than {most} bytes", "headers"))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        now = time.monotonic()
        self.reading_since, self.in_head = now, True
        self.scope["arrival"] = now  # type: ignore[typeddict-unknown-key]

    def on_headers_complete(self) -> None:
        self.in_head, self.head_bytes = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.reading_since, self.in_head = None, True
        if not self.cycle.response_complete:
            self.scope["waiting"] = self.queue.waiting  # type: ignore[typeddict-unknown-key]
            self.queue.waiting += 1
            self.unanswered += 1
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.unanswered:
            self.queue.waiting -= 1
            self.unanswered -= 1
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self.queue.waiting -= self.unanswered
        self.unanswered = 0
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        self.stuck_since = time.monotonic()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.stuck_since = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        self._refuse(RefusalError(400, "the request is no valid HTTP", "request"))

    def close_if_late(self, now: float) -> None:
        """Close the connection if its client takes too long."""
        limit = self.limits.read_seconds
        if self.transport.is_closing():  # but the client does not take the last answer
            self.stuck_since = self.stuck_since or now
        if self.stuck_since is not None and now - self.stuck_since > limit:
            self.transport.abort()
        elif self.reading_since is not None and now - self.reading_since > limit:
            began = self.head_bytes > 0 or not self.in_head
            answered = self.cycle is not None and self.cycle.response_started
            if began and not answered:
                self._refuse(
                    RefusalError(408, f"the request took more than {limit:g} s", "request")
                )
            self.transport.close()

    def _refuse(self, refusal: RefusalError) -> None:
        """Answer outside of the application, and close the connection."""
        body, status = refusal.body(), refusal.status
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
            b"connection: close\r\n\r\n%b" % (status, REASONS[status], len(body), body)
        )
        self.transport.close()


def sweep(connections: Iterable[Any]) -> None:
    """Close the connections whose clients take too long."""
    now = time.monotonic()
    for connection in list(connections):
        connection.close_if_late(now)

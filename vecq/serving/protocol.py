"""A connection of HTTP/1.1 with the limits that a public port needs.

httptools parses; `Application` answers. No framework is between, because a search for one query
takes less time than a framework.

Life of a request: its head is checked, its body collected, then it is answered, at once or later.
Requests that a client sends ahead wait in `_queue` for the answers before theirs, and for the
client to take them; meanwhile nothing is read. The sweep, once a second, closes connections that
take too long to send a request or to take an answer, or that are idle; a timer for each request
would cost more.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Protocol

from vecq.serving.http_request import CONTINUE, HttpRequest, answer_bytes, path_of
from vecq.serving.packages import httptools
from vecq.serving.refusal import RETRY, RefusalError
from vecq.serving.settings import Limits

HELD_BODIES = 16  # bodies of the largest size that are held while they are read
JSON = b"application/json"


class Application(Protocol):
    """What answers the requests of connections."""

    def check_head(self, request: HttpRequest) -> None:
        """Refuse a request before its body is read.

        Raises:
            RefusalError: The request is not allowed.
        """

    def answer(self, request: HttpRequest) -> None:
        """Call `respond` of a request once, now or later, with its refusal if it has one."""


class Connections:
    """The open connections of this process, and what they share.

    `waiting` counts requests that were read and are not answered yet. A request that is still being
    sent does not count: a slow client cannot fill the queue. `held_bytes` are those of bodies that
    are being read.
    """

    def __init__(self, app: Application, limits: Limits) -> None:
        self.app, self.limits = app, limits
        self.open: set[Connection] = set()
        self.waiting = self.held_bytes = 0

    def sweep(self) -> None:
        """Close the connections whose clients take too long."""
        now = time.monotonic()
        for connection in list(self.open):
            connection.close_if_late(now)

    def close_when_answered(self) -> None:
        """Close each connection as soon as it has answered what it has read."""
        for connection in list(self.open):
            connection.close_when_answered()


class Connection(asyncio.Protocol):
    """A connection; the event loop and the parser call its methods.

    `_reading_since` is the time at which a request, or a new connection, began; None while a
    request is answered or the connection is idle. `_stuck_since` is the time since which the client
    takes no data, `_idle_since` that of the last answer.
    """

    _transport: asyncio.Transport

    def __init__(self, shared: Connections) -> None:
        self._shared, self._limits, self._app = shared, shared.limits, shared.app
        self._parser = httptools.HttpRequestParser(self)
        self._reading_since: float | None = time.monotonic()
        self._stuck_since: float | None = None
        self._idle_since: float | None = None
        # Of the request that is being read: its head, then itself and the parts of its body.
        self._in_head, self._head_bytes, self._arrival = True, 0, 0.0
        self._target, self._headers = b"", dict[bytes, bytes]()
        self._read: HttpRequest | None = None
        self._parts: list[bytes] = []
        self._held_bytes = 0
        # Of the requests that were read: the one that is answered now, and those after it.
        self._current: HttpRequest | None = None
        self._queue: deque[HttpRequest] = deque()
        self._unanswered = 0  # this connection's share of `waiting`
        self._farewell = b""  # to send after all answers, before the connection is closed
        self._is_paused = self._is_lost = False
        self._ignores_more = self._closes_after_answer = False

    # The event loop

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._shared.open.add(self)
        if len(self._shared.open) > self._limits.connections:
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._is_lost = True
        self._shared.open.discard(self)
        self._shared.waiting -= self._unanswered
        self._release_body()
        self._queue.clear()
        del self._parser  # it refers to this connection

    def data_received(self, data: bytes) -> None:
        if self._ignores_more:
            return
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return  # the answer to the request that asks for it closes the connection
        except httptools.HttpParserError:
            # Data behind a request that closes the connection is an error, too.
            if not self._ignores_more:
                self._end(RefusalError(400, "the request is no valid HTTP", "request"))
            return
        most = self._limits.head_bytes
        if self._in_head and self._head_bytes > most and not self._ignores_more:
            self._end(RefusalError(431, f"headers have more than {most} bytes", "headers"))

    def pause_writing(self) -> None:
        self._stuck_since = time.monotonic()

    def resume_writing(self) -> None:
        self._stuck_since = None
        self._begin_next()

    # The parser

    def on_message_begin(self) -> None:
        self._arrival = self._reading_since = time.monotonic()
        self._idle_since = None
        self._in_head = True
        self._target, self._headers = b"", {}

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # not behind a body in chunks
            self._headers.setdefault(name.lower(), value)

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        parser = self._parser
        keep_alive = parser.should_keep_alive() and parser.get_http_version() != "1.0"
        self._read = request = HttpRequest(
            self,
            parser.get_method().decode("ascii"),
            path_of(self._target),
            self._headers,
            self._arrival,
            keep_alive and not parser.should_upgrade(),
        )
        try:
            self._app.check_head(request)
        except RefusalError as refusal:
            self._refuse(request, refusal)
            return
        expected = self._headers.get(b"expect")
        if expected is not None and expected.lower() == b"100-continue" and self._current is None:
            self._write(CONTINUE)

    def on_body(self, part: bytes) -> None:
        request, shared = self._read, self._shared
        assert request is not None
        if request.refusal is not None:
            return
        self._parts.append(part)
        self._held_bytes += len(part)
        shared.held_bytes += len(part)
        most = self._limits.body_bytes
        if self._held_bytes > most:
            self._refuse(request, RefusalError(413, f"body has more than {most} bytes", "body"))
        elif shared.held_bytes > HELD_BODIES * most:
            message = "too many large bodies are being read"
            self._refuse(request, RefusalError(429, message, "body", RETRY))

    def on_message_complete(self) -> None:
        request, self._read = self._read, None
        assert request is not None
        self._reading_since, self._in_head = None, True
        self._ignores_more = not request.keep_alive
        if request.is_answered:
            self._idle_since = time.monotonic()
            return
        parts = self._parts
        request.body = parts[0] if len(parts) == 1 else b"".join(parts)
        self._release_body()
        request.is_complete = True
        request.waiting = self._shared.waiting
        self._shared.waiting += 1
        self._unanswered += 1
        if self._may_begin():
            self._begin(request)
        else:
            self._queue.append(request)
            self._pause_reading()

    # Answers

    def respond(self, request: HttpRequest, answer: bytes) -> None:
        """Send the answer to the request that is being answered."""
        request.is_answered = True
        if self._is_lost:
            return
        self._current = None
        if request.is_complete:
            self._shared.waiting -= 1
            self._unanswered -= 1
        self._write(answer)
        if not request.keep_alive:
            self._transport.close()
        elif self._queue or self._farewell:
            asyncio.get_running_loop().call_soon(self._begin_next)
        elif self._closes_after_answer:
            self._transport.close()
        elif self._reading_since is None:
            self._idle_since = time.monotonic()

    def _write(self, data: bytes) -> None:
        # The parser still reads what was received before the connection closed.
        if not self._transport.is_closing():
            self._transport.write(data)

    def _may_begin(self) -> bool:
        return self._current is None and not self._queue and self._stuck_since is None

    def _begin(self, request: HttpRequest) -> None:
        self._current = request
        self._app.answer(request)

    def _begin_next(self) -> None:
        """Answer the next request that waits, once the client takes data."""
        if self._current is not None or self._stuck_since is not None or self._is_lost:
            return
        if self._queue:
            self._begin(self._queue.popleft())
        elif self._farewell:
            self._write(self._farewell)
            self._transport.close()
        if not self._queue:
            self._resume_reading()

    def _refuse(self, request: HttpRequest, refusal: RefusalError) -> None:
        """Drop the body of a request that is being read; answer it now if it is its turn."""
        request.refusal = refusal
        self._release_body()
        if self._may_begin():
            self._begin(request)

    def _end(self, refusal: RefusalError) -> None:
        """Answer outside of the application, after all other answers, and close the connection."""
        self._ignores_more = True
        close = ((b"connection", b"close"),)
        self._farewell = answer_bytes(refusal.status, JSON, refusal.body(), close)
        if not self._queue:
            self._begin_next()

    def _release_body(self) -> None:
        self._shared.held_bytes -= self._held_bytes
        self._parts, self._held_bytes = [], 0

    # Slow clients, and the end

    def close_if_late(self, now: float) -> None:
        """Close the connection if its client takes too long."""
        limit = self._limits.read_seconds
        if self._transport.is_closing():  # but the client does not take the last answer
            self._stuck_since = self._stuck_since or now
        if self._stuck_since is not None:
            if now - self._stuck_since > limit:
                self._transport.abort()
        elif self._reading_since is not None:
            if now - self._reading_since > limit and self._may_begin() and not self._is_paused:
                self._close_late_reader(f"the request took more than {limit:g} s")
        elif self._idle_since is not None and now - self._idle_since > self._limits.idle_seconds:
            self._transport.close()

    def _close_late_reader(self, message: str) -> None:
        has_begun = self._head_bytes > 0 or not self._in_head
        if has_begun and not (self._read is not None and self._read.is_answered):
            self._end(RefusalError(408, message, "request"))
        else:
            self._transport.close()

    def close_when_answered(self) -> None:
        """Close the connection, after the answers to what it has read."""
        is_reading_body = self._read is not None and not self._read.is_answered
        if self._current is None and not self._queue and not is_reading_body:
            self._transport.close()
        else:
            self._closes_after_answer = True

    def abort(self) -> None:
        """Close the connection without answers."""
        self._transport.abort()

    def _pause_reading(self) -> None:
        if not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._is_paused and not self._transport.is_closing():
            self._is_paused = False
            self._transport.resume_reading()
            if self._reading_since is not None:
                self._reading_since = time.monotonic()

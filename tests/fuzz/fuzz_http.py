"""Fuzzes the connections of the service: HTTP in any pieces, answered by a stub at any time.

python tests/fuzz/fuzz_http.py -max_total_time=60 CORPUS
"""

import sys

import atheris

with atheris.instrument_imports(include=["vecq.serving"]):
    from vecq.serving import protocol
    from vecq.serving.http_request import CONTINUE
    from vecq.serving.protocol import Connection, Connections
    from vecq.serving.refusal import RefusalError
    from vecq.serving.settings import Limits

LIMITS = Limits(body_bytes=100, head_bytes=300, waiting=4)


class Loop:
    """Stands for the event loop: keeps what is to be called soon."""

    def __init__(self):
        self._soon = []

    def call_soon(self, function):
        self._soon.append(function)

    def run(self):
        while self._soon:
            self._soon.pop(0)()


class Transport:
    """Keeps what is written, and knows whether the connection may be read."""

    def __init__(self):
        self.written, self.closed, self.paused = b"", False, False

    def write(self, data):
        assert not self.closed
        self.written += data

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True

    abort = close

    def pause_reading(self):
        assert not self.paused
        self.paused = True

    def resume_reading(self):
        assert self.paused
        self.paused = False


class App:
    """Answers at once, or later if the path says so."""

    def __init__(self):
        self.later = []

    def check_head(self, request):
        if "bad" in request.path:
            raise RefusalError(404, "unknown", "path")

    def answer(self, request):
        assert not request.is_answered
        if "later" in request.path and request.refusal is None:
            self.later.append(request)
        else:
            self.respond(request)

    def respond(self, request):
        status = 200 if request.refusal is None else request.refusal.status
        request.respond(status, b"text/plain", request.path.encode("utf-8", "replace"))


def answers(pieces, stuck_at=None):
    """Send pieces over a connection; return what it answers, and whether it closed."""
    loop, app, transport = Loop(), App(), Transport()
    protocol.asyncio.get_running_loop = lambda: loop
    shared = Connections(app, LIMITS)
    connection = Connection(shared)
    connection.connection_made(transport)
    for number, piece in enumerate(pieces):
        if number == stuck_at:
            connection.pause_writing()
        if transport.closed:
            break
        connection.data_received(piece)
        loop.run()
        if number == stuck_at:
            connection.resume_writing()
            loop.run()
        while app.later and (number % 2 or transport.paused):
            app.respond(app.later.pop(0))
            loop.run()
        assert transport.closed or not transport.paused
    while app.later:
        app.respond(app.later.pop(0))
        loop.run()
    assert transport.closed or shared.waiting == 0
    connection.close_if_late(1e18)
    connection.close_when_answered()
    connection.connection_lost(None)
    assert shared.waiting == shared.held_bytes == len(shared.open) == 0
    # Whether a client is asked for a body depends on what was answered before.
    return transport.written.replace(CONTINUE, b"")


def run_one(data):
    """However the bytes arrive, they get the same answers, but for limits of the head."""
    if len(data) < 3:
        return
    size, stuck, data = 1 + data[0], data[1], data[2:]
    whole = answers([data])
    pieces = [data[first : first + size] for first in range(0, len(data), size)]
    parts = answers(pieces, stuck)
    if b" 431 " not in whole + parts and b" 408 " not in whole + parts:
        assert whole == parts


if __name__ == "__main__":
    atheris.Setup(sys.argv, run_one)
    atheris.Fuzz()

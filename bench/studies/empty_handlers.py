"""Answers every request with an empty object: the cost of a service without searches.

python -I bench/studies/empty_handlers.py SERVER LISTENER

SERVER is "own", the server of `vecq serve`, or "uvicorn", an ASGI application on uvicorn with
httptools and uvloop. LISTENER is the descriptor of a listening socket.
"""

import socket
import sys
from typing import Any

ANSWER = b"{}"


class EmptyApp:
    """An application for the server of `vecq serve`; it also records nothing."""

    draining = False

    def __init__(self) -> None:
        self.recorder = self

    def beat(self, connections: int, waiting: int) -> None:
        """Do nothing with the heartbeat of the server."""

    def check_head(self, request: Any) -> None:
        """Refuse nothing."""

    def answer(self, request: Any) -> None:
        request.respond(200, b"application/json", ANSWER)


async def empty_asgi(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application that reads no body."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


def serve_own(listener: socket.socket) -> None:
    from vecq.serving.server import Server
    from vecq.serving.settings import Settings

    Server(EmptyApp(), Settings(path="")).run(listener)  # type: ignore[arg-type]


def serve_uvicorn(listener: socket.socket) -> None:
    import uvicorn

    config = uvicorn.Config(
        empty_asgi,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        ws="none",
        access_log=False,
        log_level="warning",
    )
    uvicorn.Server(config).run([listener])


def main() -> None:
    server, listener = sys.argv[1:]
    serve = {"own": serve_own, "uvicorn": serve_uvicorn}[server]
    serve(socket.socket(fileno=int(listener)))


if __name__ == "__main__":
    main()

"""A request of HTTP as a connection read it, and the bytes of its answer."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Protocol
from urllib.parse import unquote

from vecq.serving.packages import httptools
from vecq.serving.refusal import Header, RefusalError

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSE = (b"connection", b"close")


class Responder(Protocol):
    """Takes the bytes that answer a request."""

    def respond(self, request: HttpRequest, answer: bytes) -> None: ...


class HttpRequest:
    """One request of a connection.

    Names of headers are in lower case; of repeated headers the first one counts. `arrival` is the
    monotonic time of the first byte. `waiting` is the number of requests of this process that were
    read and not answered when this one was complete. A `refusal` is known before the body is, which
    then is dropped.
    """

    __slots__ = (
        *("_responder", "arrival", "body", "headers", "is_answered", "is_complete"),
        *("keep_alive", "method", "path", "refusal", "waiting"),
    )

    def __init__(
        self,
        responder: Responder,
        method: str,
        path: str,
        headers: dict[bytes, bytes],
        arrival: float,
        keep_alive: bool,
    ) -> None:
        self._responder, self.method, self.path, self.headers = responder, method, path, headers
        self.arrival, self.keep_alive = arrival, keep_alive
        self.body, self.waiting = b"", 0
        self.is_complete = self.is_answered = False
        self.refusal: RefusalError | None = None

    def respond(
        self, status: int, media_type: bytes, body: bytes, headers: tuple[Header, ...] = ()
    ) -> None:
        """Send the answer, after those to earlier requests of the connection."""
        if not self.keep_alive:
            headers = (*headers, CLOSE)
        answer = answer_bytes(status, media_type, body, headers, has_body=self.method != "HEAD")
        self._responder.respond(self, answer)


def answer_bytes(
    status: int,
    media_type: bytes,
    body: bytes,
    headers: Iterable[Header] = (),
    has_body: bool = True,
) -> bytes:
    """Return an answer of HTTP/1.1; without its body for the method HEAD."""
    more = b"".join([b"\r\n%b: %b" % header for header in headers])
    head = _head(status, media_type)
    return b"%b%d%b\r\n\r\n%b" % (head, len(body), more, body if has_body else b"")


def path_of(target: bytes) -> str:
    """Return the path of a request target.

    Raises:
        httptools.HttpParserInvalidURLError: It is no URL.
        UnicodeDecodeError: It is not ASCII.
    """
    path: str = httptools.parse_url(target).path.decode("ascii")
    return unquote(path)


@cache
def _head(status: int, media_type: bytes) -> bytes:
    phrase = HTTPStatus(status).phrase.encode()
    return b"HTTP/1.1 %d %b\r\ncontent-type: %b\r\ncontent-length: " % (status, phrase, media_type)

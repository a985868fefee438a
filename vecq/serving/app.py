"""The ASGI application: routes, limits, the token, and typed errors. No framework is between."""

from __future__ import annotations

import hmac
import logging
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

import vecq
from vecq.core.errors import VecqError
from vecq.core.json_values import plain
from vecq.serving import binary_body, json_body
from vecq.serving.docs_page import docs_page
from vecq.serving.metrics import ENDPOINTS, Recorder, SharedCounters, exposition
from vecq.serving.openapi import openapi
from vecq.serving.options import search_options
from vecq.serving.packages import orjson, prometheus_client
from vecq.serving.refusal import Header, RefusalError
from vecq.serving.runner import RETRY, Runner
from vecq.serving.search_request import Answer
from vecq.serving.settings import Settings
from vecq.serving.versions import Version

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
JSON, HTML = b"application/json", b"text/html; charset=utf-8"
OPEN_PATHS = ("/healthz", "/readyz")  # they need no token
# Endpoints by path; others count as the last one.
NUMBERS = {f"/{name}": number for number, name in enumerate(ENDPOINTS[:-1])}
OTHER = len(ENDPOINTS) - 1
HELD_BODIES = 16  # bodies of the largest size that are held while they are read
log = logging.getLogger("vecq.serving")


class App:
    """Answers the requests of one worker.

    `version` is the index to search; the control thread replaces it. `draining` is set when the
    process is about to end.
    """

    def __init__(
        self, settings: Settings, version: Version, counters: SharedCounters, worker: int
    ) -> None:
        self.settings, self.version, self.draining = settings, version, False
        self._limits, self._token = settings.limits, f"Bearer {settings.token}".encode()
        self._tables = [search_options(settings.limits, has_names) for has_names in (False, True)]
        self._counters, self._worker = counters, worker
        self._held_bytes = 0
        self.recorder = Recorder(counters.row(worker))
        self.runner = Runner(lambda: self.version, self.recorder, settings.micro_batch)
        self._posts = {"/search": self._search, "/search_by_ids": self._search_by_ids}
        self._gets: dict[str, Callable[[], tuple[int, bytes, bytes]]] = {
            "/healthz": lambda: (200, JSON, b'{"status":"alive"}'),
            "/readyz": self._ready,
            "/info": self._info,
            "/metrics": self._metrics,
            "/openapi.json": lambda: (200, JSON, orjson.dumps(self._document())),
            "/docs": lambda: (200, HTML, docs_page(self._document())),
        }

    def drain(self) -> None:
        """Begin to end: /readyz fails, and answers close their connections."""
        self.draining = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: tuple[Header, ...] = ()
        path = scope["path"]
        try:
            status, media_type, body = await self._answer(scope, path, receive)
        except _ClientLeftError:
            return
        except Exception as error:
            refusal = self._refusal(error, scope)
            status, media_type, body = refusal.status, JSON, refusal.body()
            headers = refusal.headers
        if self.draining:
            headers = (*headers, (b"connection", b"close"))
        self.recorder.request(NUMBERS.get(path, OTHER), status, time.monotonic() - scope["arrival"])
        lengths = (b"content-type", media_type), (b"content-length", b"%d" % len(body))
        await send(
            {"type": "http.response.start", "status": status, "headers": [*lengths, *headers]}
        )
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, path: str, receive: Receive) -> tuple[int, bytes, bytes]:
        """Return status, media type and body."""
        if self.settings.token and path not in OPEN_PATHS:
            self._check_token(scope)
        post = self._posts.get(path)
        if post is not None and scope["method"] == "POST":
            body = await self._body(scope, receive)
            if scope["waiting"] >= self._limits.waiting:
                raise RefusalError(429, f"{self._limits.waiting} requests wait already", "", RETRY)
            return await post(scope, body)
        get = self._gets.get(path)
        if get is not None and scope["method"] in ("GET", "HEAD"):
            return get()
        if post is None and get is None:
            known = ", ".join((*self._posts, *self._gets))
            raise RefusalError(404, f"{path:.100} is unknown, expected one of {known}", "path")
        allowed = "POST" if post else "GET, HEAD"
        raise RefusalError(
            405,
            f"{path} does not answer {scope['method']}, expected {allowed}",
            "method",
            ((b"allow", allowed.encode()),),
        )

    # Requests

    def _refusal(self, error: Exception, scope: Scope) -> RefusalError:
        """Return the answer to a request that raised an error."""
        if isinstance(error, RefusalError):
            return error
        if isinstance(error, VecqError):
            return RefusalError.of(error)
        log.error("%s %s failed", scope["method"], scope["path"], exc_info=error)
        return RefusalError(500, "the service failed; its log has the reason")

    def _check_token(self, scope: Scope) -> None:
        given = _header(scope, b"authorization")
        if not hmac.compare_digest(given, self._token):
            message = "the header authorization has no valid token, expected Bearer TOKEN"
            challenge = ((b"www-authenticate", b"Bearer"),)
            raise RefusalError(401, message, "authorization", challenge)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """Read the body, at most the limit of it."""
        most = self._limits.body_bytes
        length = _header(scope, b"content-length")
        if length and int(length) > most:
            raise RefusalError(
                413, f"body has {int(length)} bytes, at most {most} are allowed", "body"
            )
        message = await receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            if message["type"] == "http.disconnect":
                raise _ClientLeftError
            return body
        parts, total = [body], len(body)
        try:
            self._held_bytes += total
            while message.get("more_body", False):
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _ClientLeftError
                size = len(message["body"])
                parts.append(message["body"])
                total += size
                self._held_bytes += size
                if total > most:
                    raise RefusalError(413, f"body has more than {most} bytes", "body")
                if self._held_bytes > HELD_BODIES * most:
                    raise RefusalError(429, "too many large bodies are being read", "body", RETRY)
            return b"".join(parts)
        finally:
            self._held_bytes -= total

    # Endpoints

    async def _search(self, scope: Scope, body: bytes) -> tuple[int, bytes, bytes]:
        media_type = _media_type(scope)
        dim, has_names = self.version.index.dim, self.version.has_names
        table = self._tables[has_names]
        if media_type == json_body.MEDIA_TYPE:
            request = json_body.read_search(body, dim, self._limits, table, has_names)
        elif media_type == binary_body.MEDIA_TYPE and has_names:
            raise RefusalError(
                415, "binary bodies have no string ids, expected application/json", "content-type"
            )
        elif media_type == binary_body.MEDIA_TYPE:
            request = binary_body.read_search(body, dim, self._limits, table)
        else:
            expected = f"{json_body.MEDIA_TYPE.decode()} or {binary_body.MEDIA_TYPE.decode()}"
            raise RefusalError(415, f"content-type is unknown, expected {expected}", "content-type")
        answer = await self._run(scope, request)
        if media_type == binary_body.MEDIA_TYPE:
            return 200, media_type, binary_body.write_answer(answer)
        return 200, JSON, json_body.write_answer(answer)

    async def _search_by_ids(self, scope: Scope, body: bytes) -> tuple[int, bytes, bytes]:
        if _media_type(scope) != json_body.MEDIA_TYPE:
            raise RefusalError(415, "content-type is not application/json", "content-type")
        has_names = self.version.has_names
        table = self._tables[has_names]
        request = json_body.read_search_by_ids(body, self._limits, table, has_names)
        return 200, JSON, json_body.write_answer(await self._run(scope, request))

    async def _run(self, scope: Scope, request: Any) -> Answer:
        deadline = scope["arrival"] + self._limits.seconds
        answer = await self.runner.run(request, deadline, others=scope["waiting"] > 0)
        self.recorder.add("queries", request.count)
        return answer

    def _ready(self) -> tuple[int, bytes, bytes]:
        if self.draining:
            raise RefusalError(503, "the service is about to end")
        return 200, JSON, orjson.dumps({"status": "ready", "version": self.version.name})

    def _info(self) -> tuple[int, bytes, bytes]:
        limits = self.settings.limits
        about = {
            **self._facts(),
            "file": os.path.basename(self.settings.path),
            "vecq": vecq.__version__,
            "isa": vecq.cpu().active,
            "worker": self._worker,
            "workers": self._counters.workers,
            "limits": {name: getattr(limits, name) for name in limits.__dataclass_fields__},
        }
        return 200, JSON, orjson.dumps(plain(about))

    def _facts(self) -> dict[str, Any]:
        index = self.version.index
        curve, rerank = index.recall_curve, index.rerank_codec
        return {
            "version": self.version.name,
            "rows": len(index),
            "dim": index.dim,
            "metric": index.metric,
            "codec": index.codec.kind,
            "rerank_codec": None if rerank is None else rerank.kind,
            "m": index.m,
            "id_type": index.id_type,
            "attributes": index.attributes,
            "recall_curve": None if curve is None else dict(curve.curves),
        }

    def _metrics(self) -> tuple[int, bytes, bytes]:
        media_type = prometheus_client.CONTENT_TYPE_LATEST.encode()
        return 200, media_type, exposition(self._counters, self._facts())

    def _document(self) -> dict[str, Any]:
        version = self.version
        table = self._tables[version.has_names]
        return openapi(self.settings, table, version.index.dim, version.has_names)


class _ClientLeftError(Exception):
    """The client closed the connection before its request was complete."""


def _header(scope: Scope, name: bytes) -> bytes:
    for own, value in scope["headers"]:
        if own == name:
            return bytes(value)
    return b""


def _media_type(scope: Scope) -> bytes:
    return _header(scope, b"content-type").partition(b";")[0].strip().lower()

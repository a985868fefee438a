"""The application: routes, limits, the token, and typed errors."""

from __future__ import annotations

import hmac
import logging
import os
import time
from collections.abc import Callable
from typing import Any

import vecq
from vecq.core.errors import VecqError
from vecq.core.json_values import plain
from vecq.serving import binary_body, json_body
from vecq.serving.docs_page import docs_page
from vecq.serving.http_request import HttpRequest
from vecq.serving.metrics import ENDPOINTS, Recorder, SharedCounters, exposition
from vecq.serving.openapi import openapi
from vecq.serving.options import search_options
from vecq.serving.packages import orjson, prometheus_client
from vecq.serving.refusal import RETRY, Header, RefusalError
from vecq.serving.runner import Runner
from vecq.serving.search_request import Answer, SearchRequest
from vecq.serving.settings import Settings
from vecq.serving.versions import Version

Content = tuple[bytes, bytes]  # media type and body
JSON, HTML = b"application/json", b"text/html; charset=utf-8"
OPEN_PATHS = ("/healthz", "/readyz")  # they need no token
# Endpoints by path; others count as the last one.
NUMBERS = {f"/{name}": number for number, name in enumerate(ENDPOINTS[:-1])}
OTHER = len(ENDPOINTS) - 1
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
        self.recorder = Recorder(counters.row(worker))
        self.runner = Runner(lambda: self.version, self.recorder, settings.micro_batch)
        self._posts = {"/search": self._search, "/search_by_ids": self._search_by_ids}
        self._gets: dict[str, Callable[[], Content]] = {
            "/healthz": lambda: (JSON, b'{"status":"alive"}'),
            "/readyz": self._ready,
            "/info": self._info,
            "/metrics": self._metrics,
            "/openapi.json": lambda: (JSON, orjson.dumps(self._document())),
            "/docs": lambda: (HTML, docs_page(self._document())),
        }

    def drain(self) -> None:
        """Begin to end: /readyz fails, and answers close their connections."""
        self.draining = True

    def check_head(self, request: HttpRequest) -> None:
        """Refuse a request before its body is read.

        Raises:
            RefusalError: It has no token, is too large, or asks for what is not served.
        """
        method, path = request.method, request.path
        if self.settings.token and path not in OPEN_PATHS:
            self._check_token(request)
        if method == "POST" and path in self._posts:
            most = self._limits.body_bytes
            length = int(request.headers.get(b"content-length", 0))
            if length > most:
                raise RefusalError(
                    413, f"body has {length} bytes, at most {most} are allowed", "body"
                )
        elif path in self._gets:
            if method not in ("GET", "HEAD"):
                raise _wrong_method(request, "GET, HEAD")
        elif path in self._posts:
            raise _wrong_method(request, "POST")
        else:
            known = ", ".join((*self._posts, *self._gets))
            raise RefusalError(404, f"{path:.100} is unknown, expected one of {known}", "path")

    def answer(self, request: HttpRequest) -> None:
        """Answer a request, now or once its search is done."""
        try:
            if request.refusal is not None:
                raise request.refusal
            if request.method == "POST":
                if request.waiting >= self._limits.waiting:
                    most = self._limits.waiting
                    raise RefusalError(429, f"{most} requests wait already", "", RETRY)
                self._posts[request.path](request)
            else:
                media_type, body = self._gets[request.path]()
                self._respond(request, 200, media_type, body)
        except Exception as error:
            self._fail(request, error)

    def _respond(
        self,
        request: HttpRequest,
        status: int,
        media_type: bytes,
        body: bytes,
        headers: tuple[Header, ...] = (),
    ) -> None:
        if self.draining:
            request.keep_alive = False
        number = NUMBERS.get(request.path, OTHER)
        self.recorder.request(number, status, time.monotonic() - request.arrival)
        request.respond(status, media_type, body, headers)

    def _fail(self, request: HttpRequest, error: Exception) -> None:
        """Answer a request that raised an error."""
        if isinstance(error, RefusalError):
            refusal = error
        elif isinstance(error, VecqError):
            refusal = RefusalError.of(error)
        else:
            log.error("%s %s failed", request.method, request.path, exc_info=error)
            refusal = RefusalError(500, "the service failed; its log has the reason")
        self._respond(request, refusal.status, JSON, refusal.body(), refusal.headers)

    def _check_token(self, request: HttpRequest) -> None:
        given = request.headers.get(b"authorization", b"")
        if not hmac.compare_digest(given, self._token):
            message = "the header authorization has no valid token, expected Bearer TOKEN"
            challenge = ((b"www-authenticate", b"Bearer"),)
            raise RefusalError(401, message, "authorization", challenge)

    # Endpoints

    def _search(self, request: HttpRequest) -> None:
        media_type, body = _media_type(request), request.body
        dim, has_names = self.version.index.dim, self.version.has_names
        table = self._tables[has_names]
        if media_type == json_body.MEDIA_TYPE:
            search = json_body.read_search(body, dim, self._limits, table, has_names)
            self._run(request, search, media_type, json_body.write_answer)
        elif media_type == binary_body.MEDIA_TYPE and has_names:
            raise RefusalError(
                415, "binary bodies have no string ids, expected application/json", "content-type"
            )
        elif media_type == binary_body.MEDIA_TYPE:
            search = binary_body.read_search(body, dim, self._limits, table)
            self._run(request, search, media_type, binary_body.write_answer)
        else:
            expected = f"{json_body.MEDIA_TYPE.decode()} or {binary_body.MEDIA_TYPE.decode()}"
            raise RefusalError(415, f"content-type is unknown, expected {expected}", "content-type")

    def _search_by_ids(self, request: HttpRequest) -> None:
        if _media_type(request) != json_body.MEDIA_TYPE:
            raise RefusalError(415, "content-type is not application/json", "content-type")
        has_names = self.version.has_names
        table = self._tables[has_names]
        search = json_body.read_search_by_ids(request.body, self._limits, table, has_names)
        self._run(request, search, JSON, json_body.write_answer)

    def _run(
        self,
        request: HttpRequest,
        search: SearchRequest,
        media_type: bytes,
        write: Callable[[Answer], bytes],
    ) -> None:
        def reply(found: Answer | Exception) -> None:
            try:
                if isinstance(found, Exception):
                    raise found
                body = write(found)
            except Exception as error:
                self._fail(request, error)
            else:
                self.recorder.add("queries", search.count)
                self._respond(request, 200, media_type, body)

        self.runner.run(search, request.arrival + self._limits.seconds, reply)

    def _ready(self) -> Content:
        if self.draining:
            raise RefusalError(503, "the service is about to end")
        return JSON, orjson.dumps({"status": "ready", "version": self.version.name})

    def _info(self) -> Content:
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
        return JSON, orjson.dumps(plain(about))

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

    def _metrics(self) -> Content:
        media_type = prometheus_client.CONTENT_TYPE_LATEST.encode()
        return media_type, exposition(self._counters, self._facts())

    def _document(self) -> dict[str, Any]:
        version = self.version
        table = self._tables[version.has_names]
        return openapi(self.settings, table, version.index.dim, version.has_names)


def _media_type(request: HttpRequest) -> bytes:
    given = request.headers.get(b"content-type", b"")
    return given if given == JSON else given.partition(b";")[0].strip().lower()


def _wrong_method(request: HttpRequest, allowed: str) -> RefusalError:
    return RefusalError(
        405,
        f"{request.path} does not answer {request.method}, expected {allowed}",
        "method",
        ((b"allow", allowed.encode()),),
    )

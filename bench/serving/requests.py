"""Request messages for the load generator, encoded before the clock starts."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

HEADER = struct.Struct("<4sIIIIIQ")  # of a binary search; docs/serving.md documents it


@dataclass(frozen=True)
class Address:
    """Where a service listens."""

    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> Address:
        """Parse http://HOST:PORT[/PREFIX]; raise ValueError if it is no such URL."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"{url!r} is no http URL, expected one such as http://127.0.0.1:8080")
        return cls(parts.hostname, parts.port or 80, parts.path.rstrip("/"))


def messages(
    address: Address,
    queries: NDArray[np.float32],
    *,
    k: int,
    excluded: int = 0,
    items: int = 0,
    per_request: int = 1,
    binary: bool = False,
    token: str = "",
    seed: int = 0,
) -> list[bytes]:
    """Return HTTP messages of POST /search that cover all queries.

    Args:
        address: The service.
        queries: One query per row.
        k: Number of results per query.
        excluded: Number of ids to exclude for each query, drawn at random. Default: 0.
        items: Ids are drawn from 0 to this number. Default: 0.
        per_request: Queries per request. Default: 1.
        binary: Send binary bodies instead of JSON. Default: False.
        token: The bearer token. Default: none.
        seed: Seed of the excluded ids. Default: 0.
    """
    rng, made = np.random.default_rng(seed), []
    for first in range(0, len(queries) - per_request + 1, per_request):
        rows = np.ascontiguousarray(queries[first : first + per_request])
        ids = rng.integers(0, max(items, 1), (per_request, excluded), dtype=np.int64)
        body = _binary(rows, k, ids) if binary else _json(rows, k, ids)
        made.append(_message(address, body, binary, token))
    return made


def _json(rows: NDArray[np.float32], k: int, ids: NDArray[np.int64]) -> bytes:
    exclude = {"exclude": ids.tolist()} if ids.size else {}
    return json.dumps({"queries": rows.tolist(), "k": k, **exclude}).encode()


def _binary(rows: NDArray[np.float32], k: int, ids: NDArray[np.int64]) -> bytes:
    count, dim = rows.shape
    lengths = np.full(count if ids.size else 0, ids.shape[1], "<u4")
    head = HEADER.pack(b"VQS1", count, dim, k, 0, 0, ids.size)
    return b"".join((head, ids.astype("<i8").tobytes(), lengths.tobytes(), rows.tobytes()))


def _message(address: Address, body: bytes, binary: bool, token: str) -> bytes:
    media_type = "application/vnd.vecq" if binary else "application/json"
    secret = f"authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {address.path}/search HTTP/1.1\r\nhost: {address.host}\r\n{secret}"
        f"content-type: {media_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body

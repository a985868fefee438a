"""Binary bodies of POST /search, for clients that send many queries. All numbers little-endian.

Request:

    4 bytes   magic "VQS1"
    uint32    queries
    uint32    dimensions
    uint32    k
    uint32    bytes of options
    uint32    0
    uint64    excluded ids, of all queries together
    int64     excluded ids: first those of the first query, then those of the second, ...
    uint32    number of excluded ids of each query; left out if there are no excluded ids
    float32   queries, one after the other
    bytes     options, a JSON object such as {"ef": 400}; left out if its length is 0

Answer:

    4 bytes   magic "VQR1"
    uint32    queries
    uint32    k
    uint32    0
    uint64    version, the number that JSON answers name in hexadecimal digits
    uint64    0
    int64     ids, k for each query; -1 where a query has fewer results
    float32   scores, k for each query; minus infinity where a query has fewer results

Arrays begin at multiples of their element size, so both sides use them in place.
"""

from __future__ import annotations

import struct

import numpy as np

from vecq.serving.json_body import read_options
from vecq.serving.options import Option
from vecq.serving.refusal import RefusalError, argument_fault
from vecq.serving.search_request import (
    Answer,
    Exclude,
    SearchRequest,
    check_count,
    checked_k,
    checked_options,
)
from vecq.serving.settings import Limits

MEDIA_TYPE = b"application/vnd.vecq"
REQUEST, ANSWER = struct.Struct("<4sIIIIIQ"), struct.Struct("<4sIIIQQ")
REQUEST_MAGIC, ANSWER_MAGIC = b"VQS1", b"VQR1"
INT64, UINT32, FLOAT32 = np.dtype("<i8"), np.dtype("<u4"), np.dtype("<f4")


def read_search(body: bytes, dim: int, limits: Limits, table: dict[str, Option]) -> SearchRequest:
    """Read the body of POST /search.

    Raises:
        RefusalError: The body is malformed, or an argument is wrong.
    """
    if len(body) < REQUEST.size:
        raise RefusalError(
            400, f"body has {len(body)} bytes, expected a header of {REQUEST.size}", "body"
        )
    magic, count, columns, k, option_bytes, zero, excluded = REQUEST.unpack_from(body)
    if magic != REQUEST_MAGIC or zero != 0:
        raise RefusalError(400, 'body has no header of a search: expected the magic "VQS1"', "body")
    if columns != dim:
        raise argument_fault(f"queries has {columns} columns, expected {dim}", "queries")
    check_count(count, limits, "queries")
    checked_k(k, limits)
    sizes = 8 * excluded, 4 * count if excluded else 0, 4 * count * dim, option_bytes
    if REQUEST.size + sum(sizes) != len(body):
        raise RefusalError(
            400,
            f"body has {len(body)} bytes, expected {REQUEST.size + sum(sizes)} by its header",
            "body",
        )
    starts = np.cumsum([REQUEST.size, *sizes]).tolist()
    queries = np.frombuffer(body, FLOAT32, count * dim, starts[2]).reshape(count, dim)
    exclude = _excluded(body, excluded, count, starts) if excluded else None
    given = read_options(body[starts[3] :]) if option_bytes else {}
    options, key = checked_options(given, table, k, count)
    return SearchRequest(k, options, key, queries, exclude)


def write_answer(answer: Answer) -> bytes:
    """Return an answer in binary."""
    count, k = answer.ids.shape
    head = ANSWER.pack(ANSWER_MAGIC, count, k, 0, int(answer.version, 16), 0)
    ids, scores = answer.ids.astype(INT64, copy=False), answer.scores.astype(FLOAT32, copy=False)
    return b"".join((head, ids.tobytes(), scores.tobytes()))


def _excluded(body: bytes, excluded: int, count: int, starts: list[int]) -> Exclude:
    lengths = np.frombuffer(body, UINT32, count, starts[1]).tolist()
    if sum(lengths) != excluded:
        raise argument_fault(
            f"exclude has {excluded} ids, but its lengths sum to {sum(lengths)}", "exclude"
        )
    return lengths, np.frombuffer(body, INT64, excluded, starts[0])

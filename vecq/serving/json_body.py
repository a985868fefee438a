"""Bodies in JSON: requests are read into arrays once, answers are written from arrays."""

from __future__ import annotations

from array import array
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.arguments import counted, type_of
from vecq.serving.options import NAMES, Option, check_value, ids_schema
from vecq.serving.packages import orjson
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

MEDIA_TYPE = b"application/json"
DEFAULT_K = 10
_NONE: Any = object()  # what a request leaves out; null is a value of a wrong type


def read_search(
    body: bytes, dim: int, limits: Limits, table: dict[str, Option], has_names: bool = False
) -> SearchRequest:
    """Read the body of POST /search; with `has_names`, ids are strings.

    Raises:
        RefusalError: The body is malformed, or an argument is wrong.
    """
    given = _object(body)
    if "queries" not in given:
        raise argument_fault("queries is missing, expected a list of vectors", "queries")
    rows, k = given.pop("queries"), checked_k(given.pop("k", DEFAULT_K), limits)
    exclude = given.pop("exclude", _NONE)
    strict = _may_have_booleans(body)
    queries = _matrix(rows, dim, limits, strict)
    excluded = None
    if exclude is not _NONE:
        _check_lists(exclude, len(queries))
        excluded = _excluded_names(exclude) if has_names else _excluded(exclude, strict)
    options, key = checked_options(given, table, k, len(queries))
    return SearchRequest(k, options, key, queries, excluded)


def read_search_by_ids(
    body: bytes, limits: Limits, table: dict[str, Option], has_names: bool = False
) -> SearchRequest:
    """Read the body of POST /search_by_ids; with `has_names`, ids are strings.

    Raises:
        RefusalError: The body is malformed, or an argument is wrong.
    """
    given = _object(body)
    if "ids" not in given:
        raise argument_fault("ids is missing, expected a list of ids", "ids")
    ids, k = given.pop("ids"), checked_k(given.pop("k", DEFAULT_K), limits)
    check_value(ids, ids_schema(has_names), "ids")
    check_count(len(ids), limits, "ids")
    options, _ = checked_options(given, table, k, len(ids))
    return SearchRequest(k, options, None, ids=ids if has_names else np.array(ids, np.int64))


def write_answer(answer: Answer) -> bytes:
    """Return ids and scores as lists, each as long as its query has results."""
    ids: Any = answer.ids if answer.ids.dtype == np.int64 else answer.ids.tolist()
    scores: Any = answer.scores
    if not answer.is_full:
        counts = answer.counts.tolist()
        ids = [row[:count] for row, count in zip(ids, counts, strict=True)]
        scores = [row[:count] for row, count in zip(scores, counts, strict=True)]
    found = {"ids": ids, "scores": scores, "version": answer.version}
    return orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY)


def read_options(body: bytes) -> dict[str, Any]:
    """Read the options of a binary body."""
    return _object(body)


def _may_have_booleans(body: bytes) -> bool:
    """Whether numbers need a check: arrays take booleans for numbers.

    One letter is found in a fiftieth of the time of a word, and few bodies have it.
    """
    return (b"t" in body and b"true" in body) or (b"a" in body and b"false" in body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RefusalError(400, f"body is not JSON: {error}", "body") from None
    if type(given) is not dict:
        raise RefusalError(400, f"body is {type_of(given)}, expected an object", "body")
    return given


def _matrix(rows: Any, dim: int, limits: Limits, strict: bool) -> NDArray[np.float32]:
    """Return vectors as a matrix. `strict` looks for booleans, which convert to numbers."""
    if type(rows) is not list:
        raise argument_fault("queries is no list, expected a list of vectors", "queries")
    check_count(len(rows), limits, "queries")
    values = array("f")
    for number, row in enumerate(rows):
        if type(row) is not list or len(row) != dim:
            found = counted(len(row), "number") if type(row) is list else type_of(row)
            raise argument_fault(
                f"queries has {found} in row {number}, expected a list of {dim} numbers", "queries"
            )
        try:
            if strict and bool in map(type, row):
                raise TypeError("must be real number, not bool")
            values.fromlist(row)
        except (TypeError, OverflowError) as error:
            raise argument_fault(f"queries is wrong in row {number}: {error}", "queries") from None
    return np.frombuffer(values, np.float32).reshape(len(rows), dim)


def _check_lists(lists: Any, count: int) -> None:
    """Refuse exclusions that are no list of lists, one for each query."""
    if type(lists) is not list or len(lists) != count:
        found = counted(len(lists), "list") if type(lists) is list else type_of(lists)
        raise argument_fault(
            f"exclude has {found} for {counted(count, 'query')}, expected a list of ids for each",
            "exclude",
        )
    for number, own in enumerate(lists):
        if type(own) is not list:
            raise argument_fault(
                f"exclude has {type_of(own)} for query {number}, expected a list of ids",
                "exclude",
            )


def _excluded_names(lists: list[list[Any]]) -> Exclude:
    names = [*chain.from_iterable(lists)]
    check_value(names, NAMES, "exclude")
    return [*map(len, lists)], names


def _excluded(lists: list[list[Any]], strict: bool) -> Exclude:
    ids = array("q")
    for number, own in enumerate(lists):
        try:
            if strict and bool in map(type, own):
                raise TypeError("an id must be a whole number, not a boolean")
            ids.fromlist(own)
        except (TypeError, OverflowError) as error:
            raise argument_fault(
                f"exclude is wrong for query {number}: {error}", "exclude"
            ) from None
    return [*map(len, lists)], np.frombuffer(ids, np.int64)

"""The OpenAPI document of the service, from the same table and limits that check requests."""

from __future__ import annotations

from typing import Any

import vecq
from vecq.serving import binary_body
from vecq.serving.options import Option, ids_schema
from vecq.serving.refusal import STATUSES
from vecq.serving.settings import Limits, Settings

Schema = dict[str, Any]
TEXTS = {
    400: "The body is malformed.",
    401: "The token is missing or wrong.",
    405: "The path does not answer this method.",
    413: "The body has too many bytes.",
    415: "The content-type is unknown.",
    422: "An argument is wrong; the answer names it.",
    429: "Too many requests wait; try again later.",
    431: "The headers have too many bytes.",
    503: "The service is about to end, or the request waited until its deadline.",
    504: "The deadline passed during the search.",
}
VERSION = {
    "type": "string",
    "pattern": "^[0-9a-f]{16}$",
    "description": "Name of the index version that all results come from.",
}


def openapi(
    settings: Settings, table: dict[str, Option], dim: int, has_names: bool = False
) -> dict[str, Any]:
    """Return the document for an index of `dim` dimensions and of string ids or numbers."""
    limits, secured, ids = settings.limits, bool(settings.token), ids_schema(has_names)
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "vecq",
            "version": vecq.__version__,
            "description": "Nearest-neighbor search over one index file.",
        },
        "paths": {
            "/search": {"post": _search(limits, table, dim, ids)},
            "/search_by_ids": {"post": _search_by_ids(limits, table, ids)},
            "/healthz": _get("Whether the process answers.", _status("alive")),
            "/readyz": _get("Whether the service takes requests.", _status("ready"), [503]),
            "/info": _get("Index, version and limits.", _json({"type": "object"})),
            "/metrics": _get("Metrics of all workers for Prometheus.", _text("text/plain")),
            "/openapi.json": _get("This document.", _json({"type": "object"})),
            "/docs": _get("This document as a page.", _text("text/html")),
        },
        "components": {
            "schemas": {"Answer": _answer(ids), "Error": _error()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    if secured:
        for path, item in document["paths"].items():
            if path not in ("/healthz", "/readyz"):
                for operation in item.values():
                    operation["security"] = [{"token": []}]
                    operation["responses"]["401"] = _failure(401)
    return document


def _search(limits: Limits, table: dict[str, Option], dim: int, ids: Schema) -> Schema:
    vector = {"type": "array", "items": {"type": "number"}, "minItems": dim, "maxItems": dim}
    properties: Schema = {
        "queries": {
            "type": "array",
            "items": vector,
            "minItems": 1,
            "maxItems": limits.queries,
            "description": f"Vectors of {dim} numbers.",
        },
        "k": _k(limits),
        "exclude": {
            "type": "array",
            "items": ids,
            "description": "For each query, ids that its results must not have. Default: none.",
        },
        **_options(table),
    }
    binary_type = binary_body.MEDIA_TYPE.decode()
    binary = {"type": "string", "contentMediaType": binary_type}
    return {
        "summary": "Find the k best items for each query.",
        "description": f"A body of type {binary_type} is answered in binary; the guide to "
        "serving documents the layout.",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _object(properties, "queries")},
                binary_type: {"schema": binary},
            },
        },
        "responses": {
            "200": {
                "description": "Ids and scores, best first; higher scores are better.",
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Answer"}},
                    binary_type: {"schema": binary},
                },
            },
            **_failures(),
        },
    }


def _search_by_ids(limits: Limits, table: dict[str, Option], ids: Schema) -> Schema:
    ids = {
        **ids,
        "minItems": 1,
        "maxItems": limits.queries,
        "description": "Ids of items in the index.",
    }
    schema = _object({"ids": ids, "k": _k(limits), **_options(table)}, "ids")
    return {
        "summary": "Find the k best items for each of some items, itself excluded.",
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "200": _json({"$ref": "#/components/schemas/Answer"}),
            **_failures(),
        },
    }


def _k(limits: Limits) -> Schema:
    return {
        "type": "integer",
        "minimum": 1,
        "maximum": limits.k,
        "description": "Number of results per query. Default: 10.",
    }


def _options(table: dict[str, Option]) -> Schema:
    return {name: {**one.schema, "description": one.text} for name, one in table.items()}


def _object(properties: Schema, required: str) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": [required],
        "additionalProperties": False,
        "not": {
            "anyOf": [
                {"required": ["ef", "target_recall"]},
                {"required": ["ef", "probes"]},
                {"required": ["probes", "target_recall"]},
            ]
        },
    }


def _answer(ids: Schema) -> Schema:
    rows = {"type": "array", "items": ids}
    scores = {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}
    return {
        "type": "object",
        "properties": {"ids": rows, "scores": scores, "version": VERSION},
        "required": ["ids", "scores", "version"],
        "additionalProperties": False,
    }


def _error() -> Schema:
    fields = {
        "type": {"type": "string", "enum": sorted(set(STATUSES.values()))},
        "argument": {"type": "string", "description": "Name of the argument at fault, or empty."},
        "message": {"type": "string"},
    }
    error = {"type": "object", "properties": fields, "required": [*fields]}
    return {"type": "object", "properties": {"error": error}, "required": ["error"]}


def _get(summary: str, answer: Schema, failures: list[int] | None = None) -> Schema:
    others = {str(status): _failure(status) for status in failures or []}
    operation = {"summary": summary, "responses": {"200": answer, **others}}
    return {"get": operation}


def _status(state: str) -> Schema:
    properties = {"status": {"type": "string", "const": state}, "version": VERSION}
    return _json({"type": "object", "properties": properties, "required": ["status"]})


def _json(schema: Schema) -> Schema:
    return {"description": "The answer.", "content": {"application/json": {"schema": schema}}}


def _text(media_type: str) -> Schema:
    return {"description": "The answer.", "content": {media_type: {"schema": {"type": "string"}}}}


def _failures() -> Schema:
    return {str(code): _failure(code) for code in (400, 413, 415, 422, 429, 503, 504)}


def _failure(status: int) -> Schema:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": TEXTS[status], "content": {"application/json": {"schema": schema}}}

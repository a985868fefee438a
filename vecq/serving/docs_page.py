"""The OpenAPI document as an HTML page that loads nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.4 ui-monospace, monospace; }
pre { background: #8881; padding: .7rem 1rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid #8884; padding: .3rem .6rem .3rem 0; text-align: left;
  vertical-align: top; }
h2 { margin-top: 2.2rem; border-top: 1px solid #8884; padding-top: 1rem; }
:root { color-scheme: light dark; }
"""


def docs_page(document: dict[str, Any]) -> bytes:
    """Return the page."""
    title = f"{document['info']['title']} {document['info']['version']}"
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>",
        f"<style>{STYLE}</style><h1>{escape(title)}</h1>",
        f"<p>{escape(document['info']['description'])} The same as JSON: ",
        "<a href=openapi.json>openapi.json</a>.</p>",
    ]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            parts += _operation(path, method, operation)
    parts.append("<h2>Schemas</h2>")
    for name, schema in document["components"]["schemas"].items():
        parts.append(f"<h3>{escape(name)}</h3><pre>{escape(json.dumps(schema, indent=2))}</pre>")
    return "".join(parts).encode()


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    lock = " (needs the token)" if "security" in operation else ""
    yield f"<h2><code>{method.upper()} {escape(path)}</code>{lock}</h2>"
    yield f"<p>{escape(operation['summary'])} {escape(operation.get('description', ''))}</p>"
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        yield from _properties(content["application/json"]["schema"])
    yield "<table><tr><th>status<th>meaning"
    for status, response in operation["responses"].items():
        yield f"<tr><td>{status}<td>{escape(response['description'])}"
    yield "</table>"


def _properties(schema: dict[str, Any]) -> Iterator[str]:
    yield "<table><tr><th>argument<th>type<th>meaning"
    for name, own in schema["properties"].items():
        needed = " <b>required</b>" if name in schema["required"] else ""
        text = f"{escape(own.get('description', ''))}{needed}"
        yield f"<tr><td><code>{escape(name)}</code><td>{_type(own)}<td>{text}"
    yield "</table>"


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return ", or ".join(map(_type, schema["anyOf"]))
    if type(schema["type"]) is list:
        return " or ".join(schema["type"])
    if schema["type"] == "array":
        return f"list of {_type(schema['items'])}"
    if "enum" in schema:
        return escape(" | ".join(map(str, schema["enum"])))
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    limits = "" if least is None else f", {least} to {schema['maximum']}"
    return f"{schema['type']}{limits}"

"""The options of a search that requests may give: one table for checks and documentation.

An option of `vecq.Index.search` is added by one line here. The schema refuses values of a wrong
type; `Index.search` checks the rest and names the argument in its error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vecq.serving.refusal import argument_fault
from vecq.serving.settings import Limits

Schema = dict[str, Any]
INT64 = 2**63
IDS: Schema = {"type": "array", "items": {"type": "integer", "format": "int64"}}


@dataclass(frozen=True)
class Option:
    """One option: its name, the JSON schema of its values, and a sentence for the reader."""

    name: str
    schema: Schema
    text: str
    is_light: bool = True  # requests that differ in nothing else may share one call


def search_options(limits: Limits) -> dict[str, Option]:
    """Return the options by name."""
    table = (
        Option("ef", _whole(1, limits.ef), "Beam width of the walk. Default: k + 100."),
        Option(
            "target_recall",
            {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "Recall to reach, instead of ef; the index must store a recall curve.",
        ),
        Option("allow", IDS, "Ids that all queries may return. Default: all.", is_light=False),
        Option("deny", IDS, "Ids that no query may return. Default: none.", is_light=False),
        Option(
            "plan",
            {"type": "string", "enum": ["auto", "walk", "step_over", "scan"]},
            "How to search. Default: auto.",
            is_light=False,
        ),
        Option(
            "rerank_factor",
            {"type": "number", "minimum": 0, "maximum": 1000},
            "Candidates per result to rescore on the rerank store; 0 for none.",
        ),
        Option("query_bits", {"type": "integer", "enum": [8, 15]}, "Precision of the query."),
    )
    return {option.name: option for option in table}


def check_value(value: Any, schema: Schema, name: str) -> None:
    """Refuse a value that does not match a schema of this table.

    Raises:
        RefusalError: It does not match.
    """
    kind = schema["type"]
    if kind == "array":
        if type(value) is not list:
            raise argument_fault(f"{name} is {_short(value)}, expected a list", name)
        for one in value:
            check_value(one, schema["items"], name)
        return
    if type(value) not in _TYPES[kind]:
        raise argument_fault(f"{name} is {_short(value)}, expected {_NAMES[kind]}", name)
    if schema.get("format") == "int64" and not -INT64 <= value < INT64:
        raise argument_fault(f"{name} has {value}, beyond int64", name)
    if "enum" in schema and value not in schema["enum"]:
        choices = ", ".join(map(str, schema["enum"]))
        raise argument_fault(f"{name} is {_short(value)}, expected one of {choices}", name)
    if not (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
    ):
        raise argument_fault(f"{name} is {_short(value)}, expected {_range(schema)}", name)


_TYPES: dict[str, tuple[type, ...]] = {"integer": (int,), "number": (int, float), "string": (str,)}
_NAMES = {"integer": "a whole number", "number": "a number", "string": "text"}


def _whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _range(schema: Schema) -> str:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    above = "more than " if "exclusiveMinimum" in schema else ""
    return f"{above}{least} to {schema['maximum']}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

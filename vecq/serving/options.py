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
NAMES: Schema = {"type": "array", "items": {"type": "string"}}


BIAS_WEIGHT: Schema = {"type": "number", "minimum": -1e18, "maximum": 1e18}


@dataclass(frozen=True)
class Option:
    """One option: its name, the JSON schema of its values, and a sentence for the reader."""

    name: str
    schema: Schema
    text: str
    is_light: bool = True  # requests that differ in nothing else may share one call


def ids_schema(has_names: bool) -> Schema:
    """Return the schema of a list of ids, which are strings or numbers."""
    return NAMES if has_names else IDS


def search_options(limits: Limits, has_names: bool = False) -> dict[str, Option]:
    """Return the options by name, for an index of string ids or of numbers."""
    ids = ids_schema(has_names)
    table = (
        Option(
            "ef", _whole(1, limits.ef), "Beam width. Default: k + 100, or more for codes in planes."
        ),
        Option(
            "target_recall",
            {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "Recall to reach, instead of ef; the index must store a recall curve.",
        ),
        Option("allow", ids, "Ids that all queries may return. Default: all.", is_light=False),
        Option("deny", ids, "Ids that no query may return. Default: none.", is_light=False),
        Option(
            "where",
            _one_or_each({"type": "string"}, {"type": ["string", "null"]}),
            "Condition on attributes, such as \"price < 100 and tags has 'new'\": one for all "
            "queries, or a list with one for each, in which null allows all items.",
            is_light=False,
        ),
        Option(
            "bias_weight",
            _one_or_each(BIAS_WEIGHT, BIAS_WEIGHT),
            "Weight of the items' biases: one for all queries, or a list with one for each. "
            "Default: 1.",
        ),
        Option(
            "group_by",
            {"type": "string"},
            "Attribute whose values are the groups of items: a category, int64 or bool.",
            is_light=False,
        ),
        Option("per_group", _whole(1, limits.k), "Results that may be of one group. Default: 1."),
        Option(
            "diversity",
            {"type": "number", "minimum": 0, "maximum": 1},
            "Weight of differences between results; 0 ranks by score. Default: 0.",
            is_light=False,
        ),
        Option(
            "candidates",
            _whole(1, limits.ef),
            "Items among which diversity picks. Default: 500.",
        ),
        Option(
            "plan",
            {"type": "string", "enum": ["auto", "walk", "step_over", "scan", "probe"]},
            "How to search. Default: auto.",
            is_light=False,
        ),
        Option(
            "probes",
            _whole(1, limits.ef),
            "Cells to score for each query, if the index was partitioned; implies plan probe.",
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
    if "anyOf" in schema:
        schema = schema["anyOf"][type(value) is list]
    kind = schema["type"]
    if type(kind) is list:
        if value is None:
            return
        kind = kind[0]
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


def _one_or_each(one: Schema, each: Schema) -> Schema:
    return {"anyOf": [one, {"type": "array", "items": each}]}


def _whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _range(schema: Schema) -> str:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    above = "more than " if "exclusiveMinimum" in schema else ""
    return f"{above}{least} to {schema['maximum']}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

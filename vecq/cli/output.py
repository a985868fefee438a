"""Output of commands: text for people, or JSON for programs."""

import argparse
import json

from vecq.core.json_values import plain


def add_json(parser: argparse._ActionsContainer, text: str = "Print JSON instead of text") -> None:
    """Add the option --json."""
    parser.add_argument("--json", action="store_true", help=text)


def print_result(arguments: argparse.Namespace, text: object, values: object) -> None:
    """Print `text`, or `values` as JSON if --json was given."""
    print(as_json(values) if arguments.json else text)


def as_json(values: object) -> str:
    """Return JSON of plain values, NumPy values and paths; non-finite numbers become null.

    >>> as_json({"recall": float("inf"), "ids": numpy.arange(2)})
    '{"recall": null, "ids": [0, 1]}'
    """
    return json.dumps(plain(values), allow_nan=False)

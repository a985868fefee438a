"""What commands print: text for people, or JSON for programs."""

import argparse
import json

from vecq.core.json_values import plain


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def say(arguments: argparse.Namespace, text: object, values: object) -> None:
    """Prints the text, or the values as JSON if that was asked for."""
    print(as_json(values) if arguments.json else text)


def as_json(values: object) -> str:
    """JSON of plain values, numpy's and paths; what is not finite becomes null.

    >>> as_json({"recall": float("inf"), "ids": numpy.arange(2)})
    '{"recall": null, "ids": [0, 1]}'
    """
    return json.dumps(plain(values), allow_nan=False)

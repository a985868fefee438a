"""Options that choose and weigh the items of results, in common of vecq search and recommend."""

import argparse
from typing import Any

from vecq.cli.inputs import read_ids


def add_filters(group: argparse._ArgumentGroup) -> None:
    """Add the options --allow, --deny, --where and --bias-weight."""
    add = group.add_argument
    add("--allow", metavar="FILE", help="Only return these ids: .npy, or text with one id per line")
    add("--deny", metavar="FILE", help="Never return these ids: .npy, or text with one id per line")
    add(
        "--where",
        metavar="CONDITION",
        help="Only return items whose attributes satisfy a condition, such as "
        "\"price < 100 and not tags has 'adult'\"; see vecq build --attribute",
    )
    add(
        "--bias-weight",
        type=float,
        metavar="WEIGHT",
        help="Weight of the items' biases, which scores add to similarities; 0 for none "
        "(default: 1)",
    )


def read_filters(arguments: argparse.Namespace, strings: bool) -> dict[str, Any]:
    """Return the arguments of `Index.search` that the options of `add_filters` give.

    Args:
        arguments: The parsed options.
        strings: Whether the index has string ids.

    Raises:
        ArgumentError: A file is missing or holds no ids.
    """
    given = {name: getattr(arguments, name) for name in ("where", "bias_weight")}
    found = {name: value for name, value in given.items() if value is not None}
    files = {name: getattr(arguments, name) for name in ("allow", "deny")}
    return found | {name: read_ids(path, name, strings) for name, path in files.items() if path}

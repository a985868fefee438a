"""Checks of single arguments: names, whole numbers and numbers."""

import operator
from collections.abc import Mapping
from typing import Any

from vecq.core.errors import ArgumentError

# The largest k, and the largest beam width.
MOST = 2**31 - 1


def choose(table: Mapping[str, int], name: object, argument: str) -> int:
    """Return the constant of a name; refuse names that are not in the table."""
    if isinstance(name, str) and name in table:
        return table[name]
    expected = ", ".join(f'"{key}"' for key in table)
    raise ArgumentError(f"{argument} is {name!r}, expected one of {expected}", argument)


def named(table: Mapping[str, int], constant: int) -> str:
    """Return the name of a constant."""
    return next(name for name, own in table.items() if own == constant)


def whole(value: Any, argument: str, least: int, most: int) -> int:
    """Return `value` as an int from `least` to `most`; refuse everything else."""
    if type(value) is int and least <= value <= most:
        return value
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or not least <= number <= most:
        raise ArgumentError(
            f"{argument} is {value!r}, expected a whole number from {least} to {most}", argument
        )
    return number


def thread_count(value: Any) -> int:
    """Return a number of threads; 0 stands for all cores."""
    return whole(value, "threads", 0, 1024)


def real(value: Any, argument: str) -> float:
    """Return `value` as a float; refuse everything that is no number."""
    try:
        return float(value + 0.0)
    except TypeError:
        raise ArgumentError(f"{argument} is {value!r}, expected a number", argument) from None

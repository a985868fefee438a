"""Checks of single arguments: names, whole numbers, numbers."""

import operator
from collections.abc import Mapping
from typing import Any

from vecq.core.errors import ArgumentError

# Items that may be asked for, or kept on the way.
MOST = 2**31 - 1


def choose(table: Mapping[str, int], name: object, argument: str) -> int:
    """Looks up the constant of a name that a user gave."""
    if isinstance(name, str) and name in table:
        return table[name]
    expected = ", ".join(f'"{key}"' for key in table)
    raise ArgumentError(f"{argument} is {name!r}, expected one of {expected}", argument)


def named(table: Mapping[str, int], constant: int) -> str:
    """The name of a constant."""
    return next(name for name, own in table.items() if own == constant)


def whole(value: Any, argument: str, least: int, most: int) -> int:
    """Returns `value` as an int between the two."""
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
    """Returns a number of threads, 0 standing for all cores."""
    return whole(value, "threads", 0, 1024)


def real(value: Any, argument: str) -> float:
    """Returns `value` as a float."""
    try:
        return float(value + 0.0)
    except TypeError:
        raise ArgumentError(f"{argument} is {value!r}, expected a number", argument) from None

"""Checks of single arguments: names, whole numbers and numbers."""

import operator
from collections.abc import Mapping
from typing import Any

from vecq.core.errors import ArgumentError

# The largest k, and the largest beam width.
MOST = 2**31 - 1


def choose(table: Mapping[str, int], name: object, argument: str, part: str = "") -> int:
    """Return the constant of a name; refuse names that are not in the table.

    `part` is what the message puts behind the argument, such as "['price']".
    """
    if isinstance(name, str) and name in table:
        return table[name]
    expected = ", ".join(f'"{key}"' for key in table)
    raise ArgumentError(f"{argument}{part} is {name!r}, expected one of {expected}", argument)


def type_of(value: object) -> str:
    """Return the type of a value with its article, for messages.

    >>> vecq.core.arguments.type_of(5), vecq.core.arguments.type_of("five")
    ('an int', 'a str')
    """
    name = type(value).__name__
    starts_with_vowel = name.lower().startswith(("a", "e", "i", "o", "nd"))
    return f"{'an' if starts_with_vowel else 'a'} {name}"


def counted(count: int, noun: str) -> str:
    """Return a number and a noun, in the plural unless the number is 1.

    >>> vecq.core.arguments.counted(1, "query"), vecq.core.arguments.counted(2000, "query")
    ('1 query', '2000 queries')
    """
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1]}ies" if noun.endswith("y") else f"{count} {noun}s"


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

"""Conditions on attributes: `col`, and the argument `where`.

Every condition is a text; native code parses it. Expressions of `col` render themselves to that
text, so that there is one grammar and one parser.
"""

from __future__ import annotations  # short signatures in help()

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timezone
from typing import Any

import numpy as np

from vecq._native import ffi
from vecq.core.arguments import counted, type_of
from vecq.core.errors import ArgumentError


class Expression:
    """A condition on attributes; `vecq.col` makes one. `str` returns its text.

    `&`, `|` and `~` combine conditions. They bind tighter than comparisons: put these in
    parentheses.

    >>> (vecq.col("price") < 100) & ~vecq.col("tags").has("adult")
    <vecq.Expression: `price` < 100 and not `tags` has 'adult'>
    """

    def __init__(self, text: str, operator: str = "") -> None:
        self._text, self._operator = text, operator

    def __and__(self, other: Expression) -> Expression:
        return self._joined("and", other)

    def __or__(self, other: Expression) -> Expression:
        return self._joined("or", other)

    def __invert__(self) -> Expression:
        return Expression(f"not {self._inside('not')}", "not")

    def __bool__(self) -> bool:
        raise ArgumentError(
            "an expression is neither true nor false: combine conditions with & | ~, not with "
            "and, or, not, and write a < x < b as between",
            "where",
        )

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<vecq.Expression: {self._text}>"

    def _joined(self, operator: str, other: Any) -> Expression:
        if not isinstance(other, Expression):
            raise ArgumentError(
                f"where combines a condition with {type_of(other)}, expected another "
                "condition; put comparisons in parentheses",
                "where",
            )
        text = f"{self._inside(operator)} {operator} {other._inside(operator)}"
        return Expression(text, operator)

    def _inside(self, operator: str) -> str:
        """The text as an operand: in parentheses if another operator would tear it apart."""
        needs = self._operator in ("and", "or") and self._operator != operator
        return f"({self._text})" if needs else self._text


class Column(Expression):
    """An attribute in a condition; `vecq.col` makes one. A bool attribute is a condition itself.

    A comparison with an attribute that is null is false.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or "`" in name or "\0" in name:
            raise ArgumentError(f"name is {name!r}, expected a str without `", "name")
        super().__init__(f"`{name}`")

    def __lt__(self, value: Any) -> Expression:
        return self._compared("<", value)

    def __le__(self, value: Any) -> Expression:
        return self._compared("<=", value)

    def __gt__(self, value: Any) -> Expression:
        return self._compared(">", value)

    def __ge__(self, value: Any) -> Expression:
        return self._compared(">=", value)

    def __eq__(self, value: object) -> Expression:  # type: ignore[override]
        return self._compared("=", value)

    def __ne__(self, value: object) -> Expression:  # type: ignore[override]
        return self._compared("!=", value)

    def between(self, low: Any, high: Any) -> Expression:
        """Whether the value is from `low` to `high`, both included."""
        return Expression(f"{self} between {literal(low)} and {literal(high)}")

    def isin(self, values: Iterable[Any]) -> Expression:
        """Whether the value is one of some, or for tags, whether one of them is there."""
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            raise ArgumentError(f"values is {type_of(values)}, expected a list of values", "values")
        literals = [literal(value) for value in values]
        if not literals:
            raise ArgumentError("values is empty, expected at least one", "values")
        return Expression(f"{self} in ({', '.join(literals)})")

    def has(self, tag: str) -> Expression:
        """Whether a tag is there."""
        return Expression(f"{self} has {literal(tag)}")

    def is_null(self) -> Expression:
        """Whether there is no value."""
        return Expression(f"{self} is null")

    def _compared(self, operator: str, value: Any) -> Expression:
        return Expression(f"{self} {operator} {literal(value)}")


def col(name: str) -> Column:
    """Name an attribute in a condition for `where`.

    Args:
        name: The attribute.

    Returns:
        An object with `<`, `<=`, `>`, `>=`, `==`, `!=`, `between`, `isin`, `has` and `is_null`.

    Raises:
        ArgumentError: `name` is no str.

    >>> vecq.col("seller").isin(["a", "b"]) | vecq.col("seller").is_null()
    <vecq.Expression: `seller` in ('a', 'b') or `seller` is null>
    """
    return Column(name)


def literal(value: Any) -> str:
    """Return a value as a text of the grammar."""
    if isinstance(value, np.generic) and not isinstance(value, np.datetime64):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, str):
        if "\0" in value:
            raise ArgumentError("where has a text with a null character", "where")
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, date | np.datetime64) and not np.isnat(as_datetime64(value)):
        return f"'{as_datetime64(value)}'"
    hint = "; use is_null() for missing values" if value is None or value != value else ""
    raise ArgumentError(
        f"where compares with {value!r}, expected a number, a str, a bool or a datetime{hint}",
        "where",
    )


def as_datetime64(value: Any) -> Any:
    """Return a date or datetime in microseconds; those with a time zone in UTC."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(timezone.utc).replace(tzinfo=None)
    return np.datetime64(value, "us")


class Where:
    """The conditions of a search: one for all queries, or one for each."""

    def __init__(self, texts: Sequence[bytes | None], is_shared: bool) -> None:
        self._texts, self._is_shared = texts, is_shared
        self._memory = [
            ffi.NULL if text is None else ffi.from_buffer("char[]", text + b"\0") for text in texts
        ]
        self._pointers = ffi.new("char *[]", self._memory)

    @classmethod
    def of(cls, given: Any, count: int) -> Where | None:
        """Read the argument `where` of `count` queries; None if it is None."""
        if given is None or isinstance(given, Where):
            return given
        if isinstance(given, str | Expression):
            return cls([_text(given)], True)
        if isinstance(given, bytes) or not isinstance(given, Sequence | np.ndarray):
            raise ArgumentError(
                f"where is {type_of(given)}, expected an expression of vecq.col, a str, "
                "or a list of them, one for each query",
                "where",
            )
        if len(given) != count:
            raise ArgumentError(
                f"where has {counted(len(given), 'expression')}, expected one for each of "
                f"{count} queries",
                "where",
            )
        return cls([None if one is None else _text(one) for one in given], False)

    def select(self, queries: Iterable[int]) -> Where:
        """The conditions of some queries."""
        if self._is_shared:
            return self
        return Where([self._texts[query] for query in queries], False)

    def set(self, options: Any, first: int, last: int) -> None:
        """Set native options for the queries from `first` to `last`."""
        if self._is_shared:
            options.where, options.where_count = self._pointers, 1
        else:
            options.where, options.where_count = self._pointers + first, last - first


def _text(given: Any) -> bytes:
    if not isinstance(given, str | Expression):
        raise ArgumentError(
            f"where has {type_of(given)}, expected an expression of vecq.col or a str",
            "where",
        )
    text = str(given)
    if "\0" in text:
        raise ArgumentError(f"where, at character {text.index(chr(0))}: a null character", "where")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ArgumentError(
            f"where, at character {error.start}: a lone surrogate", "where"
        ) from None

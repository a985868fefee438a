"""HTML tables for notebooks."""

from collections.abc import Iterable, Sequence
from html import escape

CELL = "text-align: right; padding: 0 0.8em"
# Rows that a notebook shows of a long table.
MOST_ROWS = 20


class Markup(str):
    """Text of a cell that is HTML already."""


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; the first column is aligned left, numbers to the right.

    >>> table("codecs", ["codec", "recall"], [["int8", 0.98]]).count("<td")
    2
    """
    head = "".join(f'<th style="{CELL}">{escape(name)}</th>' for name in header)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return (
        f'<table><caption style="text-align: left">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cell(value: object) -> str:
    shown = value if isinstance(value, Markup) else escape(str(value))
    return f'<td style="{CELL}">{shown}</td>'

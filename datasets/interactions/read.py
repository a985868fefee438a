"""Read interactions: tables with a header, MovieLens, lists of LightGCN, Parquet."""

import csv
import math
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from vecq import ArgumentError, DatasetError
from vecq.datasets.interactions.table import Builder, Interactions
from vecq.datasets.paths import reading, require

# Usual names of columns, in lower case, letters only.
USUAL = {
    "user": ("user", "userid", "uid", "useridx", "visitorid", "customerid"),
    "item": ("item", "itemid", "iid", "movieid", "productid", "articleid", "trackid", "asin"),
    "weight": ("weight", "rating", "count", "plays", "score"),
    "time": ("time", "timestamp", "date", "unixreviewtime"),
}
MOVIELENS = ["user", "item", "rating", "timestamp"]
SEPARATORS = {".csv": ",", ".tsv": "\t", ".data": "\t", ".dat": "::"}
SUFFIXES = (*SEPARATORS, ".txt", ".parquet")


def read_interactions(
    *paths: str | Path,
    user: str | None = None,
    item: str | None = None,
    weight: str | None = None,
    time: str | None = None,
) -> list[Interactions]:
    """Read files of interactions; users and items have the same numbers in all of them.

    Args:
        paths: .csv and .tsv files with a header; u.data and ratings.dat of MovieLens; .parquet;
            .txt with one line per user: the user and all items, separated by spaces.
        user: The column of users. Default: user, user_id, ...
        item: The column of items. Default: item, item_id, ...
        weight: The column of weights. Default: rating, count, ..., if there is one.
        time: The column of times, as numbers or ISO 8601. Default: timestamp, ..., if there is one.

    Returns:
        The interactions of each file.

    Raises:
        DatasetError: A file is missing or malformed, or has no such column.
        ArgumentError: A suffix is unknown.

    >>> read_interactions("ml-25m/ratings.csv")
    [<vecq.datasets.Interactions of 162,541 users with 59,047 items: 25,000,095>]
    """
    wanted = {"user": user, "item": item, "weight": weight, "time": time}
    user_numbers: dict[str, int] = {}
    item_numbers: dict[str, int] = {}
    builders = []
    for path in map(Path, paths):
        builder = Builder(user_numbers=user_numbers, item_numbers=item_numbers)
        with reading(path):
            _read(path, builder, wanted)
        builders.append((path, builder))
    tables = []
    for path, builder in builders:
        with reading(path):
            tables.append(builder.build())
    return tables


def _read(path: Path, builder: Builder, wanted: dict[str, str | None]) -> None:
    if path.suffix == ".parquet":
        _read_parquet(path, builder, wanted)
    elif path.suffix not in SUFFIXES:
        raise ArgumentError(
            f"{path} has the suffix {path.suffix!r}, expected one of {', '.join(SUFFIXES)}", "paths"
        )
    else:
        with path.open(encoding="utf-8-sig", errors="strict", newline="") as file:
            if path.suffix == ".txt":
                _read_lists(file, builder)
            else:
                _read_table(file, SEPARATORS[path.suffix], builder, wanted)


def _read_lists(lines: Iterable[str], builder: Builder) -> None:
    for line in lines:
        user, *items = line.split() or [""]
        for item in items:
            builder.add(user, item)


def _read_table(
    lines: Iterable[str], separator: str, builder: Builder, wanted: dict[str, str | None]
) -> None:
    rows: Iterator[list[str]]
    if separator == "::":
        rows = (line.rstrip("\r\n").split("::") for line in lines)
    else:
        rows = csv.reader(lines, delimiter=separator, strict=True)
    first = next(rows, None)
    if first is None:
        raise DatasetError("is empty", "user")
    # Older files of MovieLens have no header.
    bare = separator == "::" or (separator == "\t" and _is_number(first[0]))
    columns = _columns(MOVIELENS if bare else first, wanted)
    try:
        _add_rows(builder, columns, _numbered(first, rows) if bare else enumerate(rows, 2))
    except csv.Error as error:
        raise DatasetError(f"is not a valid table: {error}") from None


def _numbered(first: list[str], rows: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    yield 1, first
    yield from enumerate(rows, 2)


def _columns(header: list[str], wanted: dict[str, str | None]) -> dict[str, int]:
    """Return the positions of the named columns, or of those with a usual name."""
    plain = ["".join(filter(str.isalpha, name.lower())) for name in header]
    columns = {}
    for what, name in wanted.items():
        if name is not None:
            if name not in header:
                raise DatasetError(
                    f"column {name!r} is missing, there are {', '.join(header)}", what
                )
            columns[what] = header.index(name)
            continue
        usual = [place for place, title in enumerate(plain) if title in USUAL[what]]
        if usual:
            columns[what] = usual[0]
        elif what in ("user", "item"):
            raise DatasetError(
                f"no column is called {what}, {what}_id, ..., there are {', '.join(header)}: "
                f"choose it by {what}=",
                what,
            )
    return columns


def _add_rows(
    builder: Builder, columns: dict[str, int], rows: Iterable[tuple[int, list[str]]]
) -> None:
    user, item = columns["user"], columns["item"]
    weight, time = columns.get("weight"), columns.get("time")
    builder.weighted, builder.timed = weight is not None, time is not None
    last = max(columns.values())
    for line, row in rows:
        if not row or row == [""]:
            continue
        if len(row) <= last:
            raise DatasetError(
                f"line {line} has {len(row)} values, expected at least {last + 1}", "line"
            )
        if not row[user] or not row[item]:
            field = "item" if row[user] else "user"
            raise DatasetError(f"line {line} has no {field}", field)
        builder.add(row[user], row[item])
        if weight is not None:
            builder.weights.append(_number(row[weight], "weight", line))
        if time is not None:
            builder.times.append(_seconds(row[time], line))


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _number(text: str, field: str, line: int) -> float:
    if not _is_number(text):
        raise DatasetError(f"line {line} has {field} {text!r}, expected a number", field)
    return float(text)


def _seconds(text: str, line: int) -> float:
    """Parse a time as a number or by ISO 8601, in UTC unless it has a zone."""
    if _is_number(text):
        return float(text)
    try:
        when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise DatasetError(
            f"line {line} has time {text!r}, expected a number, or 2020-01-31 23:59:59", "time"
        ) from None
    return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp()


def _read_parquet(path: Path, builder: Builder, wanted: dict[str, str | None]) -> None:
    parquet = require("pyarrow.parquet", "parquet", "reading Parquet")
    pyarrow = require("pyarrow", "parquet", "reading Parquet")
    try:
        with parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            columns = _columns(names, wanted)
            order = list(dict.fromkeys(names[place] for place in columns.values()))
            places = {what: order.index(names[place]) for what, place in columns.items()}
            table = file.read(order).select(order)
    except pyarrow.ArrowException as error:
        raise DatasetError(f"can't be read: {error}") from error
    _add_rows(builder, places, enumerate(_text_rows(table), 1))


def _text_rows(table: Any) -> Iterator[list[str]]:
    """Yield rows as text, with empty strings for null."""
    for batch in table.to_batches():
        columns = [column.to_pylist() for column in batch.columns]
        for row in zip(*columns, strict=True):
            yield ["" if value is None else str(value) for value in row]

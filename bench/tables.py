"""Print the tables of a run: by rich in a terminal, plain otherwise."""

from collections.abc import Iterable, Iterator
from typing import Any

from vecq.bench.records import Record
from vecq.bench.report import tables
from vecq.bench.report.sheet import Sheet
from vecq.bench.report.tables import Table

# Terminal styles for the cell classes of the report.
STYLES = {"best": "bold", "good": "green", "bad": "red", "faint": "dim"}


def show(records: Iterable[Record]) -> None:
    """Print the results of a run.

    >>> show(vecq.bench.read("run.jsonl"))
    """
    sheet = Sheet(records)
    found, console = list(_tables(sheet)), _console()
    if console is None:
        print(*map(plain, found), sep="\n\n")
    else:
        for table in found:
            _print_rich(console, table)
    for (data, name), faults in sheet.faults.items():
        print(f"faults of {name} on {data}: {'; '.join(faults)}")


def plain(table: Table) -> str:
    """Format a table as text: names aligned left, figures right."""
    cells = [list(table.head), *([cell.text for cell in row] for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(row, widths, table.texts, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join([table.caption, *lines, *table.notes])


def _tables(sheet: Sheet) -> Iterator[Table]:
    """Yield the tables of the report that fit a terminal."""
    for data in sheet.data_names:
        yield tables.builds(sheet, data)
        for regime in (one for one in sheet.regimes if one.data == data):
            yield tables.at_recall(sheet, regime)
            business = tables.business(sheet, regime)
            if business is not None:
                yield business
    if sheet.accuracy:
        yield tables.accuracy(sheet.accuracy)
    yield from tables.isas(sheet.isas)
    for data in sheet.data_names:
        for k in sheet.ks(data):
            comparison = tables.comparison(sheet, data, k)
            if comparison is not None and comparison.rows:
                yield comparison


def _console() -> Any:
    """Return the console of rich if it is installed and stdout is a terminal."""
    try:
        from rich.console import Console
    except ImportError:
        return None
    console = Console()
    return console if console.is_terminal else None


def _print_rich(console: Any, table: Table) -> None:
    from rich.table import Table as Rich
    from rich.text import Text

    shown = Rich(title=table.caption, title_justify="left", caption="\n".join(table.notes) or None)
    for name, left in zip(table.head, table.texts, strict=True):
        shown.add_column(name, justify="left" if left else "right")
    for row in table.rows:
        shown.add_row(*(Text(cell.text, _style(cell.kind)) for cell in row))
    console.print(shown)


def _style(kind: str) -> str:
    return " ".join(STYLES[part] for part in kind.split() if part in STYLES)

"""Fill the tables of README.md, bench/RESULTS.md and docs from bench/recorded: make pages.

A page marks each table by two comments, and everything between them is generated:

    <!-- record: VIEW NAME [WORD ...] -->
    <!-- end of record -->

VIEW is a function of VIEWS and NAME a file bench/recorded/NAME.jsonl, either of `vecq bench` or,
for the view "study", of `make results`. A test renders all pages and fails where they differ.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from vecq.bench import records
from vecq.bench.report import tables
from vecq.bench.report.sheet import Sheet
from vecq.bench.report.tables import Table
from vecq.datasets.paths import writing

from .results import heading, printed, recorded

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "bench" / "recorded"
BEGIN, END = "<!-- record: ", "<!-- end of record -->"
BLOCK = re.compile(rf"{BEGIN}(?P<words>[^\n]*?) -->\n(?P<text>.*?){END}", re.S)
PAGES = ("README.md", "bench/RESULTS.md", *sorted(f"docs/{p.name}" for p in ROOT.glob("docs/*.md")))


def sheet_of(name: str) -> Sheet:
    return Sheet(records.read(HOME / f"{name}.jsonl"))


def markdown(table: Table) -> str:
    """Format a table in Markdown: caption, rows, notes."""
    marks = (":--" if left else "--:" for left in table.texts)
    cells = (row_of(cell.text for cell in row) for row in table.rows)
    lines = [f"{table.caption}:", "", row_of(table.head), row_of(marks), *cells]
    notes = " ".join(table.notes).replace("*", r"\*")
    return "\n".join([*lines, *(["", notes] if notes else [])])


def joined(found: Iterable[Table | None]) -> str:
    """Format the tables that have rows; a view without any is a mistake."""
    shown = [markdown(table) for table in found if table is not None and table.rows]
    if not shown:
        raise ValueError("the record has no rows for this view")
    return "\n\n".join(shown)


def row_of(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def conditions(name: str) -> str:
    """The data, machine, versions, day and command of a run."""
    sheet = sheet_of(name)
    run, data = sheet.run, sheet.data.values()
    sets = "; ".join(
        f"{one.data}: {one.rows:,} x {one.dim}, {one.metric}, {one.queries:,} queries"
        for one in data
    )
    systems = ("python", "numpy", *(one.contender for one in sheet.builds.values()))
    packages = ", ".join(
        f"{package} {version}"
        for package, version in run.versions.items()
        if any(system.startswith(package) for system in systems)
    )
    machine = run.machine
    return (
        f"{sets}. {machine['cpu']}, {machine['cores']} cores, {machine['isa']}; {packages}; "
        f"{run.started[:10]}, {run.seconds:.0f} s:\n\n```\n{run.command}\n```"
    )


def comparison(name: str) -> str:
    """INT8 as a multiple of FP32 and of every peer."""
    sheet = sheet_of(name)
    return joined(
        tables.comparison(sheet, data, k) for data in sheet.data_names for k in sheet.ks(data)
    )


def gains(*names: str) -> str:
    """INT8 against FP32 of vecq, in the runs of several files."""
    found = [tables.overview(sheet_of(name)) for name in names]
    rows = [row for table in found for row in table.rows]
    return joined([Table(found[0].caption, found[0].head, rows, found[0].notes)])


def accuracy(*names: str) -> str:
    """Exact search on codes of every kind, in the runs of several files."""
    found = [one for name in names for one in sheet_of(name).accuracy]
    return joined([tables.accuracy(found)])


def speeds(name: str, regime: str) -> str:
    """QPS of all systems at equal recall."""
    sheet = sheet_of(name)
    found = [one for one in sheet.regimes if one.name == regime]
    return joined(tables.at_recall(sheet, one) for one in found)


def isas(name: str) -> str:
    return joined(tables.isas(sheet_of(name).isas))


def builds(name: str) -> str:
    """Seconds, threads and bytes of every build."""
    sheet = sheet_of(name)
    head = ("contender", "build", "threads", "bytes per vector", "file")
    return joined(only(tables.builds(sheet, data), head) for data in sheet.data_names)


def only(table: Table, head: tuple[str, ...]) -> Table:
    """Return some of the columns, since pages are narrow."""
    places = [table.head.index(name) for name in head]
    rows = [[row[place] for place in places] for row in table.rows]
    return Table(table.caption, head, rows, table.notes)


def study(name: str, wanted: str) -> str:
    """Tables of a study, as `make results` renders them."""
    found = [one for one in recorded(HOME / f"{name}.jsonl").values() if one["name"] == wanted]
    if not found:
        raise ValueError(f"{name}.jsonl has no study {wanted!r}")
    blocks = (f"{heading(one)}\n\n" + "\n".join(printed(one["lines"])).rstrip() for one in found)
    return "\n\n".join(blocks)


VIEWS: dict[str, Callable[..., str]] = {
    view.__name__: view
    for view in (conditions, comparison, gains, accuracy, speeds, isas, builds, study)
}


def rendered(text: str) -> str:
    """Return a page whose blocks are those of the records."""

    def block(found: re.Match[str]) -> str:
        view, *words = found["words"].split()
        if view not in VIEWS:
            raise ValueError(f"view is {view!r}, expected one of {', '.join(VIEWS)}")
        return f"{BEGIN}{found['words']} -->\n\n{VIEWS[view](*words)}\n\n{END}"

    if text.count(BEGIN) != len(BLOCK.findall(text)) or text.count(BEGIN) != text.count(END):
        raise ValueError("a record block is not closed")
    return BLOCK.sub(block, text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit with 1 if a page would change")
    options, changed = parser.parse_args(), []
    for name in PAGES:
        page = ROOT / name
        old = page.read_text(encoding="utf-8")
        new = rendered(old)
        if new != old:
            changed.append(name)
            if not options.check:
                with writing(page) as part:
                    part.write_text(new, encoding="utf-8")
    print(*(f"changed: {name}" for name in changed), sep="\n")
    sys.exit(1 if changed and options.check else 0)


if __name__ == "__main__":
    main()

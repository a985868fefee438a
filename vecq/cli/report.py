"""vecq report: the page of a benchmark run, and what changed since another."""

import argparse
from dataclasses import asdict
from pathlib import Path

from vecq.cli.output import add_json, say
from vecq.cli.vectors import check_target
from vecq.core.errors import ArgumentError

HELP = "make the page of a benchmark run from its records"
DESCRIPTION = """\
Makes one HTML page, which needs no network, from the records that vecq bench wrote, and prints the
verdict. With --compare it tells what became worse since an older run, and exits with 1 if anything
did by more than the noise of both.

Examples:
  vecq report run.jsonl                                  writes run.html
  vecq report run.jsonl --out report.html --plots plots  plots as SVG and PNG files too
  vecq report new.jsonl --compare old.jsonl
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("records", metavar="RECORDS", help="JSON lines of a run")
    parser.add_argument("--out", metavar="FILE", help="the page; RECORDS with .html by default")
    parser.add_argument("--compare", metavar="OLD", help="records of an older run")
    parser.add_argument("--plots", metavar="FOLDER", help="write every plot into this folder too")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from vecq.bench import records, report

    source = Path(arguments.records)
    found = records.read(source)
    target = check_target(arguments.out or str(source.with_suffix(".html")), "out")
    if target.resolve() == source.resolve():
        raise ArgumentError(f"out: {target} holds the records, expected another file", "out")
    old = records.read(arguments.compare) if arguments.compare else None
    verdict = report.verdict(found)
    changes = None if old is None else report.compare(old, found)
    page = report.write(found, target, old=old)
    plots = report.plots(found, arguments.plots) if arguments.plots else []
    parts = [verdict, *([] if changes is None else [str(changes)]), f"report: {page}"]
    values = {
        "verdict": verdict,
        "report": page,
        "plots": plots,
        "changes": changes and [asdict(one) | {"state": one.state} for one in changes.changes],
    }
    say(arguments, "\n\n".join(parts), values)
    return int(changes is not None and bool(changes.regressions))

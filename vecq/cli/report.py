"""vecq report: the HTML page of a benchmark run, and its comparison with an older run."""

import argparse
from dataclasses import asdict
from pathlib import Path

from vecq.cli.inputs import input_file
from vecq.cli.output import add_json, print_result
from vecq.core.errors import ArgumentError
from vecq.storage.paths import output_file

HELP = "Make the HTML report of a benchmark run, compare two runs"
DESCRIPTION = """\
Make a self-contained HTML page from the records that vecq bench wrote, and print the verdict.
With --compare, list what changed since an older run, and exit with 1 if anything became worse by
more than the noise of both runs.

Examples:
  vecq report run.jsonl                                  writes run.html
  vecq report run.jsonl --out report.html --plots plots
  vecq report new.jsonl --compare old.jsonl              for continuous integration
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("records", metavar="RECORDS", help="Records of a run, OUT.jsonl of vecq bench")
    add("--out", metavar="FILE", help="Page to write (default: RECORDS with the suffix .html)")
    add("--compare", metavar="OLD", help="Records of an older run to compare with")
    add("--plots", metavar="FOLDER", help="Also write every plot to this folder, as SVG")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from vecq.bench import records, report

    source = _records_file(arguments.records, "records")
    found = records.read(source)
    target = output_file(arguments.out or str(source.with_suffix(".html")), "out")
    if target.resolve() == source.resolve():
        raise ArgumentError(f"out: {target} holds the records, expected another file", "out")
    older = None
    if arguments.compare:
        older = records.read(_records_file(arguments.compare, "compare"))
    verdict = report.verdict(found)
    changes = None if older is None else report.compare(older, found)
    page = report.write(found, target, old=older)
    plots = report.plots(found, arguments.plots) if arguments.plots else []
    parts = [verdict, *([] if changes is None else [str(changes)]), f"report: {page}"]
    values = {
        "verdict": verdict,
        "report": page,
        "plots": plots,
        "changes": changes and [asdict(one) | {"state": one.state} for one in changes.changes],
    }
    print_result(arguments, "\n\n".join(parts), values)
    return int(changes is not None and bool(changes.regressions))


def _records_file(path: str, argument: str) -> Path:
    return input_file(path, argument, "records (JSON lines) that vecq bench wrote")

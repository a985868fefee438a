"""vecq check: validates an index file."""

import argparse

from vecq.cli.output import add_json, print_result

HELP = "Validate an index file"
DESCRIPTION = """\
Read the whole file and validate it: checksums of all sections, non-finite numbers, links out of
range or to the same node twice, unreachable nodes, and duplicate ids. Print every problem with its
section; exit with 1 if there are any.

Example:
  vecq check items.vecq && cp items.vecq /srv/index/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("index", metavar="INDEX", help="Index file")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    import vecq
    from vecq.storage.records import Problem

    try:
        found = vecq.open(arguments.index).check()
    except vecq.CorruptFileError as error:  # the header is damaged, so there is nothing to open
        found = vecq.Check((Problem("header", str(error)),), 1)
    problems = [{"location": one.location, "message": one.message} for one in found.problems]
    values = {"file": arguments.index, "ok": found.ok, "count": found.count, "problems": problems}
    print_result(arguments, found, values)
    return 0 if found.ok else 1

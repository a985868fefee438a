"""vecq check: whether a file is sound."""

import argparse
import json

import vecq
from vecq.storage.records import Problem

HELP = "look for anything that is wrong with a file of an index"
DESCRIPTION = """\
Reads the whole file: checksums of all sections, numbers that are not finite, links that lead
nowhere or twice to the same item, items that no search can come to, ids given twice. Prints what
is wrong and where, and exits with 1 if anything is.

example:
  vecq check items.vecq && cp items.vecq /srv/index/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="written by Index.save or vecq build")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    try:
        found = vecq.open(args.file).check()
    except vecq.CorruptFileError as error:  # there is no index in it to look over
        found = vecq.Check((Problem("header", str(error)),), 1)
    if args.json:
        problems = [{"location": one.location, "message": one.message} for one in found.problems]
        print(
            json.dumps(
                {"file": args.file, "ok": found.ok, "count": found.count} | {"problems": problems}
            )
        )
    else:
        print(found)
    return 0 if found.ok else 1

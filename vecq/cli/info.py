"""vecq info: what is in a file."""

import argparse
import json

import vecq

HELP = "tell what is in a file of an index"
DESCRIPTION = """\
Prints what an index in a file is, and the sections of the file. Only the header and a few settings
are read, so it takes no longer for a large file.

example:
  vecq info items.vecq
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="written by Index.save or vecq build")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    found, index = vecq.info(args.file), vecq.open(args.file)
    if args.json:
        about = {"rows": len(index), "dim": index.dim, "metric": index.metric}
        print(json.dumps(found.as_dict() | {"index": about}))
    else:
        print(index, found, sep="\n")
    return 0

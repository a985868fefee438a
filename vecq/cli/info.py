"""vecq info: describes an index file."""

import argparse

from vecq.cli.output import add_json, print_result

HELP = "Describe an index file"
DESCRIPTION = """\
Print the settings of an index and the sections of its file. Only the header is read, so the time
does not depend on the size of the file.

Example:
  vecq info items.vecq
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("index", metavar="INDEX", help="Index file")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    import vecq

    info, index = vecq.info(arguments.index), vecq.open(arguments.index)
    settings = {"rows": len(index), "dim": index.dim, "metric": index.metric}
    print_result(arguments, f"{index}\n{info}", info.as_dict() | {"index": settings})
    return 0

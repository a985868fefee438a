"""vecq info: describes an index file."""

import argparse

from vecq.cli.output import add_json, print_result

HELP = "Describe an index file"
DESCRIPTION = """\
Print the settings of an index, its attributes, and the sections of its file. Only the header is
read, so the time does not depend on the size of the file.

Example:
  vecq info items.vecq
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("index", metavar="INDEX", help="Index file")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    import vecq

    info, index = vecq.info(arguments.index), vecq.open(arguments.index)
    schema = index.attributes
    settings = {"rows": len(index), "dim": index.dim, "metric": index.metric, "attributes": schema}
    # Sections name an attribute by its number.
    lines = [f"attribute {i}: {name}, {kind}" for i, (name, kind) in enumerate(schema.items())]
    text = "\n".join([str(index), *lines, str(info)])
    print_result(arguments, text, info.as_dict() | {"index": settings})
    return 0

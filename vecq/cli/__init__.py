"""The command line: vecq COMMAND ...

A command is a module of this package, named in COMMANDS. It has HELP, a line; DESCRIPTION, with
examples; add_arguments(parser); and run(arguments), which returns the exit code: 0 if all is well,
1 if what was checked is wrong. Whatever a user got wrong ends with 2, and with a line that says
what to do. Modules import what is slow when they run, so that help comes at once.
"""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from vecq import VecqError, __version__, cpu

COMMANDS = (
    "build",
    "search",
    "tune",
    "assess",
    "bench",
    "report",
    "data",
    "info",
    "check",
    "convert",
)
DESCRIPTION = """\
Quantized vector recall on CPUs: build indexes, search them, and measure what they cost and gain.

Examples:
  vecq assess items.npy --queries users.npy        what INT8 alone would cost
  vecq build items.npy items.vecq --metric ip      an index of those items
  vecq search items.vecq users.npy --k 100         the best 100 items of every user
"""
USER_ERROR, INTERRUPTED, BROKEN_PIPE = 2, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command, and returns the exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    name = next((word for word in words if not word.startswith("-")), "")
    with warnings.catch_warnings():
        warnings.showwarning = _warn
        try:
            code = _run(_parser(name), words)
            sys.stdout.flush()
        except SystemExit as end:  # of argparse, which has said why
            return end.code if isinstance(end.code, int) else USER_ERROR
        except KeyboardInterrupt:
            print("vecq: interrupted", file=sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:
            # Who reads has seen enough; nor may Python's own flush at the end complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return BROKEN_PIPE
        except (VecqError, OSError, MemoryError) as error:
            print(f"vecq {name}: {_text(error)}", file=sys.stderr)
            return USER_ERROR
    return code


def _run(parser: argparse.ArgumentParser, words: list[str]) -> int:
    arguments = parser.parse_args(words)
    if arguments.run is None:
        parser.print_help(sys.stderr)
        return USER_ERROR
    cpu()  # refuses a VECQ_ISA that this machine lacks
    code: int = arguments.run(arguments)
    return code


def _parser(name: str) -> argparse.ArgumentParser:
    """Knows all commands, and the arguments of the one that is named."""
    parser = argparse.ArgumentParser(
        "vecq", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"vecq {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    parser.set_defaults(run=None)
    present = [one for one in COMMANDS if find_spec(f"{__name__}.{one}")]
    for one in [name] if name in present else present:
        module: ModuleType = import_module(f"{__name__}.{one}")
        command = commands.add_parser(
            one,
            help=module.HELP,
            description=module.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def _warn(message: Warning | str, *_: object, **__: object) -> None:
    print(f"vecq: warning: {message}", file=sys.stderr)


def _text(error: BaseException) -> str:
    if isinstance(error, OSError) and None not in (error.filename, error.strerror):
        return f"{error.filename}: {error.strerror}"
    return str(error) or "there is not enough memory"

"""The command line `vecq COMMAND ...`: finds the command, runs it and turns errors into exit codes.

A command is a module of this package that is named in COMMANDS. It defines HELP (one line),
DESCRIPTION (with examples), add_arguments(parser) and run(arguments), which returns the exit code:
0 for success, 1 if a check failed. User errors exit with 2 and one line on stderr. Commands import
slow modules inside run(), so that --help stays fast.
"""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

from vecq.cli.parser import Parser
from vecq.cli.wording import for_command_line

COMMANDS = (
    "build",
    "search",
    "recommend",
    "tune",
    "assess",
    "bench",
    "report",
    "serve",
    "bench-serve",
    "data",
    "info",
    "check",
    "convert",
    "ray",
)
DESCRIPTION = """\
Vector search on CPUs over quantized embeddings: an HNSW graph over INT8, INT16, FP16 or FP32 codes.

Examples:
  vecq assess items.npy --queries users.npy        recall that INT8 quantization alone costs
  vecq build items.npy items.vecq --metric ip      build an index file
  vecq search items.vecq users.npy --k 100         find the 100 nearest items of each user

Each command has examples of its own: vecq COMMAND --help.
"""
EXIT_CODES = "exit codes: 0 success, 1 a check failed, 2 wrong usage or input, 130 interrupted"
USER_ERROR, INTERRUPTED, BROKEN_PIPE = 2, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: Arguments without the program's name. Default: those of the process.

    Returns:
        The exit code.

    >>> vecq.cli.main(["--version"])
    vecq ...
    0
    """
    words = sys.argv[1:] if argv is None else list(argv)
    name = next((word for word in words if not word.startswith("-")), "")
    _reopen_closed_streams()
    return _flush(_exit_code(name, words), name)


def _exit_code(name: str, words: list[str]) -> int:
    """Run a command; map every exception that a user can cause to an exit code."""
    try:
        from vecq.core.errors import VecqError

        try:
            return _run(name, words)
        except VecqError as error:
            return _fail(name, str(error))
    except SystemExit as end:  # argparse has printed the help or the error
        return end.code if isinstance(end.code, int) else USER_ERROR
    except KeyboardInterrupt:
        print("vecq: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        return BROKEN_PIPE
    except OSError as error:
        reason = error.strerror or str(error)
        return _fail(name, reason if error.filename is None else f"{error.filename}: {reason}")
    except MemoryError as error:
        return _fail(name, str(error) or "out of memory")


def _run(name: str, words: list[str]) -> int:
    from vecq import cpu

    with warnings.catch_warnings():
        parser = _parser(name)
        arguments = parser.parse_args(words)
        if arguments.run is None:
            parser.print_help(sys.stderr)
            return USER_ERROR
        cpu()  # fails early if VECQ_ISA names instructions that this machine lacks
        return _run_command(name, arguments)


def _run_command(name: str, arguments: argparse.Namespace) -> int:
    from vecq.core.errors import VecqError

    options = arguments.parser.options()

    def print_warning(message: Warning | str, *_: object, **__: object) -> None:
        print(f"vecq: warning: {for_command_line(str(message), '', options)}", file=sys.stderr)

    warnings.showwarning = print_warning
    try:
        code: int = arguments.run(arguments)
    except VecqError as error:
        return _fail(name, for_command_line(str(error), error.argument, options))
    return code


def _parser(name: str) -> Parser:
    """Return a parser of all commands; only the named one is imported and has its arguments."""
    from vecq import __version__

    parser = Parser(
        "vecq",
        description=DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"vecq {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    parser.set_defaults(run=None)
    modules = {command: f"{__name__}.{command.replace('-', '_')}" for command in COMMANDS}
    installed = [command for command, module in modules.items() if find_spec(module)]
    for command in [name] if name in installed else installed:
        module = import_module(modules[command])
        subparser = commands.add_parser(
            command,
            help=module.HELP,
            description=module.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(subparser)
        subparser.set_defaults(run=module.run)
    return parser


def _reopen_closed_streams() -> None:
    """Give a process that was started without stdout or stderr (`>&-`) something to write to.

    stdout becomes a pipe without a reader, so that the first flush raises BrokenPipeError. An open
    file could otherwise get the number 1 and receive the output.
    """
    if sys.stdout is None:
        read_end, write_end = os.pipe()
        os.close(read_end)
        if write_end != 1:
            os.dup2(write_end, 1)
            os.close(write_end)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _flush(code: int, name: str) -> int:
    """Flush stdout; return an error code if that fails, as on a full disk or a closed pipe."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # The interpreter flushes again at exit, and would print a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return code or BROKEN_PIPE
        return code or _fail(name, f"can't write to standard output: {error.strerror}")
    return code


def _fail(name: str, message: str) -> int:
    print(f"vecq {name}".rstrip() + f": {message}", file=sys.stderr)
    return USER_ERROR

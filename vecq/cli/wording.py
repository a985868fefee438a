"""Words messages of the library for the command line: options for arguments, commands for calls."""

import re
from collections.abc import Mapping

# What a message advises users of Python to do, and how users of the command line do the same.
REMEDIES = {
    "call index.measure_recall(queries)": "vecq build --recall-queries FILE stores one",
    "call measure_recall again, or give ef": "measure it again by vecq search "
    "--recall-queries FILE, or give --ef",
    "call partition() first; refit and compact drop them": "vecq build --partition makes them",
    'vecq.Index(..., rerank_codec="fp16") keeps one': "vecq build --rerank-codec fp16 keeps one",
    "which are declared by attributes= when it is made": "which vecq build --attribute NAME:KIND "
    "adds",
    "with rerank_codec or a larger m": "with --rerank-codec or a larger --m",
    "choose another by attributes": "choose another by --attribute",
    "choose it by column=": "leave one in the file",
    "vecq.assess measures": "vecq assess measures",
}
# `name="value"`, `name=` or a name with underscores, unless it is part of a path or quoted.
ARGUMENT = re.compile(
    r"""(?<![\w./'"-])([a-z]+(?:_[a-z]+)*)(?:=(?:["'](\w+)["'])?|(?![\w./'"-]))"""
)


def for_command_line(message: str, argument: str, options: Mapping[str, str]) -> str:
    """Return the message of an error or a warning in terms of the command line.

    Args:
        message: The text.
        argument: Name of the argument at fault, or empty.
        options: The options of the command by argument.

    >>> options = {"k": "--k", "part_users": "--part-users", "strategy": "--strategy"}
    >>> vecq.cli.wording.for_command_line("k is 0, expected 1 to 9", "k", options)
    '--k is 0, expected 1 to 9'
    >>> text = 'this needs optuna: choose strategy="basic"'
    >>> vecq.cli.wording.for_command_line(text, "strategy", options)
    'this needs optuna: choose --strategy basic'
    """

    def as_option(found: re.Match[str]) -> str:
        name, value = found.groups()
        is_argument = "_" in name or "=" in found[0]
        is_fault = name == argument and found.start() == 0
        if name not in options or not (is_argument or is_fault):
            return found[0]
        return options[name] + (f" {value}" if value else "")

    for call, command in REMEDIES.items():
        message = message.replace(call, command)
    return ARGUMENT.sub(as_option, message)

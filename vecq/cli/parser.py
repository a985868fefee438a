"""The parser of commands: reports a misspelt option with the usage of its command."""

import argparse
from collections.abc import Sequence


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that refuses unknown options itself, as does each of its subparsers.

    The parser of argparse leaves them to the outermost parser, whose usage names commands only.
    The result of parsing has the innermost parser as `parser`.
    """

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse arguments; end the process if some are unknown."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._suggestion(unknown)}")
        if not hasattr(found, "parser"):
            found.parser = self
        return found, []

    def options(self) -> dict[str, str]:
        """Return the option of each argument, such as "--target-recall" of "target_recall"."""
        return {
            action.dest: next((own for own in action.option_strings if own.startswith("--")), "")
            for action in self._actions
            if action.option_strings
        }

    def _suggestion(self, unknown: list[str]) -> str:
        import difflib  # slow, and only for errors

        known = {own.lstrip("-"): own for own in self._option_string_actions}
        words = [word.lstrip("-").split("=")[0] for word in unknown if word.startswith("-")]
        near = [one for word in words for one in difflib.get_close_matches(word, known, 1)]
        return f"; did you mean {' and '.join(known[one] for one in near)}?" if near else ""

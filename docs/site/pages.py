"""Pages that mkdocs generates from the repository: API, command line, results, changelog, guides.

`mkdocs.yml` names this file as a hook. A page of the repository becomes a page of the site; its
links to other files of the repository become links to their pages.
"""

import argparse
import os
import re
import textwrap
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
# Files of the repository that are pages of the site.
COPIES = {
    "bench/RESULTS.md": "results.md",
    "bench/HISTORY.md": "history.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "native/README.md": "native.md",
}
LINK = re.compile(r"\[([^\]]*)\]\(([^)#:\s]+)((?:#[^)\s]*)?)\)")
# Modules whose names docs/public_api.txt does not list; their __all__ is documented.
MORE_MODULES = ("vecq.datasets", "vecq.bench")
# Groups of the names of `vecq`, in the order of the page; names in no group come last.
GROUPS = {
    "Index and search": "Index Searcher Result Ranges Filter Groups Explanation RecallCurve "
    "IndexStats col Expression",
    "Codecs and exact search": "assess Assessment CodecCost Codec Codes brute_force",
    "Tuning": "tune Tuned Recall Relative Ndcg HitRate Limits",
    "Files and other libraries": "Live info FileInfo Saved Check from_hnswlib from_faiss",
    "Batch jobs": "recommend Recommended",
    "The machine": "cpu Cpu Isa",
}
ERRORS = ("Error", "Warning")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Append pages that `nav` does not name to the guides."""
    guides = next(part["Guides"] for part in config.nav if "Guides" in part)
    named = set(re.findall(r"[\w-]+\.md", str(config.nav)))
    guides += sorted(page.name for page in (ROOT / "docs").glob("*.md") if page.name not in named)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    for source, page in COPIES.items():
        text = _relinked((ROOT / source).read_text(encoding="utf-8"), Path(source).parent)
        files.append(File.generated(config, page, content=text))
    files.append(File.generated(config, "api.md", content="\n".join(_api())))
    files.append(File.generated(config, "cli.md", content="\n".join(_command_line())))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Relink the pages of docs/, too."""
    return _relinked(markdown, Path("docs"))


def _relinked(text: str, home: Path) -> str:
    """Turn links to files of the repository into links to pages, or into text if there is none."""

    def replaced(found: re.Match[str]) -> str:
        label, target, anchor = found.groups()
        path = (ROOT / home / target).resolve()
        if not path.is_relative_to(ROOT) or not path.exists():
            return found[0]
        name = path.relative_to(ROOT).as_posix()
        if name not in COPIES and not name.startswith("docs/"):
            return label
        return f"[{label}]({COPIES.get(name) or name.removeprefix('docs/')}{anchor})"

    return LINK.sub(replaced, text)


def _api() -> Iterator[str]:
    """Yield the API reference: every public name, which mkdocstrings documents."""
    yield "# Python API\n"
    yield "Names of `vecq` are grouped by task. `help(vecq.Index.search)` prints the same text."
    names = set(import_module("vecq").__all__)
    grouped = {title: text.split() for title, text in GROUPS.items()}
    errors = sorted(name for name in names if name.endswith(ERRORS))
    others = sorted(names - set(sum(grouped.values(), errors)))
    for title, group in {**grouped, "Other names": others, "Errors and warnings": errors}.items():
        if group:
            yield f"\n## {title}\n"
            yield from _entries("vecq", group)
    listed = {**_listed(), **{name: import_module(name).__all__ for name in MORE_MODULES}}
    for module, chosen in listed.items():
        summary = (import_module(module).__doc__ or "").partition("\n\n")[0]
        yield f"\n## {module}\n\n{summary}\n"
        yield from _entries(module, sorted(set(chosen) - names))


def _listed() -> dict[str, list[str]]:
    """Return the names of each module in docs/public_api.txt, besides those of vecq itself."""
    found: dict[str, list[str]] = {}
    for section in (ROOT / "docs" / "public_api.txt").read_text(encoding="utf-8").split("\n\n"):
        module, *lines = section.strip().splitlines()
        names = dict.fromkeys(re.match(r"\w+", line)[0] for line in lines)
        found[module.strip("[]")] = list(names)
    del found["vecq"]
    return found


def _entries(module: str, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield f"::: {module}.{name}\n    options:\n      heading_level: 3\n"


def _command_line() -> Iterator[str]:
    """Yield the reference of the command line, from the parsers that print --help."""
    from vecq import cli

    yield "# Command line\n\nThe same text as `vecq --help` and `vecq COMMAND --help`.\n"
    yield f"```text\n{cli._parser('').format_help().rstrip()}\n```\n"
    for command in cli.COMMANDS:
        parser = _subparsers(cli._parser(command))[command]
        yield from _command(parser, 2)
        for action in _subparsers(parser).values():
            yield from _command(action, 3)


def _command(parser: argparse.ArgumentParser, level: int) -> Iterator[str]:
    """Yield usage, description, options and examples of a command."""
    about, _, examples = (parser.description or "").partition("Examples:\n")
    usage = parser.format_usage().removeprefix("usage: ").rstrip()
    yield f"{'#' * level} {parser.prog}\n\n{_escaped(about)}\n\n```text\n{usage}\n```\n"
    if examples:
        example, _, rest = examples.partition("\n\n")
        yield f"```text\n{textwrap.dedent(example).rstrip()}\n```\n\n{_escaped(rest)}\n"
    for group in parser._action_groups:
        actions = [one for one in group._group_actions if one.help != argparse.SUPPRESS]
        if actions:
            yield f"**{group.title}**\n"
            yield from (_option(parser, action) for action in actions)
            yield ""


def _option(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    if isinstance(action, argparse._SubParsersAction):
        return "\n".join(f"- `{one.dest}`: {one.help}" for one in action._choices_actions)
    formatter = parser._get_formatter()
    shown = formatter._format_action_invocation(action)
    return f"- `{shown}`: {_escaped(formatter._expand_help(action))}"


def _escaped(text: str) -> str:
    """Keep Markdown from reading stars and angle brackets of help texts."""
    return re.sub(r"([*_<>])", r"\\\1", text)


def _subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


# Usage is as wide as a page, in every terminal.
os.environ["COLUMNS"] = "80"

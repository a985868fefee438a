"""The site builds strictly, names no other host, and its references are complete."""

import os
import re
import subprocess
import sys
from html import unescape
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from vecq import cli

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    not (find_spec("material") and find_spec("mkdocstrings")), reason="needs vecq[docs]"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site; strict: broken links, anchors and references fail the build."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mkdocs", "build", "--strict", "-d", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_pages_load_nothing_from_other_hosts(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        loaded = re.findall(
            r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"?([^\s\">]+)", page.read_text()
        )
        assert loaded
        assert not [one for one in loaded if re.match(r"(?:https?:)?//", one)], page


def test_the_api_reference_has_every_public_name(site):
    page = (site / "api" / "index.html").read_text()
    ids = set(re.findall(r' id="?(vecq[\w.]*)', page))
    listed = (ROOT / "docs" / "public_api.txt").read_text()
    assert len(ids) > 150
    for section in listed.strip().split("\n\n"):
        module, *names = section.split("\n")
        module = module.strip("[]")
        own = import_module(module)
        for name in (re.match(r"\w+", one)[0] for one in names):
            # A class of two modules is documented where it is imported first.
            assert {f"{module}.{name}", f"vecq.{name}"} & ids, f"{module}.{name}"
            assert hasattr(own, name)
    assert "vecq.Index.search" in ids


def test_the_command_line_reference_has_every_option(site):
    page = unescape(re.sub(r"<[^>]+>", "", (site / "cli" / "index.html").read_text()))
    for command in cli.COMMANDS:
        assert f"vecq {command}" in page
        for action in cli._parser(command)._subparsers._group_actions[0].choices[command]._actions:
            for option in action.option_strings:
                assert option in page, (command, option)


def test_every_page_of_the_docs_is_on_the_site(site):
    for page in (ROOT / "docs").glob("*.md"):
        name = "" if page.stem == "index" else page.stem
        assert (site / name / "index.html").exists(), page.name


def test_drawings_are_described_and_follow_dark_mode(site):
    drawings = [
        drawing
        for drawing in (site / "drawings").glob("*.svg")
        if not drawing.name.startswith("cluster-")  # plots, which bench.report labels
    ]
    assert len(drawings) >= 5
    for drawing in drawings:
        text = drawing.read_text()
        assert "<title" in text
        assert "<desc" in text
        assert "prefers-color-scheme: dark" in text

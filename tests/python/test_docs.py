"""The pages of docs/ do what they say: their blocks are run, each page in a folder of its own.

A block that needs a package which is not installed is left out, and the page reported as skipped;
all its other blocks are run nevertheless.
"""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
PACKAGES = ("faiss", "hnswlib", "implicit", "pyarrow", "ray", "scipy", "sklearn", "torch")


def missing(code):
    """What a block imports that is not installed."""
    used = re.findall(r"^(?:import|from) (\w+)", code, flags=re.M)
    return [name for name in PACKAGES if name in used and find_spec(name) is None]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, left_out = {"__name__": "page"}, set()
    for code in re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.S):
        if missing(code):
            left_out.update(missing(code))
        else:
            exec(compile(code, str(page), "exec"), names)
    if left_out:
        pytest.skip(f"blocks were left out, for these are not installed: {sorted(left_out)}")


def test_there_are_pages():
    assert PAGES

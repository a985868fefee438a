"""The pages of docs/ do what they say: their blocks are run, each page in a folder of its own."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run(page, tmp_path, monkeypatch):
    code = "\n".join(re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.S))
    for package in ("faiss", "hnswlib", "implicit", "pyarrow", "sklearn"):
        if f"import {package}" in code or f"from {package}" in code:
            pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(page), "exec"), {"__name__": "page"})


def test_there_are_pages():
    assert PAGES

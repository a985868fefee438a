"""docs/memory.md: the formula of a file's size, against files; its table, against the formula."""

import re
from pathlib import Path

import numpy as np
import pytest

import vecq

PAGE = (Path(__file__).parents[2] / "docs" / "memory.md").read_text()
# Sections begin at pages, and the header takes one.
OVERHEAD = 200_000


@pytest.fixture(scope="module")
def bytes_per_item():
    names = {}
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
    exec(code, names)
    return names["bytes_per_item"]


@pytest.mark.parametrize(
    ("dim", "metric", "codec", "m", "rerank_codec"),
    [
        (128, "ip", "int8", 16, None),
        (100, "cosine", "int8", 8, "fp16"),
        (384, "cosine", "int8", 8, None),
        (70, "l2", "int16", 4, "fp32"),
        (200, "cosine", "int12", 8, None),
        (140, "ip", "int4", 8, "int8"),
        (33, "ip", "fp32", 24, "int16"),
    ],
)
def test_files_have_the_size_of_the_formula(
    bytes_per_item, tmp_path, dim, metric, codec, m, rerank_codec
):
    rows = 6_000
    items = np.random.default_rng(0).standard_normal((rows, dim), dtype=np.float32)
    index = vecq.Index(dim, metric, codec, m=m, rerank_codec=rerank_codec, ef_construction=8).add(
        items
    )
    saved = index.save(tmp_path / "items.vecq").bytes
    expected = rows * bytes_per_item(dim, metric, codec, m, rerank_codec)
    assert 0.99 * expected <= saved <= 1.01 * expected + OVERHEAD


def test_the_table_is_that_of_the_formula(bytes_per_item):
    rows = re.findall(r"^\| ([\d,]+) \| (\d+) \| (.*) \|$", PAGE, flags=re.M)
    assert len(rows) >= 6
    codecs = (("int8", None), ("int12", None), ("int8", "fp16"), ("int16", None), ("fp32", None))
    for count, dim, cells in rows:
        items = int(count.replace(",", ""))
        sizes = [
            items * bytes_per_item(int(dim), "ip", codec, 16, rerank) for codec, rerank in codecs
        ]
        assert cells.split(" | ") == [f"{size / 1e9:.2f}" for size in sizes]

"""Files of every format there ever was open in this version, and answer as they did."""

import json
from pathlib import Path

import numpy as np
import pytest

import vecq

FIXTURES = Path(__file__).parents[1] / "fixtures"
FILES = sorted(FIXTURES.glob("format-*.vecq"))


def vectors(count, start):
    """As in make.py, which must not change what old files were made of."""
    numbers = np.arange(start, start + count * 8, dtype=np.int64)
    return ((numbers * 7919 % 1009) / 512 - 1).astype(np.float32).reshape(count, 8)


def test_no_format_is_forgotten():
    assert {path.name for path in FILES} >= {
        f"format-{version}-{metric}.vecq" for version in (1,) for metric in ("ip", "cosine", "l2")
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("writable", [False, True])
def test_frozen_files_answer_as_ever(path, writable, tmp_path):
    answers = json.loads(path.with_suffix(".json").read_text())
    index = vecq.open(path, writable, verify="full")
    assert index.check().ok
    assert (len(index), index.dim, index.metric) == (40, 8, path.stem.split("-")[2])
    found = index.search(vectors(5, 5000), 6)
    assert found.ids.tolist() == answers["ids"]
    if "reranked" in repr(index):  # sums of floats are added in an order of each processor's own
        np.testing.assert_allclose(found.scores, answers["scores"], rtol=1e-5)
    else:
        assert found.scores.tolist() == answers["scores"]
    if writable:
        index.add(vectors(20, 9000)).save(tmp_path / "more.vecq")
        assert vecq.open(tmp_path / "more.vecq").check().ok

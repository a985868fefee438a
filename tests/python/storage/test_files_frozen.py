"""Files of every earlier format open in this version and return the same results."""

import json
from pathlib import Path

import numpy as np
import pytest

import vecq

FIXTURES = Path(__file__).parents[2] / "fixtures"
FILES = sorted(FIXTURES.glob("format-*.vecq"))


def vectors(count, start, dim=8):
    """Return the vectors of make.py, which must not change."""
    numbers = np.arange(start, start + count * dim, dtype=np.int64)
    return ((numbers * 7919 % 1009) / 512 - 1).astype(np.float32).reshape(count, dim)


def test_every_format_has_a_fixture():
    kinds = ["ip", "cosine", "l2", "living", "biased", "attributes", "names", "cells", "wide"]
    kinds += ["int4", "int12", "int8held", "int12held"]
    assert {path.name for path in FILES} >= {f"format-1-{kind}.vecq" for kind in kinds}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("writable", [False, True])
def test_frozen_files_return_the_same_results(path, writable, tmp_path):
    answers = json.loads(path.with_suffix(".json").read_text())
    index = vecq.open(path, writable, verify="full")
    assert index.check().ok
    kind = path.stem.split("-")[2]
    living = kind == "living"
    metrics = {"ip": "ip", "biased": "ip", "cosine": "cosine"}
    dim = 256 if kind == "wide" else 8
    assert (index.dim, index.metric) == (dim, metrics.get(kind, "l2"))
    assert index.codec.kind == {"int4": "int4", "int12": "int12", "int12held": "int12"}.get(
        kind, "int8"
    )
    assert index.get_bias(index.ids).any() == (kind == "biased")
    sizes = {"living": (31, 9), "names": (39, 1), "cells": (40, 3)}
    assert (len(index), index.stats().free_slots) == sizes.get(kind, (40, 0))
    found = index.search(vectors(5, 5000, dim), 6)
    assert found.ids.tolist() == answers["ids"]
    if "reranked" in repr(index):  # float sums depend on the instruction set
        np.testing.assert_allclose(found.scores, answers["scores"], rtol=1e-5)
    else:
        assert found.scores.tolist() == answers["scores"]
    if living:
        recalled = index.search(vectors(5, 5000), 6, target_recall=0.9)
        assert recalled.ids.tolist() == answers["recalled"]
        assert (0 in index, -10 in index, 40 in index) == (False, False, False)
    for where, ids in answers.get("where", {}).items():
        result = index.search(vectors(1, 0), 40, where=where)
        assert np.sort(result.ids[0]).tolist() == ids, where
    if kind == "int4":
        widths = index.recall_curve.rerank_widths
        assert {str(k): width for k, width in widths.items()} == answers["rerank_widths"]
    if kind == "cells":
        assert index.stats().cells == 8
        assert index.search(vectors(5, 5000), 6, probes=3).ids.tolist() == answers["probed"]
    if kind == "names":
        assert index.id_type == "str"
        assert "é10" in index
        assert "é-50" not in index
        assert index.ids[[0, -1]].tolist() == ["é-40", "new"]
    if writable:
        more = [f"more-{i}" for i in range(20)] if kind == "names" else None
        index.add(vectors(20, 9000, dim), more).save(tmp_path / "more.vecq")
        assert vecq.open(tmp_path / "more.vecq").check().ok


@pytest.mark.parametrize("rebuild", ["compact", "refit"])
def test_rows_of_bytes_become_planes(rebuild, tmp_path):
    path = FIXTURES / "format-1-wide.vecq"
    index = vecq.open(path, writable=True)
    queries = vectors(50, 5000, 256)

    def results():
        walked = index.search(queries, 6, ef=40, rerank_factor=0)
        scanned = index.search(queries, 6, plan="scan", rerank_factor=0)
        return [walked.ids, walked.scores, scanned.ids, scanned.scores]

    def sections():
        index.save(tmp_path / "items.vecq")
        return {section.name for section in vecq.info(tmp_path / "items.vecq").sections}

    before = results()
    assert "walk affines" not in sections()
    getattr(index, rebuild)()
    assert index.codec.kind == "int8"
    assert index.check().ok
    assert "walk affines" in sections()
    after = results()
    if rebuild == "compact":  # refitting encodes the rerank codes again
        for old, new in zip(before, after, strict=True):
            np.testing.assert_array_equal(old, new)
    assert (before[2] == after[2]).mean() > 0.95
    index = vecq.open(tmp_path / "items.vecq")
    for old, new in zip(after, results(), strict=True):
        np.testing.assert_array_equal(old, new)

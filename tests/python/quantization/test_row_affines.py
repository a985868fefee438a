"""Rows whose padding holds the affine for walks: the same results as rows without room."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import vecq

FIXTURES = Path(__file__).parents[2] / "fixtures"
ROWS, K = 3_000, 10
DIM, FULL = 100, 128  # a row of 128 codes is as long, and has no room
SECTION = "affines in codes"


def vectors(count, seed, dim=DIM):
    random = np.random.default_rng(seed)
    basis = np.random.default_rng(9).standard_normal((24, dim))
    return (random.standard_normal((count, 24)) @ basis).astype("float32")


def widened(rows):
    return np.pad(rows, ((0, 0), (0, FULL - rows.shape[1])))


def sections(index, path):
    index.save(path)
    return {section.name for section in vecq.info(path).sections}


@pytest.mark.filterwarnings("ignore::vecq.QuantizationWarning")
@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
@pytest.mark.parametrize("kind", ["int8", "int12", "int4"])
@pytest.mark.parametrize("build", ["bulk", "incremental"])
def test_results_equal_those_of_rows_without_room(metric, kind, build):
    rows, queries = vectors(ROWS, 1), vectors(100, 2)
    codec = vecq.Codec(kind, center=False, rotate=False)
    narrow = vecq.Index(DIM, metric, codec).add(rows, build=build, threads=1)
    wide = vecq.Index(FULL, metric, codec).add(widened(rows), build=build, threads=1)
    for options in ({"plan": "walk"}, {"plan": "scan"}, {"plan": "walk", "query_bits": 8}):
        one = narrow.search(queries, K, ef=60, **options)
        other = wide.search(widened(queries), K, ef=60, **options)
        assert one.n_scored == other.n_scored
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.scores, other.scores)


@pytest.mark.parametrize("kind", ["int8", "int12"])
def test_biases_and_cells_equal_those_of_rows_without_room(kind, tmp_path):
    rows, queries = vectors(ROWS, 1), vectors(30, 2)
    codec = vecq.Codec(kind, center=False, rotate=False)
    biases = np.random.default_rng(3).standard_normal(ROWS).astype("float32")

    def results(rows, queries):
        index = vecq.Index(rows.shape[1], "ip", codec).add(rows, threads=1)
        index.set_bias(np.arange(ROWS), biases).partition(40)
        path = tmp_path / f"{rows.shape[1]}.vecq"
        index.save(path)
        opened = vecq.open(path)
        assert opened.check().ok
        for options in ({"plan": "walk", "ef": 60}, {"probes": 5}, {"bias_weight": 0}):
            yield opened.search(queries, K, **options)
        yield opened.search(queries[0], K, probes=5)

    others = results(widened(rows), widened(queries))
    for one, other in zip(results(rows, queries), others, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.scores, other.scores)


@pytest.mark.filterwarnings("ignore::vecq.QuantizationWarning")
@pytest.mark.parametrize("kind", ["int8", "int12", "int4"])
@pytest.mark.parametrize("build", ["bulk", "incremental"])
def test_rows_of_one_direction_are_equal_under_cosine(kind, build):
    rows = vectors(40, 1).repeat(60, axis=0)
    rows *= np.random.default_rng(3).uniform(0.1, 10, (len(rows), 1)).astype("float32")
    index = vecq.Index(DIM, "cosine", kind).add(rows, build=build, threads=1)
    assert not index.check().problems
    found = index.search(rows[::60], 60, plan="walk", ef=400)
    assert np.mean(found.ids // 60 == np.arange(40)[:, None]) > 0.99


@pytest.mark.parametrize(
    ("kind", "dim", "has_room"),
    [
        ("int8", 1, True),
        ("int8", 56, True),
        ("int8", 57, False),
        ("int8", 100, True),
        ("int8", 128, False),
        ("int8", 256, False),
        ("int12", 112, True),
        ("int12", 113, False),
        ("int4", 100, True),
        ("int16", 100, False),
        ("fp32", 100, False),
    ],
)
def test_files_tell_whether_rows_hold_affines(kind, dim, has_room, tmp_path):
    path = tmp_path / "items.vecq"
    rows = np.random.default_rng(0).standard_normal((200, dim), dtype="float32")
    index = vecq.Index(dim, "cosine", kind).add(rows)
    names = sections(index, path)
    assert (SECTION in names) == has_room
    assert ("walk affines" in names) == ((kind == "int12" and not has_room) or dim == 256)
    if has_room:
        assert vecq.info(path).min_reader_version == "0.2.0"
    opened = vecq.open(path, writable=True)
    expected = index.search(rows[:20], K)
    np.testing.assert_array_equal(opened.search(rows[:20], K).ids, expected.ids)
    opened.add(rows[:50], np.arange(1_000, 1_050))
    opened.remove(np.arange(50))
    opened.compact()
    assert (SECTION in sections(opened, path)) == has_room
    assert vecq.open(path).check().ok


@pytest.mark.parametrize("kind", ["cosine", "l2", "ip", "living", "int12", "int4"])
@pytest.mark.parametrize("rebuild", ["compact", "refit"])
def test_rows_of_earlier_files_get_their_affines(kind, rebuild, tmp_path):
    path = tmp_path / "items.vecq"
    shutil.copy(FIXTURES / f"format-1-{kind}.vecq", path)
    index = vecq.open(path, writable=True)
    queries = vectors(20, 2, 8)

    def results():
        return [index.search(queries, 6, plan=plan, ef=40) for plan in ("walk", "scan")]

    before = results()
    assert SECTION not in sections(index, path)
    if rebuild == "refit" and "reranked" not in repr(index):
        pytest.skip(f"{kind}: has no rerank codes to refit from")
    getattr(index, rebuild)()
    assert index.check().ok
    assert SECTION in sections(index, path)
    for old, new in zip(before, results(), strict=True):
        if rebuild == "compact":
            np.testing.assert_array_equal(old.scores, new.scores)
        assert (old.ids == new.ids).mean() > 0.9


@pytest.mark.parametrize("kind", ["int8", "int12"])
def test_check_reports_damaged_affines(kind, tmp_path):
    path = tmp_path / "items.vecq"
    rows = vectors(500, 1)
    vecq.Index(DIM, "l2", kind).add(rows).save(path)
    codes = next(s for s in vecq.info(path).sections if s.name == "codes")
    data = bytearray(path.read_bytes())
    row = codes.offset + 7 * codes.bytes // 500
    at = row + (48 if kind == "int12" else 120)
    data[at : at + 16 if kind == "int12" else at + 8] = b"\xff" * (16 if kind == "int12" else 8)
    path.write_bytes(data)
    index = vecq.open(path)
    found = index.search(rows[:50], K, plan="walk", ef=100)
    assert (found.ids >= -1).all()
    problems = index.check().problems
    assert any(problem.location == "walk affines, row 7" for problem in problems), problems

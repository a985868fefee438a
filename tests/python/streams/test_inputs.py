"""Bad sources: errors name the file or block, the row and the remedy, and nothing is written."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import vecq
from vecq import datasets

DIM = 8
QUIET = {"m": 4, "ef_construction": 8}


@pytest.fixture
def rows():
    return np.random.default_rng(0).standard_normal((3_000, DIM)).astype(np.float32)


def blocks_of(rows, size=1_000):
    return [rows[first : first + size] for first in range(0, len(rows), size)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.vecq").write_bytes(b"older")
    yield tmp_path
    assert (tmp_path / "old.vecq").read_bytes() == b"older"
    assert not list(tmp_path.glob(".*"))


@pytest.fixture
def refuses(refuse):
    def call(message, source, argument="source", **own):
        refuse(argument, message, vecq.build, source, "old.vecq", **own, **QUIET)

    return call


@pytest.mark.parametrize("metric", ["ip", "l2"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e34])
def test_values_that_are_not_finite(value, metric, rows, refuses):
    rows[2_500, 3] = value
    datasets.write_matrix("good.fbin", rows[:1_000])
    datasets.write_matrix("bad.fbin", rows[1_000:])
    remedy = "correct or drop such rows"
    message = f"source: bad.fbin: vectors has a value .*in row 1500, column 3.*: {remedy}"
    refuses(message, ["good.fbin", "bad.fbin"], metric=metric)
    message = f"block 2, from row 2,000 on: vectors has a value .*in row 2500.*: {remedy}"
    refuses(message, iter(blocks_of(rows)), metric=metric)


def test_a_source_without_a_finite_row(refuses):
    refuses("the array.*not finite", np.full((9, DIM), np.nan, np.float32), metric="l2")


@pytest.mark.parametrize("kind", [int, str])
def test_ids_that_are_repeated(kind, rows, refuses):
    ids = list(map(kind, range(3_000)))
    ids[2_100] = ids[17]
    shown = repr(ids[17])
    pairs = zip(blocks_of(ids), blocks_of(rows), strict=True)
    refuses(f"block 2.*ids has {shown} in row 2100, which is taken.*an id of its own", pairs)
    datasets.write_matrix("items.fbin", rows)
    message = f"items.fbin: ids has {shown} in row 2100, which is taken"
    refuses(message, "items.fbin", "ids", ids=ids)


@pytest.mark.parametrize(
    ("message", "blocks"),
    [
        ("block 1 has vectors of 7 dim.*first ones have 8", [np.ones((2, 8)), np.ones((2, 7))]),
        ("block 0 holds .*of shape \\(2, 2, 2\\)", [np.ones((2, 2, 2))]),
        ("block 0 holds .*expected a matrix of numbers", [["a", "b"]]),
        ("block 0 holds bool", [np.ones((2, 8), bool)]),
        ("block 1 is a str, expected arrays", [np.ones((2, 8)), "text"]),
        ("block 1 is a NoneType", [np.ones((2, 8)), None]),
        (
            "block 1 has 3 ids and 2 vectors",
            [([0, 1], np.ones((2, 8))), (range(3), np.ones((2, 8)))],
        ),
        ("block 1.*lacks ids", [([0, 1], np.ones((2, 8))), np.ones((2, 8))]),
        ("block 1.*has ids", [np.ones((2, 8)), ([0, 1], np.ones((2, 8)))]),
        ("block 1.*expected whole", [([0], np.ones((1, 8))), (["a"], np.ones((1, 8)))]),
        ("block 1.*expected a string", [(["a"], np.ones((1, 8))), ([0], np.ones((1, 8)))]),
        ("block 0 has 0 columns", [np.ones((2, 0))]),
        ("source yields nothing", []),
    ],
)
def test_blocks_of_other_kinds(message, blocks, refuses):
    refuses(message, iter(blocks))


@pytest.mark.parametrize(
    ("message", "source"),
    [
        ("is an int, expected", 3),
        ("is a NoneType, expected", None),
        ("is a bytes, expected", b"items.npy"),
        ("is a dict, expected", {}),
        ("nix.npy does not exist$", "nix.npy"),
        ("nix does not exist$", "nix"),
        ("old.vecq has the suffix '.vecq'", "old.vecq"),
        (". is a folder without .parquet", "."),
        ("has an int among paths", ["a.npy", 3]),
        ("has shape \\(3,\\), expected a matrix", np.ones(3)),
        ("holds complex", np.ones((3, 8), complex)),
    ],
)
def test_what_is_no_source(message, source, refuses):
    refuses(message, source)


def test_files_of_two_kinds_or_dims(rows, refuses):
    datasets.write_matrix("a.npy", rows)
    datasets.write_matrix("b.npy", rows[:, :5])
    refuses("b.npy has vectors of 5 dimensions, but the first ones have 8", ["a.npy", "b.npy"])
    datasets.write_matrix("c.parquet", rows)
    refuses("a.npy and c.parquet are of different kinds", ["a.npy", "c.parquet"])


def test_damaged_files(rows, folder):
    datasets.write_matrix("a.fbin", rows)
    (folder / "a.fbin").write_bytes((folder / "a.fbin").read_bytes()[:-4])
    with pytest.raises(vecq.DatasetError, match=r"a.fbin.*truncated"):
        vecq.build("a.fbin", "old.vecq")
    (folder / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(vecq.FileError, match=r"a.parquet can't be read"):
        vecq.build("a.parquet", "old.vecq")


def test_arguments(rows, refuses):
    refuses("id_column is given, but source has no columns", rows, "id_column", id_column="id")
    refuses("vector_column is given", rows, "vector_column", vector_column="v")
    both = {"ids": range(3_000), "id_column": "id"}
    refuses("id_column is given, and so are values", rows, "id_column", **both)
    refuses("ids has shape \\(3,\\), expected \\(3000,\\)", rows, "ids", ids=[1, 2, 3])
    refuses("bias has shape \\(3,\\)", iter(blocks_of(rows)), "bias", bias=[1, 2, 3])
    refuses("build is 'fast'", rows, "build", build="fast")
    refuses("threads", rows, "threads", threads=-1)
    refuses("users has 3 columns", rows, "users", users=np.ones((2, 3)))
    refuses("metric is 'odd'", rows, "metric", metric="odd")
    with pytest.raises(TypeError, match="depth"):
        vecq.build(rows, depth=3)


def test_the_path_is_refused_before_the_work(rows, refuse, folder):
    calls = []
    for path, message in (("nix/a.vecq", "make that folder"), (str(folder), "is a folder")):
        refuse("path", message, vecq.build, rows, path, progress=lambda *at: calls.append(at))
    assert calls == []


def test_columns(rows, refuses):
    vectors = [row.tolist() for row in rows[:1_500]]
    columns = {"v": vectors, "id": list(range(1_500)), "word": ["a"] * 1_500}

    def bad(message, **own):
        schema = {name: own.pop(name) for name in list(own) if name in ("v", "w", "id")}
        parquet.write_table(pa.table(columns | schema), "bad.parquet")
        refuses(f"bad.parquet {message}", "bad.parquet", **own)

    bad("has the columns v, id, word, expected one named 'nix'", vector_column="nix")
    bad("has the columns v, id, word, expected one named 'nix'", id_column="nix")
    bad("has the columns v, id, word, expected one named 'nix'", bias_column="nix")
    bad("has the columns v, id, word, .*'nix'", attributes={"nix": "bool"})
    bad("has type string in column 'word', expected numbers", bias_column="word")
    bad("has type list<.*expected integers or strings", id_column="v")
    bad("has type string in column 'word'", vector_column="word")
    bad("has the columns v, w of lists", w=vectors)
    bad(
        "has a vector of 3 numbers in column 'v', row 1400",
        v=[*vectors[:1400], [1.0] * 3, *vectors[1401:]],
    )
    bad(
        "has a number that is not finite in column 'v', row 1450",
        v=[*vectors[:1450], [np.nan] * DIM, *vectors[1451:]],
    )
    bad("has 1 null in column 'v'", v=[None, *vectors[1:]])
    bad("has 1 null in column 'v'", v=[*vectors[1:], None])
    bad("has 1 null in column 'id'", id=[None, *range(1, 1_500)], id_column="id")
    columns["id"] = [*range(1_499), 7]
    parquet.write_table(pa.table(columns), "bad.parquet")
    refuses("bad.parquet: ids has 7 in row 1499, which is taken", "bad.parquet", id_column="id")
    refuses("bad.parquet: attributes 'word'", "bad.parquet", attributes={"word": "bool"})
    empty = pa.table({"v": pa.array([], pa.list_(pa.float32()))})
    refuses("has no rows, expected vectors", empty)
    refuses("has no rows, expected vectors", empty.to_reader())


def test_files_with_other_columns(rows, refuses):
    vectors = rows.tolist()
    parquet.write_table(pa.table({"v": vectors, "id": range(3_000)}), "a.parquet")
    parquet.write_table(pa.table({"v": vectors}), "b.parquet")
    files = ["a.parquet", "b.parquet"]
    refuses("source: b.parquet has the columns v, expected one named 'id'", files, id_column="id")
    narrow = pa.array([row[:3] for row in vectors], pa.list_(pa.float32(), 3))
    parquet.write_table(pa.table({"v": narrow}), "b.parquet")
    refuses("b.parquet has a vector of 3 numbers.*dim 8", files)

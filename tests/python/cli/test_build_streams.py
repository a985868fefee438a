"""vecq build reads its input as vecq.build does: several files, columns and attributes."""

import h5py
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import vecq

SMALL = ("--metric", "l2", "--m", 6, "--threads", 1)


@pytest.fixture(scope="module")
def table(shell, load):
    rng = np.random.default_rng(0)
    made = pa.table(
        {
            "item": [f"item {number}" for number in range(2000)],
            "embedding": load("items.npy").tolist(),
            "other": load("items.npy")[:, :3].tolist(),
            "boost": rng.standard_normal(2000),
            "price": rng.uniform(0, 9, 2000),
            "a:b": rng.random(2000) < 0.5,
        }
    )
    (shell.folder / "parts").mkdir()
    for number in range(4):
        parquet.write_table(
            made.slice(500 * number, 500), shell.folder / "parts" / f"{number}.parquet"
        )
    return made


COLUMNS = (
    *("--id-column", "item", "--vector-column", "embedding", "--bias-column", "boost"),
    *("--attribute", "price:float32", "--attribute", "a:b:bool"),
)


@pytest.mark.parametrize("files", ["folder", "files"])
def test_columns_of_several_files(files, shell, load, table):
    paths = ["parts"] if files == "folder" else [f"parts/{number}.parquet" for number in range(4)]
    found = shell.json("build", *paths, "parts.vecq", *COLUMNS, *SMALL)
    assert found["rows"] == 2000
    index = vecq.open(shell.folder / "parts.vecq")
    expected = vecq.build(
        table.select([name for name in table.column_names if name != "other"]),
        metric="l2",
        id_column="item",
        bias_column="boost",
        attributes={"price": "float32", "a:b": "bool"},
        m=6,
        threads=1,
    )
    query = {"k": 9, "where": vecq.col("price") < 3}
    best = expected.search(load("users.npy"), **query)
    np.testing.assert_array_equal(index.search(load("users.npy"), **query).ids, best.ids)
    assert index.attributes == expected.attributes


def test_bulk_builds(shell, load):
    shell("build", "items.npy", "bulk.vecq", *SMALL, "--build", "bulk")
    index = vecq.open(shell.folder / "bulk.vecq")
    expected = vecq.Index(32, "l2", m=6).add(load("items.npy"), build="bulk")
    found = index.search(load("users.npy"), 9)
    np.testing.assert_array_equal(found.ids, expected.search(load("users.npy"), 9).ids)


def test_files_of_several_arrays(shell, load):
    np.savez(shell.folder / "data.npz", train=load("items.npy"), test=load("users.npy"))
    with h5py.File(shell.folder / "data.hdf5", "w") as file:
        file["train"], file["test"] = load("items.npy"), load("users.npy")
    for name in ("data.npz", "data.hdf5"):
        assert shell.json("build", name, "data.vecq", *SMALL)["rows"] == 2000
    with h5py.File(shell.folder / "flat.hdf5", "w") as file:
        file["train"] = np.zeros(3)
    shell.refuses("flat.hdf5 holds float64 of shape (3,)", "build", "flat.hdf5", "out.vecq")
    with h5py.File(shell.folder / "odd.hdf5", "w") as file:
        file["test"] = np.zeros(3)
    shell.refuses("odd.hdf5 has no 'train'", "build", "odd.hdf5", "out.vecq")


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("the columns embedding, other of lists", ["parts"]),
        ("expected one named 'nix'", ["parts", "--vector-column", "nix"]),
        ("attribute is 'price', expected NAME:KIND", ["parts", "--attribute", "price"]),
        (
            "attributes['price'] is 'real', expected one of",
            ["parts", "--vector-column", "other", "--attribute", "price:real"],
        ),
        ("--id-column is given, but source has no columns", ["items.npy", "--id-column", "item"]),
        (
            "--attribute is given, but items.npy has no columns: expected files of .parquet",
            ["items.npy", "--attribute", "price:float32"],
        ),
        ("are of different kinds", ["items.npy", "parts/0.parquet"]),
        ("users.npy.npy does not exist", ["items.npy", "users.npy.npy"]),
        (". is a folder without .parquet", ["."]),
    ],
)
def test_what_is_wrong_is_named(shell, message, words):
    first = next((at for at, word in enumerate(words) if word.startswith("--")), len(words))
    shell.refuses(message, "build", *words[:first], "out.vecq", *words[first:])
    assert not (shell.folder / "out.vecq").exists()

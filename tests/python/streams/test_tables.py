"""Columns of Parquet and Arrow: vectors, ids, biases and attributes, in every form."""

import numpy as np
import polars
import pyarrow as pa
import pytest
from pyarrow import dataset, parquet

import vecq

from .conftest import DIM, ROWS, SETTINGS

KINDS = {"price": "float32", "genre": "category", "tags": "tags"}


def vector_column(items, kind):
    flat = pa.array(items.ravel())
    if kind == "fixed":
        return pa.FixedSizeListArray.from_arrays(flat, items.shape[1])
    offsets = np.arange(0, items.size + 1, items.shape[1])
    made = pa.LargeListArray if kind == "large" else pa.ListArray
    return made.from_arrays(pa.array(offsets, pa.int64() if kind == "large" else pa.int32()), flat)


@pytest.fixture(scope="module", params=["fixed", "lists", "large"])
def table(request, items, ids):
    rng = np.random.default_rng(5)
    return pa.table(
        {
            "name": pa.array([f"item {one}" for one in ids]),
            "item": ids,
            "embedding": vector_column(items, request.param),
            "boost": rng.standard_normal(ROWS),
            "price": pa.array(rng.uniform(0, 9, ROWS), mask=rng.random(ROWS) < 0.1),
            "genre": pa.array(rng.choice(["news", "film", "game"], ROWS)).dictionary_encode(),
            "tags": pa.array([["a", "b"][: one % 3] for one in ids.tolist()]),
            "unused": rng.standard_normal(ROWS),
        }
    )


@pytest.fixture(scope="module")
def expected(table, items):
    """The index of one addition, by the column of ids."""

    def index(id_column):
        own = {name: table.column(name).combine_chunks() for name in KINDS}
        own["genre"] = own["genre"].dictionary_decode()
        made = vecq.Index(DIM, "l2", m=4, ef_construction=16, attributes=KINDS)
        ids = table.column(id_column).combine_chunks()
        ids = ids if id_column == "name" else ids.to_numpy()
        bias = table.column("boost").to_numpy()
        return made.add(items, ids, attributes=own, bias=bias, threads=1)

    return {name: index(name) for name in ("item", "name")}


FORMS = ["table", "file", "small groups", "folder", "arrow", "data set"]


def given(form, table, folder):
    if form == "table":
        return table
    if form == "file":
        parquet.write_table(table, folder / "items.parquet")
        return str(folder / "items.parquet")
    if form == "small groups":
        parquet.write_table(table, folder / "items.pq", row_group_size=1_111)
        return folder / "items.pq"
    if form == "arrow":
        with pa.ipc.new_file(str(folder / "items.arrow"), table.schema) as file:
            file.write_table(table.combine_chunks().unify_dictionaries(), 5_000)
        return [folder / "items.arrow"]
    (folder / "items").mkdir()
    for number, first in enumerate(range(0, ROWS, 4_000)):
        path = folder / "items" / f"{number}.parquet"
        parquet.write_table(table.slice(first, 4_000), path)
    return folder / "items" if form == "folder" else dataset.dataset(folder / "items")


@pytest.mark.parametrize("id_column", ["item", "name"])
@pytest.mark.parametrize("form", FORMS)
def test_all_columns(form, id_column, table, expected, tmp_path, content, monkeypatch):
    monkeypatch.setattr("vecq.streams.block.BLOCK_BYTES", 4 * 4 * DIM * 700)
    index = vecq.build(
        given(form, table, tmp_path),
        metric="l2",
        id_column=id_column,
        bias_column="boost",
        vector_column="embedding",
        attributes=KINDS,
        **SETTINGS,
    )
    wanted = expected[id_column]
    assert content(index) == content(wanted)
    query = {"k": 20, "where": "price < 3 and genre == 'film' and tags has 'a'"}
    vectors = np.ones((3, DIM), np.float32)
    found, best = index.search(vectors, **query), wanted.search(vectors, **query)
    np.testing.assert_array_equal(found.ids, best.ids)
    np.testing.assert_array_equal(found.scores, best.scores)


ONCE = {
    "reader": lambda table: table.to_reader(900),
    "generator": lambda table: iter(table.to_batches(900)),
    "list": lambda table: table.to_batches(900),
    "tables": lambda table: (table.slice(first, 2_000) for first in range(0, ROWS, 2_000)),
}


@pytest.mark.parametrize("make", ONCE.values(), ids=ONCE)
def test_sources_that_are_read_once(make, table, items, ids, content):
    codec = vecq.Codec("int16", center=True).fit(items)
    own = {"metric": "l2", "codec": codec, "m": 4, "ef_construction": 16}
    index = vecq.build(make(table), id_column="item", vector_column="embedding", threads=1, **own)
    assert content(index) == content(vecq.Index(DIM, **own).add(items, ids, threads=1))


def test_a_reader_calibrates_on_its_first_rows(table, items, content):
    own = {"metric": "l2"} | SETTINGS
    columns = table.select(["embedding"])
    index = vecq.build(columns.to_reader(6_000), **own)
    own["codec"] = vecq.Codec("int8", center=True).fit(items[:12_000])
    found = vecq.build(items, **own)
    assert content(index) == content(found)


def test_data_frames(table, items, content):
    frame = polars.from_arrow(table.select(["embedding"]))
    codec = vecq.Codec("int8", center=True).fit(items)
    own = {"metric": "l2", "codec": codec} | SETTINGS
    assert content(vecq.build(frame, **own)) == content(vecq.build(items, **own))


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8, np.int32])
def test_types_of_values(dtype, tmp_path, content):
    items = np.random.default_rng(0).integers(-50, 50, (1_500, 16)).astype(dtype)
    parquet.write_table(pa.table({"v": vector_column(items, "fixed")}), tmp_path / "v.parquet")
    found = vecq.build(tmp_path / "v.parquet", metric="l2", **SETTINGS)
    assert content(found) == content(vecq.build(items.astype(np.float32), metric="l2", **SETTINGS))

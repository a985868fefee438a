"""Vectors from other libraries, by the protocols that these have for arrays."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import vecq
from vecq.core.arrays import as_vectors

ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


class Tensor:
    """What has `__dlpack__` alone."""

    def __init__(self, array):
        self.own = array

    def __dlpack__(self, **options):
        return self.own.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.own.__dlpack_device__()


class Wrapped:
    """What has `__array__` alone."""

    def __array__(self, dtype=None, copy=None):
        return ROWS


def test_protocols():
    assert as_vectors(Wrapped(), "x") is ROWS
    found = as_vectors(Tensor(ROWS), "x")
    assert (found == ROWS).all()
    assert np.shares_memory(found, ROWS)


def test_arrow():
    flat = pa.array(ROWS.ravel())
    lists = pa.FixedSizeListArray.from_arrays(flat, 3)
    for column, expected in [
        (lists, ROWS),
        (lists[1:3], ROWS[1:3]),
        (pa.chunked_array([lists, lists[2:]]), np.concatenate([ROWS, ROWS[2:]])),
        (pa.array(ROWS.tolist(), pa.list_(pa.float64())), ROWS),
    ]:
        assert (as_vectors(column, "x") == expected).all()
    assert np.shares_memory(as_vectors(lists, "x"), flat.to_numpy())
    assert len(vecq.Index(3, "l2").add(lists)) == 4


def test_arrow_tables():
    lists = pa.FixedSizeListArray.from_arrays(pa.array(ROWS.ravel()), 3)
    ragged = pa.array(ROWS.tolist(), pa.list_(pa.float32()))
    for kind in (pa.table, pa.RecordBatch.from_pydict):
        for column in (lists, ragged):
            assert (as_vectors(kind({"a": column}), "x") == ROWS).all()
        numbers = {name: pa.array(ROWS[:, place]) for place, name in enumerate("abc")}
        assert (as_vectors(kind(numbers), "x") == ROWS).all()
        assert as_vectors(kind({"a": numbers["a"]}), "x").shape == (len(ROWS), 1)


def test_pandas():
    assert (as_vectors(pd.DataFrame(ROWS), "x") == ROWS).all()
    assert (as_vectors(pd.Series(list(ROWS)), "x") == ROWS).all()
    assert (as_vectors(pd.Series(ROWS.tolist()), "x") == ROWS).all()
    assert (as_vectors(pd.DataFrame({"a": list(ROWS)}), "x") == ROWS).all()


def test_polars():
    assert (as_vectors(pl.DataFrame(ROWS), "x") == ROWS).all()
    assert (as_vectors(pl.Series(list(ROWS), dtype=pl.Array(pl.Float32, 3)), "x") == ROWS).all()
    assert (as_vectors(pl.Series(ROWS.tolist()), "x") == ROWS).all()
    assert (as_vectors(pl.DataFrame({"a": ROWS.tolist()}), "x") == ROWS).all()


def test_torch():
    torch = pytest.importorskip("torch", reason="TORCH IS NOT INSTALLED: its tensors go untested")
    assert np.shares_memory(as_vectors(torch.from_numpy(ROWS), "x"), ROWS)


def test_columns_that_are_no_vectors(refuse):
    ragged = np.empty(2, object)
    ragged[:] = [np.zeros(3), np.zeros(2)]
    refuse("x", "is no array", as_vectors, ragged, "x")
    refuse("x", "is no array", as_vectors, pa.array([[1.0], [1.0, 2.0]]), "x")
    nulls = pa.array([[1.0, 2.0], None], pa.list_(pa.float32(), 2))
    refuse("x", "nulls", as_vectors, nulls, "x")
    inner = pa.array([[1.0, 2.0], [None, 2.0]], pa.list_(pa.float32(), 2))
    refuse("x", "nulls", as_vectors, inner, "x")
    mixed = pa.table({"a": pa.array([[1.0], [2.0]]), "b": pa.array([1.0, 2.0])})
    refuse("x", "dtype object", as_vectors, mixed, "x")
    refuse("x", "dtype", as_vectors, pa.array([["a"], ["b"]], pa.list_(pa.string(), 1)), "x")


def test_vectors_that_are_not_aligned():
    content = np.frombuffer(b"\0" + ROWS.tobytes(), np.uint8)
    loose = np.frombuffer(content, np.float32, 12, 1).reshape(4, 3)
    assert not loose.flags.aligned
    index = vecq.Index(3, "l2", "fp32").add(loose)
    assert (index.get(range(4)) == ROWS).all()

"""Bad inputs of vecq.recommend: refused before the work, naming file, column and remedy."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import vecq

DIM = 16
VECTOR = pa.list_(pa.float32(), DIM)


def users(count=2, **columns):
    made = {
        "user": pa.array(range(count)),
        "vector": pa.array([[0.5] * DIM] * count, VECTOR),
        **columns,
    }
    return pa.table({name: column for name, column in made.items() if column is not None})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (users(user=None), "users has only vector, expected one column of user ids: .*user_column"),
        (users(user_id=[1, 2]), "has the columns user, user_id, expected one column"),
        (users(vector=None), "no column of lists of numbers.*vector_column"),
        (users(more=[[1.0]] * 2), "the columns vector, more of lists.*vector_column"),
        (users(vector=[[1] * DIM] * 2), "list<.*int64.*'vector'.*cast it to float32"),
        (users(vector=pa.array([[1.0]] * 2, pa.list_(pa.float32(), 1))), "of 1 number .*dim 16"),
        (users(user=[0.5, 1]), "type double in column 'user', expected integers or strings"),
    ],
)
def test_schemas_are_verified_first(table, message, shop, refuse, tmp_path):
    refuse("users", message, vecq.recommend, shop.index, table, k=2)
    parquet.write_table(table, tmp_path / "bad.parquet")
    path, out = tmp_path / "bad.parquet", tmp_path / "out.parquet"
    message = message.replace("users", f"users: {path}")
    refuse("users", message, vecq.recommend, shop.index, path, k=2, out=out)
    assert not out.exists()
    assert not (tmp_path / "out.parquet.work").exists()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (users(vector=[[1.0] * DIM, [1.0]]), "vector of 1 number in column 'vector', row 1"),
        (users(vector=[[1.0] * DIM, None]), "1 null in column 'vector'"),
        (users(vector=[[1.0] * DIM, [None] * DIM]), "16 nulls in column 'vector'"),
        (users(vector=[[1.0] * DIM, [np.nan] * DIM]), "not finite in column 'vector', row 1"),
        (users(user=[1, None]), "1 null in column 'user'.*drop these rows"),
    ],
)
def test_values_are_verified(table, message, shop, refuse, tmp_path):
    refuse("users", message, lambda: list(vecq.recommend(shop.index, table, k=2)))
    refuse("users", message, vecq.recommend, shop.index, table, out=tmp_path / "out.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"user": [1], "sku": [1]}, "expected one column of item ids: name it by item_column"),
        ({"user": [1], "item": ["a"]}, "type string in column 'item', expected integers, which"),
        ({"user": [1], "item": [0.5]}, "type double in column 'item'"),
        ({"user": [True], "item": [1]}, "type bool in column 'user'"),
    ],
)
def test_seen_items_are_verified(columns, message, shop, refuse):
    refuse("seen", message, vecq.recommend, shop.index, users(), seen=pa.table(columns), k=2)


def test_string_indexes_need_string_items(shop, refuse):
    table = pa.table({"user": [1], "item": [1]})
    message = "type int64 in column 'item', expected strings, which the ids of the index are"
    refuse("seen", message, vecq.recommend, shop.named, users(), seen=table, k=2)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("probes", 3),  # the index has no cells
        ("where", "price < 1"),  # and no attributes
        ("where", "price <"),
        ("where", 7),
        ("target_recall", 0.9),
        ("allow", [[1]]),
        ("deny", 1.5),
        ("ef", 0),
        ("rerank_factor", 2),
        ("bias_weight", [1.0]),  # one value for all users
        ("bias_weight", []),
        ("threads", -1),
    ],
)
def test_options_are_verified_before_the_work(argument, value, shop, tmp_path):
    given = {"k": 2, "out": tmp_path / "out.parquet", argument: value}
    with pytest.raises(vecq.ArgumentError):
        vecq.recommend(shop.index, users(), **given)
    assert list(tmp_path.iterdir()) == []


def test_arguments_are_verified(shop, refuse, tmp_path):
    run = vecq.recommend
    refuse("k", "0", run, shop.index, users(), k=0)
    refuse("users", "int", run, shop.index, 7)
    refuse("users", "iterable of int", run, shop.index, [7])
    refuse("users", "does not exist", run, shop.index, tmp_path / "none.parquet")
    refuse("exclude", "seen", run, shop.index, users(), exclude=[[1]])
    refuse("ef", "0", run, shop.index, users(), ef=0)
    refuse("out", "expected a .parquet file", run, shop.index, users(), out=tmp_path / "a.csv")
    refuse("out", "does not exist", run, shop.index, users(), out=tmp_path / "no" / "a.parquet")
    refuse("memory_bytes", "1", run, shop.index, users(), memory_bytes=1)
    refuse("part_users", "0", run, shop.index, users(), part_users=0)
    given = {"k": 1000, "part_users": 2_147_484}  # more results than a list of Arrow can hold
    refuse("part_users", "from 1 to 2147483", run, shop.index, users(), **given)
    refuse("users", "expected one named 'id'", run, shop.index, users(), user_column="id")
    refuse("users", "named 'ids': rename", run, shop.index, users(ids=[1, 2]), user_column="ids")
    refuse("users", "no files", run, shop.index, tmp_path)
    with pytest.raises(TypeError):
        run(shop.index, users(), size=3)
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and nothing")
    with pytest.raises(vecq.FileError, match=r"a\.parquet can't be read"):
        run(shop.index, tmp_path / "a.parquet")
    (tmp_path / "seen.csv").write_text("user,item\n1,2\n3,x\n")
    with pytest.raises(vecq.FileError, match=r"seen\.csv can't be read.*'x'"):
        list(run(shop.index, users(), seen=tmp_path / "seen.csv"))

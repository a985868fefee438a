"""Interactions: read from every format, split by time, factorized by implicit."""

import datetime

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

import vecq
from vecq import datasets
from vecq.datasets import interactions
from vecq.datasets.interactions import Interactions, read_interactions, split

CSV = "userId,movieId,rating,timestamp\nu1,a,4.5,10\nu2,b,3,20\nu1,b,1,30\n"


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return path


def pairs(table):
    return [
        (table.user_names[user], table.item_names[item])
        for user, item in zip(table.users, table.items, strict=True)
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ratings.csv", CSV),
        ("ratings.csv", CSV.replace("\n", "\r\n")),
        ("ratings.csv", "\ufeff" + CSV),
        ("ratings.csv", CSV + "\n\n"),
        ("a.tsv", CSV.replace(",", "\t")),
        ("a.csv", "time,item_id,User,Plays\n10,a,u1,4.5\n20,b,u2,3\n30,b,u1,1\n"),
        ("ratings.dat", "u1::a::4.5::10\nu2::b::3::20\nu1::b::1::30\n"),
        ("u.data", "1\ta\t4.5\t10\n2\tb\t3\t20\n1\tb\t1\t30"),
    ],
)
def test_tables_are_read(tmp_path, name, text):
    (table,) = read_interactions(write(tmp_path, name, text))
    assert [item for _, item in pairs(table)] == ["a", "b", "b"]
    assert table.users.tolist() == [0, 1, 0]
    assert table.weights.tolist() == [4.5, 3, 1]
    assert table.times.tolist() == [10, 20, 30]


def test_times_may_be_dates(tmp_path):
    text = (
        "user,item,date\n1,a,1970-01-02\n1,b,1970-01-01T00:00:10Z\n1,c,1970-01-01 01:00:00+01:00\n"
    )
    (table,) = read_interactions(write(tmp_path, "a.csv", text))
    assert table.times.tolist() == [86400, 10, 0]


def test_columns_are_named(tmp_path):
    path = write(tmp_path, "a.csv", 'who,what,much\n"x,1",a,1\ny,b,2\n')
    (table,) = read_interactions(path, user="who", item="what", weight="much")
    assert table.user_names == ["x,1", "y"]
    assert table.weights.tolist() == [1, 2]
    assert table.times is None


def test_lists_share_the_numbers_of_their_users_and_items(tmp_path):
    first = write(tmp_path, "train.txt", "0 5 6\n1 6\n\n2\n")
    second = write(tmp_path, "test.txt", "1 7\n0 8 5\n")
    seen, heldout = read_interactions(first, second)
    assert pairs(seen) == [("0", "5"), ("0", "6"), ("1", "6")]
    assert pairs(heldout) == [("1", "7"), ("0", "8"), ("0", "5")]
    assert seen.weights is seen.times is None
    assert seen.user_names == heldout.user_names
    assert len(seen.item_names) == 4


def test_parquet_is_read(tmp_path):
    when = [datetime.datetime(2020, 1, day, tzinfo=datetime.timezone.utc) for day in (1, 2, 3)]
    columns = {"noise": [0, 0, 0], "timestamp": when, "item": ["a", "b", "b"], "user": [7, 8, 7]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    (table,) = read_interactions(tmp_path / "a.parquet")
    assert pairs(table) == [("7", "a"), ("8", "b"), ("7", "b")]
    assert np.diff(table.times).tolist() == [86400, 86400]
    columns["user"] = [7, None, 7]
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    with pytest.raises(vecq.DatasetError, match="line 2 has no user"):
        read_interactions(tmp_path / "a.parquet")


FAULTS = [
    ("a.csv", "", "user", "is empty"),
    ("a.csv", "user,item\n", "user", "no interactions"),
    ("a.csv", "user,thing\n1,2\n", "item", r"no column is called item.*there are user, thing"),
    ("a.csv", "user,item,rating\n1,2,3\n1,2\n", "line", "line 3 has 2 values, expected at least 3"),
    ("a.csv", "user,item,rating\n1,2,good\n", "weight", "line 2 has weight 'good'"),
    ("a.csv", "user,item,rating\n1,2,nan\n", "weight", "line 2 has weight 'nan'"),
    ("a.csv", "user,item,time\n1,2,\n", "time", "line 2 has time ''"),
    ("a.csv", "user,item\n1,2\n,3\n", "user", "line 3 has no user"),
    ("a.csv", "user,item\n1,\n", "item", "line 2 has no item"),
    ("a.csv", 'user,item\n1,"2\n', "", "is not a valid table"),
    ("ratings.dat", "1::2::3\n", "line", "line 1 has 3 values"),
    ("ratings.dat", "1,2,3,4\n", "line", "line 1 has 1 values"),
    ("a.txt", "", "user", "no interactions"),
    ("a.txt", "5\n6\n", "user", "no interactions"),
]


@pytest.mark.parametrize(("name", "text", "field", "message"), FAULTS)
def test_errors_name_file_and_line(tmp_path, name, text, field, message):
    path = write(tmp_path, name, text)
    with pytest.raises(vecq.DatasetError, match=message) as caught:
        read_interactions(path)
    assert str(path) in str(caught.value)
    assert caught.value.argument == field


def test_binary_tables_are_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"user,item\n\xff\xfe,1\n")
    with pytest.raises(vecq.DatasetError, match=r"a\.csv.*utf-8"):
        read_interactions(tmp_path / "a.csv")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(vecq.DatasetError, match=r"a\.parquet"):
        read_interactions(tmp_path / "a.parquet")


def test_arguments_are_named(tmp_path, refuse):
    refuse("paths", "suffix", read_interactions, tmp_path / "paths.xls")
    path = write(tmp_path, "a.csv", CSV)
    with pytest.raises(vecq.DatasetError, match="'who' is missing, there are userId"):
        read_interactions(path, user="who")
    with pytest.raises(vecq.DatasetError, match="no such file"):
        read_interactions(tmp_path / "b.csv")
    (table,) = read_interactions(path)
    for share in (0, 1, -0.1, 2, np.nan):
        refuse("share", "more than 0 and less than 1", split, table, share)
    refuse("share", "a number", split, table, "a")
    refuse("seed", "whole number", split, table, seed=-1)


def table_of(users, items, weights=None, times=None):
    users, items = (np.asarray(column, np.int64) for column in (users, items))
    names = [[str(n) for n in range(column.max() + 1)] for column in (users, items)]
    columns = (None if column is None else np.asarray(column, float) for column in (weights, times))
    return Interactions(users, items, *columns, *names)


def test_pairs_are_merged():
    merged = table_of([1, 0, 1, 1], [2, 0, 2, 1], [1, 2, 3, 4], [50, 20, 40, 10]).merged()
    rows = zip(merged.users, merged.items, merged.weights, merged.times, strict=True)
    assert list(rows) == [(0, 0, 2, 20), (1, 1, 4, 10), (1, 2, 4, 50)]
    counted = table_of([0, 0, 0], [1, 1, 0]).merged()
    assert counted.weights.tolist() == [1, 2]
    once = table_of([0, 0], [0, 1])
    assert once.merged() is once


def test_the_last_items_of_each_user_are_held_out():
    rng = np.random.default_rng(0)
    users = rng.permutation(np.repeat(np.arange(50), np.arange(50) + 1))
    table = table_of(users, np.arange(len(users)), times=rng.permutation(len(users)))
    seen, heldout = split(table, 0.2)
    assert sorted([*seen.items, *heldout.items]) == sorted(table.items)
    for user in range(50):
        before, after = (side.times[side.users == user] for side in (seen, heldout))
        count = user + 1
        assert len(after) == min(max(1, round(0.2 * count)), count - 1)
        assert len(before) + len(after) == count
        if len(after):
            assert before.max() < after.min()


def test_without_times_the_split_is_random_and_deterministic():
    users = np.repeat(np.arange(100), 10)
    table = table_of(users, np.tile(np.arange(10), 100))
    seen, heldout = split(table, 0.3)
    assert np.bincount(heldout.users).tolist() == [3] * 100
    counts = np.bincount(heldout.items)
    assert counts.min() > 10  # no item is favoured
    assert split(table, 0.3)[1].items.tolist() == heldout.items.tolist()
    assert split(table, 0.3, seed=1)[1].items.tolist() != heldout.items.tolist()
    assert len(seen) + len(heldout) == len(table)


def test_a_user_of_one_item_keeps_it():
    seen, heldout = split(table_of([0, 1, 1], [0, 1, 2]), 0.9)
    assert seen.users.tolist() == [0, 1]
    assert heldout.users.tolist() == [1]


@pytest.fixture(scope="module")
def tables():
    """Interactions of a generated population."""
    data = datasets.recommendations(1000, 16, 400, k=0, progress=False)
    names = [[str(n) for n in range(count)] for count in (400, 1000)]
    return [
        Interactions(
            *(np.repeat(np.arange(400), np.diff(lists.indptr)), lists.indices),
            *(None, None, *names),
        )
        for lists in (data.seen, data.heldout)
    ]


@pytest.mark.parametrize(("model", "dim"), [("als", 16), ("bpr", 17)])
def test_embeddings_find_what_is_held_out(tables, model, dim):
    seen, heldout = tables
    done = []
    data = interactions.recommend_from(
        *(seen, heldout, "world"),
        factors=16,
        model=model,
        k=20,
        threads=1,
        progress=lambda count, total: done.append((count, total)),
    ).check()
    assert done[-1][0] == done[-1][1] == len(done)
    assert (data.name, data.metric) == ("world", "ip")
    assert data.train.shape == (1000, dim)
    assert data.test.shape == (400, dim)
    assert data.neighbors.shape == (400, 20)
    assert data.seen.row(7).tolist() == sorted(seen.items[seen.users == 7])
    scores = data.test @ data.train.T
    for user in range(400):
        scores[user, data.seen.row(user)] = -np.inf
    top = np.argsort(-scores, axis=1)[:, :50]
    hits = np.mean([np.isin(data.heldout.row(user), best).mean() for user, best in enumerate(top)])
    assert hits > 2 * 50 / 1000  # chance would be half of that


def test_the_same_seed_gives_the_same_embeddings(tables):
    once, again, other = (
        interactions.factorize(tables[0], 8, iterations=2, seed=seed, threads=1)[1]
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)


def test_the_number_of_users_is_limited(tables):
    data = interactions.recommend_from(
        *tables, "world", most_users=30, factors=4, iterations=1, k=5
    )
    assert len(data.test) == len(data.seen.indptr) - 1 == 30


def test_bad_settings_are_named(tables, refuse):
    for argument, value in (
        *(("model", "svd"), ("factors", 0), ("iterations", 0), ("seed", -1), ("threads", -1)),
        *(("factors", 1.5), ("iterations", "a")),
    ):
        refuse(argument, "", interactions.factorize, tables[0], **{argument: value})
    refuse("most_users", "", interactions.recommend_from, *tables, "world", most_users=0)


def test_users_without_held_out_items_are_no_queries(tables):
    none = tables[1].take(np.arange(0))
    with pytest.raises(vecq.DatasetError, match="no user has both seen and held-out items"):
        interactions.recommend_from(tables[0], none, "world")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "implicit", None)
    monkeypatch.setitem(__import__("sys").modules, "implicit.als", None)
    with pytest.raises(
        vecq.UnsupportedError, match=r"implicit: pip install 'vecq\[interactions\]'"
    ):
        interactions.factorize(table_of([0], [0]))

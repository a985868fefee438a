"""vecq.recommend: the results of search, from every kind of input, with bounded memory."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import dataset, parquet

import vecq
from vecq import cli


def answers_of(batches):
    rows = [row for batch in batches for row in batch.to_pylist()]
    return {row["user_id"]: (row["ids"], row["scores"]) for row in rows}


def test_the_result_is_that_of_search(shop, expected, read, tmp_path):
    done = vecq.recommend(
        shop.index, shop.users, seen=shop.seen, k=30, out=tmp_path / "recs.parquet"
    )
    assert read(tmp_path / "recs.parquet") == expected(30)
    assert (done.users, done.resumed) == (len(shop.ids), 0)
    assert "700 users" in str(done)
    assert [path.name for path in tmp_path.iterdir()] == ["recs.parquet"]
    order = parquet.read_table(tmp_path / "recs.parquet").column("user_id").to_pylist()
    assert order == shop.ids
    again = vecq.recommend(shop.index, shop.users, seen=shop.seen, k=30, part_users=37)
    assert answers_of(again) == expected(30)


def test_more_seen_items_than_memory_are_split(shop, expected, read, tmp_path):
    given = {"seen": shop.seen, "k": 20, "memory_bytes": 1 << 16, "part_users": 50}
    vecq.recommend(shop.index, shop.users, out=tmp_path / "recs.parquet", **given)
    assert read(tmp_path / "recs.parquet") == expected(20)
    assert answers_of(vecq.recommend(shop.index, shop.users, **given)) == expected(20)


def test_options_reach_the_search(shop, expected):
    allow = list(range(0, 1500, 3))
    for options in ({"plan": "scan"}, {"ef": 300}, {"allow": allow, "deny": [0, 3]}):
        found = vecq.recommend(shop.index, shop.users, seen=shop.seen, k=25, **options)
        assert answers_of(found) == expected(25, **options), options


def test_a_condition_holds_for_all_users(shop, read, tmp_path, capsys):
    kinds, items = {"price": "int64"}, np.random.default_rng(0).standard_normal((500, 16))
    index = vecq.Index(16, attributes=kinds).add(items, attributes={"price": np.arange(500)})
    index.save(tmp_path / "priced.vecq")
    words = ["recommend", str(tmp_path / "priced.vecq"), shop.users, "--k", "30"]
    words += ["--out", str(tmp_path / "recs.parquet")]
    assert cli.main([*words, "--where", "price < 100"]) == 0
    written = read(tmp_path / "recs.parquet")
    for where in ("price < 100", vecq.col("price") < 100):
        assert answers_of(vecq.recommend(index, shop.users, k=30, where=where)) == written
    assert all(len(ids) == 30 and max(ids) < 100 for ids, _ in written.values())
    assert cli.main([*words, "--where", "price < 100", "--bias-weight", "0"]) == 0
    assert read(tmp_path / "recs.parquet") == written  # without biases
    assert cli.main([*words, "--where", "color = 'red'"]) == 2
    assert "where, at character 0: 'color'" in capsys.readouterr().err
    with pytest.raises(vecq.ArgumentError, match="expected one condition for all users"):
        vecq.recommend(index, shop.users, where=["price < 3"])


def test_users_with_few_results_have_short_lists(shop, expected):
    found = answers_of(
        vecq.recommend(shop.index, shop.users, seen=shop.seen, k=40, allow=list(range(30)))
    )
    assert found == expected(40, allow=list(range(30)))
    assert min(len(ids) for ids, _ in found.values()) < 30


def test_string_ids(shop, expected, read, tmp_path):
    wanted = {
        user: ([f"sku-{i}" for i in ids], scores) for user, (ids, scores) in expected(30).items()
    }
    given = {"seen": shop.named_seen, "k": 30}
    vecq.recommend(shop.named, shop.users, out=tmp_path / "recs.parquet", **given)
    assert read(tmp_path / "recs.parquet") == wanted
    assert (
        answers_of(vecq.recommend(shop.named, shop.users, memory_bytes=1 << 16, **given)) == wanted
    )


def test_inputs_of_every_kind(shop, expected, tmp_path):
    users, seen = parquet.read_table(shop.users), parquet.read_table(shop.seen)
    for suffix in ("arrow", "feather"):
        for name, table in (("users", users), ("seen", seen)):
            with pa.ipc.new_file(tmp_path / f"{name}.{suffix}", table.schema) as writer:
                writer.write_table(table, 111)
    (tmp_path / "folder").mkdir()
    parquet.write_table(seen[:5000], tmp_path / "folder" / "a.parquet")
    parquet.write_table(seen[5000:], tmp_path / "folder" / "b.parquet")
    pa.csv.write_csv(seen, tmp_path / "seen.csv")
    wanted = expected(10)
    pairs = [
        (tmp_path / "users.arrow", tmp_path / "seen.csv"),
        (tmp_path / "users.feather", tmp_path / "folder"),
        (users, seen),
        (users.to_reader(), seen.to_reader()),
        (users.to_batches(), iter(seen.to_batches(100))),
        (users.to_batches()[0].slice(0, 9), tmp_path / "seen.arrow"),
        (dataset.dataset(users), dataset.dataset(tmp_path / "folder")),
    ]
    for own, pair in pairs:
        found = answers_of(vecq.recommend(shop.index, own, seen=pair, k=10, part_users=64))
        assert found == {user: wanted[user] for user in found}
    texts = users.set_column(0, "user_id", users["user_id"].cast(pa.string()).dictionary_encode())
    found = answers_of(vecq.recommend(vecq.open(shop.index), texts, seen=seen, k=10))
    assert found == {str(user): answer for user, answer in wanted.items()}
    for kind in (pa.list_(pa.float64()), pa.large_list(pa.float16())):
        lists = users.set_column(
            1, "vector", users["vector"].cast(pa.list_(pa.float32())).cast(kind)
        )
        assert answers_of(vecq.recommend(shop.index, lists, k=3)).keys() == wanted.keys()


def test_no_users_and_no_seen_items(shop, read, tmp_path):
    users, seen = parquet.read_table(shop.users)[:0], parquet.read_table(shop.seen)[:0]
    vecq.recommend(shop.index, users, seen=seen, k=3, out=tmp_path / "none.parquet")
    assert read(tmp_path / "none.parquet") == {}
    found = vecq.recommend(shop.index, shop.users, seen=seen, k=3)
    found, plain = answers_of(found), vecq.open(shop.index).search(shop.vectors, 3).ids.tolist()
    assert [found[user][0] for user in shop.ids] == plain


def test_progress_counts_users(shop, tmp_path):
    calls = []
    vecq.recommend(
        *(shop.index, shop.users),
        k=3,
        out=tmp_path / "recs.parquet",
        part_users=200,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == [(200, 700), (400, 700), (600, 700), (700, 700)]


def test_the_command_writes_the_same(shop, expected, read, tmp_path, capsys):
    out = str(tmp_path / "recs.parquet")
    words = ["recommend", shop.index, shop.users, "--seen", shop.seen, "--k", "30", "--out", out]
    assert cli.main([*words, "--item-column", "item_id", "--threads", "1", "--json"]) == 0
    assert '"users": 700' in capsys.readouterr().out
    assert read(out) == expected(30)
    (tmp_path / "allow.txt").write_text("".join(f"sku-{i}\n" for i in range(50)))
    words = ["recommend", shop.named, shop.users, "--out", out]
    assert cli.main([*words, "--allow", str(tmp_path / "allow.txt"), "--ef", "60"]) == 0
    assert all(set(ids) == {f"sku-{i}" for i in range(50)} for ids, _ in read(out).values())
    assert cli.main([*words, "--item-column", "sku", "--seen", shop.seen]) == 2
    assert "expected one named 'sku'" in capsys.readouterr().err


def test_lines_of_progress_tell_the_time_left(capsys, monkeypatch):
    from vecq.cli import recommend

    now = [100.0]
    monkeypatch.setattr(recommend.time, "monotonic", lambda: now[0])
    lines = recommend.Lines("recs.parquet")
    lines(400, 2000)  # of an earlier run
    now[0] += 20
    lines(600, 2000)
    assert capsys.readouterr().err == "recs.parquet: 600 of 2,000 users, 10 users/s, 2:20 left\n"
    lines(610, 2000)
    assert capsys.readouterr().err == ""


def test_scores_are_floats_and_ids_are_integers(shop, tmp_path):
    vecq.recommend(shop.index, shop.users, k=3, out=tmp_path / "recs.parquet")
    schema = parquet.read_schema(tmp_path / "recs.parquet")
    assert [str(field.type) for field in schema] == [
        "int64",
        "list<element: int64>",
        "list<element: float>",
    ]
    assert np.isfinite(parquet.read_table(tmp_path / "recs.parquet")["scores"][0].as_py()).all()

"""vecq ray: on a Ray of this machine alone, started by each command."""

import os

import numpy as np
import pytest

from vecq import Codec
from vecq.sharding import HashAssignment, ShardedIndex, ShardTask, build_shard, finish, spool_rows
from vecq.sharding.build import start_build

pytest.importorskip("pyarrow")
pytest.importorskip("ray")


def write_parquet(shell, name, ids, vectors, **columns):
    import pyarrow as pa
    import pyarrow.parquet as pq

    vectors = pa.array([None if row is None else row for row in vectors], pa.list_(pa.float32()))
    pq.write_table(pa.table({"id": ids, "vector": vectors, **columns}), shell.folder / name)


def test_help_and_wrong_arguments(shell):
    assert "rollback" in shell("ray", "--help").stdout
    assert "--exclude-column" in shell("ray", "search", "--help").stdout
    shell.refuses("does not exist, expected Parquet files", "ray", "build", "no.parquet", "index")
    shell.refuses("no sharded index is there", "ray", "serve", "no")
    shell.refuses("no sharded index is there", "ray", "rollback", "no")
    shell("ray", code=2)


def test_rollback(shell, tmp_path):
    for _ in range(2):
        plan = start_build(tmp_path, 4, "ip", HashAssignment(1), codec=Codec("int8"))
        ids, vectors = np.arange(9), np.ones((9, 4), np.float32)
        spooled = spool_rows(plan.spool, ids, vectors, HashAssignment(1))
        task = ShardTask(plan, 0, (spooled.name,), 9, int(spooled.content[0]))
        finish(plan, [build_shard(task)])
    found = shell.json("ray", "rollback", tmp_path)
    assert (found["generation"], found["rows"], found["shards"]) == (1, 9, 1)
    shell.refuses("is the oldest", "ray", "rollback", tmp_path)


@pytest.mark.skipif(os.environ.get("VECQ_RAY_TESTS") != "1", reason="make ray-tests runs it")
def test_build_search_and_update(shell, load):
    items, users = load("items.npy"), load("users.npy")
    write_parquet(shell, "items.parquet", np.arange(len(items)), items)
    seen = [[int(number)] for number in range(len(users))]
    write_parquet(shell, "users.parquet", np.arange(len(users)), users, seen=seen)
    write_parquet(shell, "changes.parquet", np.array([3, 9000]), [None, items[3]])
    found = shell.json(
        *("ray", "build", "items.parquet", "index", "--shards", 2, "--metric", "cosine"),
        *("--cpus", 2),
    )
    assert (found["generation"], found["rows"], found["shards"]) == (1, len(items), 2)
    shell("ray", "search", "index", "users.parquet", "out", "--k", 7, "--exclude-column", "seen")
    import pyarrow.parquet as pq

    table = pq.read_table(shell.folder / "out")
    index = ShardedIndex(shell.folder / "index")
    expected = index.search(users, 7, exclude=seen).ids
    rows = dict(zip(table["id"].to_pylist(), table["ids"].to_pylist(), strict=True))
    assert [rows[number] for number in range(len(users))] == expected.tolist()
    shell.refuses("exists", "ray", "search", "index", "users.parquet", "out")
    assert shell.json("ray", "update", "index", "changes.parquet")["generation"] == 2
    assert ShardedIndex(shell.folder / "index").search(items[3], 1).ids[0, 0] == 9000

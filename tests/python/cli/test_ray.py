"""vecq ray: on a Ray of this machine alone, started by each command."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import numpy as np
import pytest

from vecq import Codec
from vecq.sharding import HashAssignment, ShardedIndex, ShardTask, build_shard, finish, spool_rows
from vecq.sharding.build import start_build


def write_parquet(shell, name, ids, vectors, **columns):
    import pyarrow as pa
    import pyarrow.parquet as pq

    vectors = pa.array([None if row is None else row for row in vectors], pa.list_(pa.float32()))
    pq.write_table(pa.table({"id": ids, "vector": vectors, **columns}), shell.folder / name)


def test_help_and_wrong_arguments(shell):
    assert "rollback" in shell("ray", "--help").stdout
    for action in ("build", "search", "update", "rollback", "serve"):
        text = shell("ray", action, "--help").stdout
        assert f"vecq ray {action} " in text[text.index("Examples:") :]
    shell.refuses("does not exist, expected Parquet files", "ray", "build", "no.parquet", "index")
    shell.refuses("no sharded index is there", "ray", "serve", "no")
    shell.refuses("no sharded index is there", "ray", "rollback", "no")
    shell("ray", code=2)


def test_rollback(shell, tmp_path):
    for _ in range(2):
        plan = start_build(tmp_path, 4, "ip", HashAssignment(1), codec=Codec("int8"))
        ids, vectors = np.arange(9), np.ones((9, 4), np.float32)
        spooled = spool_rows(plan, ids, vectors)
        task = ShardTask(plan, 0, (spooled.name,), 9, int(spooled.content[0]))
        finish(plan, [build_shard(task)])
    found = shell.json("ray", "rollback", tmp_path)
    assert (found["generation"], found["rows"], found["shards"]) == (1, 9, 1)
    shell.refuses("is the oldest", "ray", "rollback", tmp_path)


whole_tests = pytest.mark.skipif(
    os.environ.get("VECQ_RAY_TESTS") != "1", reason="make ray-tests runs it"
)


@whole_tests
def test_build_search_and_update(shell, load):
    import pyarrow.parquet as pq

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
    done = shell(
        *("ray", "search", "index", "users.parquet", "out", "--k", 7, "--exclude-column", "seen")
    )
    assert "vecq ray search: 40 users" in done.stderr
    assert "40 users, " in done.stdout

    table = pq.read_table(shell.folder / "out")
    index = ShardedIndex(shell.folder / "index")
    expected = index.search(users, 7, exclude=seen).ids
    rows = dict(zip(table["id"].to_pylist(), table["ids"].to_pylist(), strict=True))
    assert [rows[number] for number in range(len(users))] == expected.tolist()
    shell.refuses("exists", "ray", "search", "index", "users.parquet", "out")
    assert shell.json("ray", "update", "index", "changes.parquet")["generation"] == 2
    assert ShardedIndex(shell.folder / "index").search(items[3], 1).ids[0, 0] == 9000


@pytest.fixture
def serve(shell):
    """Starts `vecq ray serve`, waits until it answers, and ends it by a signal."""
    started = []

    def begin(number, code, *words):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-m", "vecq", "ray", "serve"),
                *map(str, words),
                *("--port", str(port)),
            ],
            cwd=shell.folder,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append((process, number, code))
        for line in process.stderr:
            if line.startswith("serving "):
                return line.split()[-1]
        raise AssertionError("vecq ray serve has ended")

    yield begin
    for process, number, code in started:
        with process:
            process.send_signal(number)
            process.stderr.read()
            assert process.wait(60) == code


@whole_tests
@pytest.mark.parametrize(("groups", "end"), [(1, (signal.SIGINT, 130)), (2, (signal.SIGTERM, 0))])
def test_string_ids_and_attributes_from_build_to_serve(shell, load, serve, groups, end):
    import pyarrow.parquet as pq

    items, users = load("items.npy"), load("users.npy")
    names, index = [f"i{number}" for number in range(len(items))], f"named-{groups}"
    columns = {
        "price": [float(number % 100) for number in range(len(items))],
        "popularity": (np.arange(len(items)) % 7 / 7).tolist(),
    }
    write_parquet(shell, "named.parquet", names, items, **columns)
    seen = [[names[number]] for number in range(len(users))]
    write_parquet(shell, "people.parquet", np.arange(len(users)), users, seen=seen)
    done = shell(
        *("ray", "build", "named.parquet", index, "--shards", 2, "--bias-column", "popularity"),
        *("--attribute", "price:float32", "--cpus", 2),
    )
    assert "vecq ray build: 2 of 2 shards" in done.stderr
    shell(
        *("ray", "search", index, "people.parquet", f"found-{groups}", "--k", 9),
        *("--exclude-column", "seen", "--where", "price < 30", "--groups", groups, "--cpus", 2),
    )
    with ShardedIndex(shell.folder / index) as opened:
        expected = opened.search(users, 9, exclude=seen, where="price < 30").ids.tolist()
    table = pq.read_table(shell.folder / f"found-{groups}").sort_by("id")
    assert table["ids"].to_pylist() == expected
    shell.refuses("'size'", "ray", "search", index, "people.parquet", "no", "--where", "size < 3")

    url = serve(*end, index, "--groups", groups, "--cpus", 3)
    request = {"vectors": users.tolist(), "k": 9, "exclude": seen, "where": "price < 30"}
    with urllib.request.urlopen(url, json.dumps(request).encode(), timeout=30) as response:
        answer = json.load(response)
    assert [one["ids"] for one in answer["results"]] == expected
    assert (answer["generation"], answer["partial"]) == (1, False)

"""Workers, actors and nodes that die in the middle of a build or a search; damaged shards."""

import os
import signal
import threading
import time

import numpy as np
import pytest
import ray

import vecq
from vecq.integrations.ray import build, search
from vecq.sharding import ShardedIndex, read_manifest

pytestmark = pytest.mark.usefixtures("whole_tests", "nodes")


def processes(title):
    """Process ids of this cluster's workers whose title begins with `title`."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/cmdline") as file:
                    command = file.read()
                with open(f"/proc/{name}/environ") as file:
                    ours = f"VECQ_TEST_CLUSTER={os.getpid()}" in file.read()
            except OSError:
                continue
            if ours and command.startswith(f"ray::{title}"):
                found.append(int(name))
    return found


def kill_when(title, ready, seconds=60):
    """Kill one worker of that title as soon as `ready()`; return the thread and its victims."""
    victims = []

    def watch():
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = processes(title) if ready() else []
            if found:
                os.kill(found[0], signal.SIGKILL)
                victims.append(found[0])
                return
            time.sleep(0.02)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread, victims


@pytest.fixture(scope="module")
def many():
    return np.random.default_rng(5).standard_normal((20_000, 48), dtype=np.float32)


def test_a_worker_dies_while_it_builds(tmp_path, dataset, many, users):
    staging = tmp_path / "staging"
    thread, victims = kill_when("build_shard", staging.exists)
    manifest = build(dataset(many), tmp_path, shards=4)
    thread.join()
    assert victims
    check(tmp_path, manifest, many)


def test_a_node_dies_while_it_builds(nodes, tmp_path, dataset, many):
    def kill():
        while not list((tmp_path / "staging").glob("shard-*.json")):
            time.sleep(0.02)
        nodes.kill_node()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        manifest = build(dataset(many), tmp_path, shards=4)
    finally:
        thread.join()
        nodes.add_node()
    check(tmp_path, manifest, many)


def check(folder, manifest, items):
    assert manifest.rows == len(items)
    names = {path.name for path in folder.glob("shard-*")}
    assert {shard.name for shard in manifest.shards} <= names
    whole = vecq.Index(items.shape[1]).add(items)
    queries = items[:20]
    found = ShardedIndex(folder, verify="full").search(queries, 20, plan="scan")
    np.testing.assert_array_equal(found.ids, whole.search(queries, 20, plan="scan").ids)


@pytest.fixture(scope="module")
def built(nodes, dataset, many, tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    build(dataset(many), folder, shards=4)
    return folder


def search_while(kill, built, users, data, groups):
    """Search for users that arrive slowly; `kill` after the first result."""

    def slowly(batch):
        time.sleep(0.2)
        return batch

    data = data.map_batches(slowly, batch_format="pyarrow")
    found = search(data, built, 10, groups=groups, batch_rows=50, plan="scan")
    rows = {}
    for row in found.iter_rows():
        if not rows:
            kill()
        rows[row["id"]] = row["ids"]
    expected = ShardedIndex(built).search(users, 10, plan="scan").ids
    assert [rows[number] for number in range(len(users))] == expected.tolist()


@pytest.mark.parametrize(
    ("groups", "title"), [(1, "MapWorker"), (2, "MapWorker"), (2, "ShardGroup")]
)
def test_an_actor_dies_while_it_searches(built, dataset, many, groups, title):
    users = many[:1000]

    def kill():
        os.kill(processes(title)[0], signal.SIGKILL)

    search_while(kill, built, users, dataset(users, blocks=20), groups)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_node_dies_while_it_searches(nodes, built, dataset, many, groups):
    """The groups and their routers go on with the CPU that is left."""
    users = many[:1000]
    try:
        search_while(nodes.kill_node, built, users, dataset(users, blocks=20), groups)
    finally:
        nodes.add_node()


def test_a_damaged_shard_fails_the_search(tmp_path, dataset, many):
    build(dataset(many[:1000]), tmp_path, shards=2)
    path = tmp_path / read_manifest(tmp_path).shards[1].name
    content = bytearray(path.read_bytes())
    content[-200] ^= 1
    path.write_bytes(content)
    found = search(dataset(many[:10]), tmp_path, 3)
    with pytest.raises(ray.exceptions.RayError, match=path.name):
        found.take_all()

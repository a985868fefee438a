"""Updates without an engine, and the versions that a service has open."""

import numpy as np
import pytest

import vecq
from vecq.sharding import (
    ClusterAssignment,
    ShardedIndex,
    ShardTask,
    Versions,
    finish,
    rollback,
    spool_rows,
    start_update,
    update_shard,
)


def update(folder, ids, vectors, removed=(), **columns):
    plan, manifest = start_update(folder)
    vectors = np.asarray(vectors, np.float32).reshape(len(ids), plan.dim)
    spooled = spool_rows(plan, ids, vectors, removed, **columns)
    tasks = [
        ShardTask(
            plan, number, (spooled.name,), int(spooled.rows[number]), int(spooled.content[number])
        )
        for number in range(plan.shards)
    ]
    pairs = zip(tasks, manifest.shards, strict=True)
    return finish(plan, [update_shard(task, shard) for task, shard in pairs]), manifest


@pytest.mark.parametrize("kind", ["hash", "cluster"])
def test_changes_reach_their_shards(tmp_path, make, items, users, kind):
    clusters = ClusterAssignment.fit(items, 3, "ip") if kind == "cluster" else None
    make(tmp_path, items[:500], assignment=clusters)
    # Items 0 to 9 get vectors that belong to other clusters.
    ids = np.r_[0:10, 500:600]
    new = np.r_[-items[:10], items[500:600]]
    manifest, _ = update(tmp_path, ids, new, removed=[20, 21, 99_999])
    present = np.setdiff1d(np.arange(600), [20, 21])
    rows = np.r_[-items[:10], items[10:]]
    assert manifest.rows == len(present)
    whole = vecq.Index(16).add(rows[present], present).search(users, 30, plan="scan")
    found = ShardedIndex(tmp_path, verify="full").search(users, 30, plan="scan")
    np.testing.assert_array_equal(found.scores, whole.scores)
    np.testing.assert_array_equal(found.ids, whole.ids)


def test_shards_without_changes_keep_their_files(tmp_path, make, items):
    make(tmp_path, items)
    after, before = update(tmp_path, [7], items[8:9])
    changed = [a.name != b.name for a, b in zip(after.shards, before.shards, strict=True)]
    assert sum(changed) == 1
    assert after.generation == 2


def test_two_changes_of_an_id_are_refused(tmp_path, make, items, refuse):
    make(tmp_path, items)
    refuse("id", "7 more than once", update, tmp_path, [7, 7], items[:2])
    refuse("id", "7 more than once", update, tmp_path, [7], items[:1], removed=[7])


def test_an_empty_shard_takes_rows(tmp_path, make, items, users):
    make(tmp_path, items[:2], shards=5)
    update(tmp_path, np.arange(2, 600), items[2:])
    whole = vecq.Index(16).add(items).search(users, 10, plan="scan")
    np.testing.assert_array_equal(
        ShardedIndex(tmp_path).search(users, 10, plan="scan").scores, whole.scores
    )


def test_a_damaged_shard_is_not_updated(tmp_path, make, items):
    manifest = make(tmp_path, items)
    for shard in manifest.shards:
        content = bytearray((tmp_path / shard.name).read_bytes())
        content[-200] ^= 1
        (tmp_path / shard.name).write_bytes(content)
    with pytest.raises(vecq.CorruptFileError, match="shard-"):
        update(tmp_path, [1], items[:1])


def test_a_service_follows_versions_and_rollbacks(tmp_path, make, items):
    make(tmp_path, items)
    versions = Versions(tmp_path, refresh_s=1e-9)
    first = versions.current()
    update(tmp_path, [], [], removed=[5])
    assert versions.current().manifest.generation == 2
    assert len(versions.current()) == len(items) - 1
    assert len(first) == len(items)  # a search that began before the swap ends on its version
    rollback(tmp_path)
    assert len(versions.current()) == len(items)
    assert len(versions.at(2)) == len(items) - 1


def test_a_service_keeps_its_version_if_the_new_one_is_damaged(tmp_path, make, items):
    make(tmp_path, items)
    versions = Versions(tmp_path, refresh_s=1e-9)
    versions.current()
    manifest, _ = update(tmp_path, [1], items[2:3])
    whole = {shard.name: (tmp_path / shard.name).read_bytes() for shard in manifest.shards}
    for name in whole:
        (tmp_path / name).write_bytes(b"nothing")
    assert versions.current().manifest.generation == 1
    assert "shard-" in versions.problem
    for name, content in whole.items():
        (tmp_path / name).write_bytes(content)
    assert versions.current().manifest.generation == 2
    assert versions.problem == ""


def test_parts_of_the_shards(tmp_path, make, items, users):
    make(tmp_path, items)
    parts = [Versions(tmp_path, part=(number, 4)).current() for number in range(4)]
    assert sum(map(len, parts)) == len(items)
    assert (parts[3].search(users, 5).counts == 0).all()  # more parts than shards

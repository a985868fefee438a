"""Builds without an engine: equal scores, resumption, damage, locks and versions."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import vecq
from vecq.sharding import (
    ClusterAssignment,
    FolderLock,
    HashAssignment,
    ShardedIndex,
    build_shard,
    finish,
    generations,
    merge,
    read_manifest,
    remove_unused,
    rollback,
    search_shard,
)
from vecq.sharding.build import find_repeated_id


def fitted(items, metric):
    codec = vecq.Codec("int8", center=metric == "l2")
    return codec.fit(items) if codec.needs_fit else codec


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
@pytest.mark.parametrize("kind", ["hash", "cluster"])
def test_shards_find_the_same_as_one_index(tmp_path, make, items, users, metric, kind):
    codec = fitted(items, metric)
    clusters = ClusterAssignment.fit(items, 3, metric) if kind == "cluster" else None
    manifest = make(tmp_path, items, metric=metric, codec=codec, assignment=clusters)
    assert manifest.rows == len(items)
    one = vecq.Index(items.shape[1], metric, codec).add(items)
    whole = one.search(users, 40, plan="scan", exclude=[[1, 2]] * len(users))
    with ShardedIndex(tmp_path) as index:
        found = index.search(users, 40, plan="scan", exclude=[[1, 2]] * len(users))
    np.testing.assert_array_equal(found.scores, whole.scores)
    np.testing.assert_array_equal(found.ids, whole.ids)
    assert found.n_scored == whole.n_scored


def test_the_order_of_rows_does_not_matter(tmp_path, make, items):
    order = np.random.default_rng(3).permutation(len(items))
    for name, rows in (("a", np.arange(len(items))), ("b", order)):
        (tmp_path / name).mkdir()
        make(tmp_path / name, items[rows], rows)
    first, second = (read_manifest(tmp_path / name) for name in "ab")
    assert [one.checksum for one in first.shards] == [one.checksum for one in second.shards]


def test_more_shards_than_rows_and_more_results_than_rows(tmp_path, make, items, users):
    manifest = make(tmp_path, items[:3], shards=8)
    assert sum(shard.rows == 0 for shard in manifest.shards) >= 5
    found = ShardedIndex(tmp_path, verify="full").search(users, 10)
    assert (found.counts == 3).all()
    assert (found.ids[:, 3:] == -1).all()


def test_a_finished_shard_is_not_built_again(tmp_path, make, items):
    first = make.steps(tmp_path, items)
    done = build_shard(first.tasks()[1])
    modified = (tmp_path / done.name).stat().st_mtime_ns

    second = make.steps(tmp_path, items)
    built = [build_shard(task) for task in second.tasks(batch_rows=77)]
    assert built[1] == done
    assert (tmp_path / done.name).stat().st_mtime_ns == modified
    manifest = finish(second.plan, built)
    assert manifest.rows == len(items)
    assert not (tmp_path / "staging").exists()
    files = {path.name for path in tmp_path.glob("shard-*")}
    assert files == {shard.name for shard in manifest.shards}


@pytest.mark.parametrize("change", ["rows", "settings", "damage", "record"])
def test_a_finished_shard_that_does_not_check_out_is_built_again(tmp_path, make, items, change):
    done = build_shard(make.steps(tmp_path, items).tasks()[0])
    path, record = tmp_path / done.name, tmp_path / "staging" / "shard-0000.json"
    changed = items.copy()
    options = {}
    if change == "rows":
        changed[HashAssignment(3)(np.arange(len(items)), items) == 0] += 1
    elif change == "settings":
        options["settings"] = {"m": 12}
    elif change == "damage":
        content = bytearray(path.read_bytes())
        content[-200] ^= 1
        path.write_bytes(content)
    else:
        record.write_text("{")
    again = build_shard(make.steps(tmp_path, changed, **options).tasks()[0])
    assert again.name != done.name
    assert vecq.open(tmp_path / again.name, verify="full").check().ok


def test_a_killed_build_is_resumed_and_leaves_no_half_written_version(tmp_path, make, items):
    code = f"""
import sys, os, signal
sys.path.insert(0, {os.path.dirname(__file__)!r})
import numpy as np
import vecq.sharding as sharding
from conftest import Builder
items = np.load({str(tmp_path / "items.npy")!r})
with sharding.FolderLock({str(tmp_path)!r}):
    tasks = Builder({str(tmp_path)!r}, items).tasks()
    sharding.build_shard(tasks[0])
    os.kill(os.getpid(), signal.SIGKILL)
"""
    np.save(tmp_path / "items.npy", items)
    ended = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    with pytest.raises(vecq.FileError, match="no sharded index"):
        read_manifest(tmp_path)
    (finished,) = tmp_path.glob("shard-*.vecq")
    manifest = make(tmp_path, items)  # the lock of the dead process is free
    assert manifest.shards[0].name == finished.name


def test_the_second_of_two_builds_is_refused(tmp_path, make, items):
    code = f"""
import sys
from vecq.sharding import FolderLock
with FolderLock({str(tmp_path)!r}, "build"):
    print("locked", flush=True)
    sys.stdin.read()
"""
    other = subprocess.Popen(
        [sys.executable, "-P", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(
            vecq.FileError, match=f'another process builds here.*"pid": {other.pid}'
        ):
            make(tmp_path, items)
    assert make(tmp_path, items).generation == 1


def test_threads_of_one_process_exclude_each_other(tmp_path):
    with FolderLock(tmp_path):
        with (
            pytest.raises(vecq.FileError, match="this process builds here already"),
            FolderLock(tmp_path),
        ):
            pass
        # The refusal must not have released the lock of the process.
        code = f"from vecq.sharding import FolderLock; FolderLock({str(tmp_path)!r}).__enter__()"
        ended = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, check=False)
        assert b"another process builds here" in ended.stderr


def test_a_repeated_id_is_refused(tmp_path, make, items, refuse):
    ids = np.arange(len(items))
    ids[-1] = ids[0]
    refuse("id", "id has 0 more than once", make, tmp_path, items, ids)


def test_a_repeated_id_in_two_clusters_is_found(tmp_path, make, items):
    ids = np.arange(len(items))
    ids[-1] = ids[0]
    clusters = ClusterAssignment.fit(items, 2, "ip")
    builder = make.steps(tmp_path, items, ids, assignment=clusters)
    spools = builder.tasks()[0].spools
    found = {find_repeated_id(builder.plan, spools, part, 3) for part in range(3)}
    assert found == {None, 0}


def test_a_damaged_spool_file_is_refused(tmp_path, make, items):
    builder = make.steps(tmp_path, items)
    tasks = builder.tasks()
    path = tmp_path / "staging" / f"spool-{builder.plan.token}" / tasks[0].spools[0]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(vecq.CorruptFileError, match="run the build again"):
        list(map(build_shard, tasks))
    path.write_bytes(content[:-100])
    with pytest.raises(vecq.CorruptFileError, match="run the build again"):
        list(map(build_shard, tasks))


def test_an_unfitted_codec_is_refused(tmp_path, make, items, refuse):
    codec = vecq.Codec("int8", scale="global")
    refuse("codec", "is not fitted", make, tmp_path, items, codec=codec)
    refuse("m", "expected", make, tmp_path, items, settings={"m": 0})


def test_a_damaged_or_foreign_shard_is_refused(tmp_path, make, items):
    manifest = make(tmp_path, items)
    path = tmp_path / manifest.shards[1].name
    whole = path.read_bytes()
    content = bytearray(whole)
    content[-200] ^= 1
    path.write_bytes(content)
    with pytest.raises(vecq.CorruptFileError, match=manifest.shards[1].name):
        ShardedIndex(tmp_path, verify="full")
    path.write_bytes((tmp_path / manifest.shards[0].name).read_bytes())
    with pytest.raises(vecq.CorruptFileError, match="differs from its entry"):
        ShardedIndex(tmp_path)
    path.unlink()
    with pytest.raises(vecq.FileError, match=manifest.shards[1].name):
        ShardedIndex(tmp_path)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"version": 2, "written_by": "9.0"}, vecq.UnsupportedError, "vecq 9.0.*update vecq"),
        ({"version": 0}, vecq.CorruptFileError, "version"),
        ({"format": "other"}, vecq.CorruptFileError, "no manifest"),
        ({"dim": "16"}, vecq.CorruptFileError, "dim is '16'"),
        ({"rows": 1, "shards": [3]}, vecq.CorruptFileError, "a shard is 3"),
        ({"codec": "../codec.npz"}, vecq.CorruptFileError, "no name of a file"),
    ],
)
def test_a_wrong_manifest_is_refused(tmp_path, make, items, values, error, message):
    make(tmp_path, items[:10])
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    with pytest.raises(error, match=message):
        read_manifest(tmp_path)


def test_a_manifest_names_files_of_its_folder_only(tmp_path, make, items):
    make(tmp_path, items[:10])
    path = tmp_path / "manifest.json"
    values = json.loads(path.read_text())
    values["shards"][0]["name"] = "/etc/passwd"
    path.write_text(json.dumps(values))
    with pytest.raises(vecq.CorruptFileError, match="no name of a file in this folder"):
        read_manifest(tmp_path)
    path.write_text("{")
    with pytest.raises(vecq.CorruptFileError, match="no JSON"):
        read_manifest(tmp_path)


def test_versions_are_kept_returned_to_and_removed(tmp_path, make, items, users, refuse):
    make(tmp_path, items[:200])
    make(tmp_path, items[:300])
    make(tmp_path, items[:400], keep=2)
    assert generations(tmp_path) == [2, 3]
    assert len(ShardedIndex(tmp_path)) == 400
    assert rollback(tmp_path).generation == 2
    assert len(ShardedIndex(tmp_path)) == 300
    assert len(ShardedIndex(tmp_path, generation=3)) == 400
    refuse("generation", "oldest", rollback, tmp_path)
    refuse("generation", "expected one of 2, 3", rollback, tmp_path, 7)
    assert make(tmp_path, items[:50]).generation == 4
    assert generations(tmp_path) == [3, 4]
    mine = tmp_path / "mine.npz"
    mine.write_bytes(b"")
    remove_unused(tmp_path, keep=1)
    assert generations(tmp_path) == [4]
    assert len(list(tmp_path.glob("*.vecq"))) == 3
    assert mine.exists()


def test_a_shard_that_was_replaced_is_not_published(tmp_path, make, items):
    builder = make.steps(tmp_path, items)
    shards = [build_shard(task) for task in builder.tasks()]
    with pytest.raises(vecq.CorruptFileError, match="differs from its entry"):
        finish(builder.plan, [replace(shards[0], checksum="0"), *shards[1:]])
    with pytest.raises(vecq.FileError, match="no sharded index"):
        read_manifest(tmp_path)


def test_processes_search_shards(tmp_path, make, items, users):
    manifest = make(tmp_path, items)
    calls = [(str(tmp_path), shard, users) for shard in manifest.shards]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        parts = pool.starmap(partial(search_shard, k=10, ef=50), calls)
    with ShardedIndex(tmp_path) as index:
        found = index.search(users, 10, ef=50)
    np.testing.assert_array_equal(merge(parts, 10)[0], found.ids)


def test_masks_and_filters_are_refused(tmp_path, make, items, users, refuse):
    make(tmp_path, items)
    index = ShardedIndex(tmp_path)
    refuse("allow", "expected ids", index.search, users, 3, allow=np.ones(600, bool))
    refuse("deny", "expected ids", index.search, users, 3, deny=vecq.Filter(vecq.Index(16)))
    refuse("shards", "from 0 to 2", ShardedIndex, tmp_path, shards=[3])
    assert set(index.search(users, 3, allow=[4, 5]).ids.ravel()) == {4, 5, -1}
    assert repr(index).endswith("in 3 shards, generation 1>")

"""String ids, biases, attributes and groups over shards: the same results as one index."""

import multiprocessing
import pickle
from functools import partial

import numpy as np
import pytest

import vecq
from vecq.sharding import (
    ClusterAssignment,
    ShardedGroups,
    ShardedIndex,
    ShardTask,
    build_shard,
    finish,
    merge,
    read_manifest,
    search_shard,
    spool_rows,
    start_update,
    update_shard,
)

KINDS = {
    "price": "float32",
    "stock": "int64",
    "since": "datetime",
    "new": "bool",
    "seller": "category",
    "labels": "tags",
}
CONDITIONS = [
    "price < 40",
    "stock >= 3",
    "since > '2026-01-01'",
    "new == true",
    "seller == 'ann' and price < 80",
    "labels has 'red' or seller == 'bob'",
    "price is null",
    "seller == 'nobody'",
]


@pytest.fixture(scope="module")
def names(items):
    return [f"Stück-{number}" for number in range(len(items))]


@pytest.fixture(scope="module")
def table(items):
    rng, count = np.random.default_rng(2), len(items)

    def some(values):
        return [None if rng.random() < 0.1 else value for value in values]

    sellers = ["ann", "bob", "Zoë", ""]
    return {
        "price": some((100 * rng.random(count)).tolist()),
        "stock": some(rng.integers(-5, 10, count).tolist()),
        "since": some(np.datetime64("2025-06-01") + rng.integers(0, 400, count)),
        "new": some((rng.random(count) < 0.5).tolist()),
        "seller": some([sellers[number] for number in rng.integers(0, 4, count)]),
        "labels": some([["red", "blue", "old"][: rng.integers(0, 4)] for _ in range(count)]),
    }


@pytest.fixture(scope="module")
def bias(items):
    return np.random.default_rng(3).random(len(items)).astype(np.float32)


@pytest.fixture(scope="module")
def settings():
    return {"id_type": "str", "attributes": KINDS}


@pytest.fixture
def whole(items, names, table, bias):
    index = vecq.Index(items.shape[1], attributes=KINDS)
    return index.add(items, names, bias=bias, attributes=table)


@pytest.fixture(params=["hash", "cluster"])
def built(request, tmp_path, make, items, names, table, bias, settings):
    clusters = ClusterAssignment.fit(items, 3, "ip") if request.param == "cluster" else None
    columns = {"bias": bias, "attributes": table, "settings": settings}
    manifest = make(tmp_path, items, names, assignment=clusters, **columns)
    assert (manifest.id_type, manifest.attributes) == ("str", KINDS)
    return tmp_path


def in_order(values):
    """Sorts the tags of each item, which have no order."""
    return [sorted(one) if isinstance(one, list) else one for one in values.tolist()]


def require_equal(found, expected):
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_array_equal(found.counts, expected.counts)


@pytest.mark.parametrize("where", [None, *CONDITIONS])
def test_conditions_and_biases(built, whole, users, where):
    with ShardedIndex(built, verify="full") as index:
        for weight in (0.0, 1.0, 2.5):
            options = {"plan": "scan", "where": where, "bias_weight": weight}
            require_equal(index.search(users, 40, **options), whole.search(users, 40, **options))


def test_options_that_name_ids(built, whole, users, names):
    with ShardedIndex(built) as index:
        for options in (
            {"exclude": [names[:50]] * len(users)},
            {"allow": [*names[5:9], "unknown"]},
            {"deny": names[:500]},
            {"where": [CONDITIONS[number % 8] for number in range(len(users))]},
        ):
            found = index.search(users, 20, plan="scan", **options)
            require_equal(found, whole.search(users, 20, plan="scan", **options))


def test_attributes_are_those_of_one_index(built, whole, names):
    with ShardedIndex(built) as index:
        for shard in index._indexes:
            own = shard.ids
            expected = whole.get_attributes(own)
            for name, values in shard.get_attributes(own).items():
                np.testing.assert_equal(in_order(values), in_order(expected[name]))


def test_an_update_keeps_other_columns(built, whole, items, users, names):
    changed, gone = [*names[:5], "new one"], [names[7], "unknown"]
    plan, manifest = start_update(built)
    columns = {"bias": [9.0] * 6, "attributes": {"price": [1.0, None, 2, 3, 4, 5]}}
    spooled = spool_rows(plan, changed, items[:6], gone, **columns)
    rows, content = spooled.rows.tolist(), spooled.content.tolist()
    tasks = [
        ShardTask(plan, number, (spooled.name,), rows[number], content[number])
        for number in range(plan.shards)
    ]
    pairs = zip(tasks, manifest.shards, strict=True)
    finish(plan, [update_shard(task, shard) for task, shard in pairs])
    whole.upsert(items[:6], changed, **columns).remove(names[7])
    with ShardedIndex(built, verify="full") as index:
        for where in (None, *CONDITIONS):
            options = {"plan": "scan", "where": where}
            require_equal(index.search(users, 40, **options), whole.search(users, 40, **options))


def test_processes_merge_string_ids(built, whole, users):
    calls = [(str(built), shard, users) for shard in read_manifest(built).shards]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        parts = pool.starmap(partial(search_shard, k=9, plan="scan"), calls)
    ids, scores, _ = merge(parts, 9)
    expected = whole.search(users, 9, plan="scan")
    np.testing.assert_array_equal(ids, expected.ids)
    np.testing.assert_array_equal(scores, expected.scores)


@pytest.mark.parametrize("per_group", [None, 1, 3])
def test_groups_have_items_in_several_shards(built, whole, users, names, per_group):
    own = names[:550]  # the others have no group
    groups = [f"g{number % 40}" for number in range(len(own))]
    sellers = pickle.loads(pickle.dumps(ShardedGroups(own, groups)))
    options = {"plan": "scan", "per_group": per_group}
    expected = whole.search(users, 60, group_by=vecq.Groups(whole, own, groups), **options)
    with ShardedIndex(built) as index:
        for _ in range(2):
            require_equal(index.search(users, 60, group_by=sellers, **options), expected)


def test_groups_of_integers(tmp_path, make, items, users):
    make(tmp_path, items)
    whole = vecq.Index(items.shape[1]).add(items)
    groups = dict(zip(range(600), (number % 7 for number in range(600)), strict=True))
    found = ShardedIndex(tmp_path).search(
        users, 30, group_by=ShardedGroups(groups), per_group=2, plan="scan"
    )
    expected = whole.search(
        users, 30, group_by=vecq.Groups(whole, groups), per_group=2, plan="scan"
    )
    require_equal(found, expected)
    assert (found.counts == 14).all()


def test_wrong_groups_are_refused(built, refuse, users, whole, names):
    index = ShardedIndex(built)
    refuse("groups", "for each of 2 ids", ShardedGroups, [1, 2], ["a"])
    groups = vecq.Groups(whole, names[:1], ["a"])
    refuse("group_by", "ShardedGroups", index.search, users, 3, group_by=groups)
    refuse("diversity", "one shard", index.search, users, 3, diversity=0.5)
    refuse("per_group", "without group_by", index.search, users, 3, per_group=2)


def test_empty_shards_have_string_ids(tmp_path, make, items, users, settings):
    make(tmp_path, items[:3], ["a", "b", "c"], shards=8, settings=settings)
    found = ShardedIndex(tmp_path).search(users, 5)
    assert found.ids.dtype == object
    assert (found.ids[:, 3:] == None).all()  # noqa: E711
    assert set(found.ids[0, :3]) == {"a", "b", "c"}
    assert ShardedIndex(tmp_path, shards=[]).search(users, 5).ids.dtype == object


def test_a_repeated_string_is_refused(tmp_path, make, items, refuse, settings):
    ids = ["a", "b", "a"]
    options = {"settings": settings}
    refuse("id", "id has a more than once", make, tmp_path, items[:3], ids, **options)
    refuse("ids", "expected strings", make, tmp_path, items[:3], [1, 2, 3], **options)
    refuse("ids", "expected whole numbers", make, tmp_path, items[:3], ids)


def test_wrong_columns_are_refused(tmp_path, make, items, refuse, settings):
    ids = ["a", "b"]
    for columns, argument, message in (
        ({"attributes": {"size": [1, 2]}}, "attributes", "names among"),
        ({"attributes": {"price": ["a", "b"]}}, "attributes", "expected numbers"),
        ({"bias": np.array([1.0, np.nan])}, "bias", "finite"),
    ):
        options = {"settings": settings, **columns}
        refuse(argument, message, make, tmp_path, items[:2], ids, **options)


def test_batches_of_different_columns_are_refused(tmp_path, make, items, settings, refuse):
    builder = make.steps(tmp_path, items[:2], ["a", "b"], shards=1, settings=settings)
    first = spool_rows(builder.plan, ["a"], items[:1], attributes={"price": [1.0]})
    second = spool_rows(builder.plan, ["b"], items[1:2])
    content = (int(first.content[0]) + int(second.content[0])) % 2**64
    task = ShardTask(builder.plan, 0, (first.name, second.name), 2, content)
    refuse("attributes", "different columns", build_shard, task)


def test_nan_and_none_are_nulls(tmp_path, make, items, users):
    kinds = {"price": "float32", "since": "datetime"}
    settings = {"attributes": kinds}
    builder = make.steps(tmp_path, items[:6], shards=1, settings=settings)
    day = np.datetime64("2026-01-01")
    batches = [
        {"price": np.array([np.nan, 1.0]), "since": np.array(["NaT", day], "datetime64[us]")},
        {"price": [None, 1.0], "since": [None, day]},
        {"price": [2.0, 3.0], "since": [day, day]},
    ]
    spooled = [
        spool_rows(builder.plan, [at, at + 1], items[at : at + 2], attributes=batch)
        for at, batch in zip((0, 2, 4), batches, strict=True)
    ]
    content = sum(int(one.content[0]) for one in spooled) % 2**64
    task = ShardTask(builder.plan, 0, tuple(one.name for one in spooled), 6, content)
    finish(builder.plan, [build_shard(task)])
    with ShardedIndex(tmp_path, verify="full") as index:
        for where in ("price is null", "since is null"):
            found = index.search(users[0], 6, where=where)
            assert sorted(found.ids[0].tolist()) == [-1, -1, -1, -1, 0, 2]


@pytest.mark.parametrize("change", ["bias", "price", "labels", "nothing"])
def test_a_shard_is_built_again_if_a_column_changes(
    tmp_path, make, items, names, table, bias, settings, change
):
    columns = {"bias": bias, "attributes": table, "settings": settings}
    done = build_shard(make.steps(tmp_path, items, names, **columns).tasks()[0])
    first = names.index(vecq.open(tmp_path / done.name).ids[0])
    if change == "bias":
        columns["bias"] = bias.copy()
        columns["bias"][first] += 1
    elif change != "nothing":
        columns["attributes"] = {**table, change: list(table[change])}
        columns["attributes"][change][first] = 77 if change == "price" else ["other"]
    again = build_shard(make.steps(tmp_path, items, names, **columns).tasks(batch_rows=77)[0])
    assert (again.name == done.name) == (change == "nothing")


def test_damage_to_any_byte_of_a_spool_file_is_found(
    tmp_path, make, items, names, table, bias, settings
):
    columns = {
        "bias": bias[:30],
        "attributes": {name: values[:30] for name, values in table.items()},
        "settings": settings,
    }
    builder = make.steps(tmp_path, items[:30], names[:30], shards=1, **columns)
    (task,) = builder.tasks()
    path = builder.plan.spool / task.spools[0]
    content = path.read_bytes()
    expected = vecq.open(tmp_path / build_shard(task).name)
    record = tmp_path / "staging" / "shard-0000.json"
    rng = np.random.default_rng(4)
    for at in [0, 8, 16, 24, *rng.integers(0, len(content), 250).tolist()]:
        record.unlink(missing_ok=True)
        damaged = bytearray(content)
        damaged[at] ^= 1 << (at % 8)
        path.write_bytes(damaged)
        try:
            shard = build_shard(task)
        except (vecq.CorruptFileError, vecq.ArgumentError):
            continue
        # The byte is one that no row needs, such as a value beneath a null.
        found = vecq.open(tmp_path / shard.name)
        np.testing.assert_array_equal(found.get(found.ids), expected.get(found.ids))
        np.testing.assert_array_equal(
            found.get_bias(found.ids), bias[:30][[names.index(one) for one in found.ids]]
        )
        for name, values in found.get_attributes(found.ids).items():
            np.testing.assert_array_equal(values, expected.get_attributes(found.ids)[name])

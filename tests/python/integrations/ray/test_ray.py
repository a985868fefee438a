"""Build, search and update on two raylets: the same results as one process."""

import numpy as np
import pytest

import vecq
from vecq.integrations.ray import build, search, update
from vecq.sharding import (
    FolderLock,
    HashAssignment,
    ShardedGroups,
    ShardedIndex,
    ShardTask,
    build_shard,
    read_manifest,
    rollback,
    spool_rows,
    start_build,
)


@pytest.fixture(scope="module")
def built(nodes, dataset, items, tmp_path_factory):
    folder = tmp_path_factory.mktemp("items")
    seen = []
    manifest = build(
        dataset(items), folder, shards=3, metric="l2", progress=lambda *args: seen.append(args)
    )
    assert seen[-1] == (3, 3)
    assert manifest.rows == len(items)
    return folder


@pytest.fixture(scope="module")
def whole(built, items):
    """One index of the same codec."""
    from vecq.sharding.codec_file import read_codecs

    codec = read_codecs(built / read_manifest(built).codec)["codec"]
    return vecq.Index(items.shape[1], "l2", codec).add(items)


def rows_of(found):
    return {row["id"]: row for row in found.take_all()}


@pytest.mark.parametrize("groups", [1, 3])
def test_search_equals_one_index(built, whole, users, dataset, groups, request):
    if groups > 1:
        request.getfixturevalue("whole_tests")
    seen = [[number, number + 1] if number % 2 else None for number in range(len(users))]
    vectors = [None if number % 10 == 0 else row for number, row in enumerate(users)]
    countries = [f"c{number}" for number in range(len(users))]
    data = dataset(vectors, country=countries, seen=seen)
    found = search(
        data, built, 15, exclude_column="seen", plan="scan", groups=groups, batch_rows=16
    )
    rows = rows_of(found)
    expected = whole.search(users, 15, plan="scan", exclude=[ids or [] for ids in seen])
    assert rows.keys() == set(range(len(users)))
    for number, row in rows.items():
        assert row.keys() == {"id", "country", "ids", "scores"}
        assert row["country"] == countries[number]
        if number % 10 == 0:
            assert row["ids"] == row["scores"] == []
        else:
            assert row["ids"] == expected.ids[number].tolist()
            np.testing.assert_array_equal(row["scores"], expected.scores[number])


@pytest.mark.usefixtures("whole_tests")
def test_more_results_than_items(built, items, users, dataset):
    (row,) = search(dataset(users[:1]), built, 5000, allow=range(7)).take_all()
    assert sorted(row["ids"]) == list(range(7))


def test_changes_make_a_new_version(built, items, users, dataset):
    changes = dataset([items[1] * 2, None, None], ids=[5000, 3, 99_999])
    manifest = update(built, changes)
    try:
        assert manifest.generation == 2
        assert manifest.rows == len(items)
        index = ShardedIndex(built)
        assert index.search(items[1] * 2, 1).ids[0, 0] == 5000
        assert 3 not in index.search(items[3], 10).ids
        (old,) = search(dataset(items[3:4]), built, 1, generation=1).take_all()
        assert old["ids"] == [3]
        nothing = update(built, dataset([None], ids=[99_999], blocks=1))
        assert nothing.generation == 2
    finally:
        assert rollback(built).generation == 1


def test_wrong_arguments_are_refused(built, dataset, users, items, tmp_path, refuse):
    data = dataset(users)
    refuse("id_column", "expected one of id, vector", search, data, built, 3, id_column="user")
    refuse("exclude_column", "one of", search, data, built, 3, exclude_column="seen")
    refuse("k", "whole number", search, data, built, 0)
    refuse("ef", "whole number", search, data, built, 3, ef=0)
    refuse("options", "effort", search, data, built, 3, effort=9)
    refuse("groups", "from 1 to 3", search, data, built, 3, groups=4)
    refuse("shards", "whole number", build, data, tmp_path, shards=0)
    refuse("assignment", "hash", build, data, tmp_path, shards=1, assignment="range")
    refuse("vector_column", "one of", build, data, tmp_path, shards=1, vector_column="x")
    with pytest.raises(vecq.FileError, match="no sharded index"):
        search(data, tmp_path, 3)
    with pytest.raises(vecq.FileError, match="no sharded index"):
        update(tmp_path, data)
    with FolderLock(tmp_path), pytest.raises(vecq.FileError, match="builds here already"):
        build(data, tmp_path, shards=1)


def test_errors_of_workers_are_those_of_vecq(nodes, dataset, items, tmp_path, refuse):
    twice = dataset(items[:20], ids=[*range(19), 0])
    refuse("id", "id has 0 more than once", build, twice, tmp_path, shards=2)
    missing = dataset([*items[:20], None])
    refuse("vector_column", "no vector for id 20", build, missing, tmp_path, shards=2)


def test_a_resumed_build_keeps_finished_shards(nodes, dataset, items, tmp_path):
    ids, rows, hashed = np.arange(300), items[:300], HashAssignment(2)
    settings = {"m": 16, "ef_construction": 200, "seed": 0, "link": "auto"}
    settings |= {"id_type": "int64", "attributes": {}}
    codec = vecq.Codec("int8")
    plan = start_build(tmp_path, rows.shape[1], "ip", hashed, codec=codec, settings=settings)
    spooled = spool_rows(plan, ids, rows)
    counts, content = spooled.rows.tolist(), spooled.content.tolist()
    done = build_shard(ShardTask(plan, 0, (spooled.name,), counts[0], content[0]))
    manifest = build(dataset(rows), tmp_path, shards=2)
    assert manifest.shards[0] == done
    assert manifest.rows == 300


def test_string_ids_conditions_biases_and_groups(nodes, dataset, items, users, tmp_path, refuse):
    names = [f"Stück-{number}" for number in range(len(items))]
    bias = np.random.default_rng(4).random(len(items)).astype(np.float32)
    prices = [None if number % 9 == 0 else float(number % 50) for number in range(len(items))]
    labels = [["red", "blue"][: number % 3] for number in range(len(items))]
    data = dataset(items, names, bias=bias, price=prices, labels=labels)
    kinds = {"price": "float32", "labels": "tags"}
    manifest = build(data, tmp_path, shards=3, bias_column="bias", attributes=kinds)
    assert (manifest.id_type, manifest.attributes) == ("str", kinds)
    whole = vecq.Index(items.shape[1], attributes=kinds)
    whole.add(items, names, bias=bias, attributes={"price": prices, "labels": labels})

    groups = {name: number % 20 for number, name in enumerate(names)}
    seen = [names[number : number + 3] if number % 2 else None for number in range(len(users))]
    vectors = [None if number % 10 == 0 else row for number, row in enumerate(users)]
    people = dataset(vectors, [f"u{number}" for number in range(len(users))], seen=seen)
    condition = vecq.col("price").is_null() | vecq.col("labels").has("red")
    options = {"where": condition, "bias_weight": 2.0, "plan": "scan", "per_group": 2}

    def require_equal(shard_groups):
        found = search(
            people,
            tmp_path,
            15,
            exclude_column="seen",
            groups=shard_groups,
            batch_rows=16,
            group_by=ShardedGroups(groups),
            **options,
        )
        expected = whole.search(
            users,
            15,
            exclude=[ids or [] for ids in seen],
            group_by=vecq.Groups(whole, groups),
            **options,
        )
        rows = rows_of(found)
        for number in range(len(users)):
            row = rows[f"u{number}"]
            if number % 10 == 0:
                assert row["ids"] == row["scores"] == []
            else:
                assert row["ids"] == expected.ids[number].tolist()
                np.testing.assert_array_equal(row["scores"], expected.scores[number])

    require_equal(2)
    changes = dataset([items[7], None, items[8]], [names[5], names[6], "new"], price=[1.0] * 3)
    assert update(tmp_path, changes).generation == 2
    whole.upsert(items[[7, 8]], [names[5], "new"], attributes={"price": [1.0, 1.0]})
    whole.remove(names[6])
    require_equal(1)

    refuse("where", "expected one for all", search, people, tmp_path, 3, where=["price < 1"])
    refuse("where", "size", search, people, tmp_path, 3, where="size < 1")
    refuse("exclude", "exclude_column", search, people, tmp_path, 3, exclude=[["a"]])
    refuse("attributes", "one of", build, data, tmp_path, shards=1, attributes={"x": "bool"})
    refuse("bias_column", "one of", build, data, tmp_path, shards=1, bias_column="x")
    refuse("id_column", "expected strings", update, tmp_path, dataset(items[:2]))


def test_errors_of_columns_name_them(nodes, dataset, items, tmp_path, refuse):
    columns = {"bias": [1.0, None], "price": ["a", "b"]}
    data = dataset(items[:2], **columns)
    refuse("bias_column", "has nulls", build, data, tmp_path, shards=1, bias_column="bias")
    kinds = {"price": "float32"}
    refuse("attributes", "expected numbers", build, data, tmp_path, shards=1, attributes=kinds)


@pytest.mark.usefixtures("whole_tests")
def test_clusters_need_all_attributes_of_changes(nodes, dataset, items, tmp_path, refuse):
    data = dataset(items[:50], price=[1.0] * 50, size=[2.0] * 50)
    kinds = {"price": "float32", "size": "float32"}
    build(data, tmp_path, shards=2, attributes=kinds, assignment="cluster")
    refuse("attributes", "lack size", update, tmp_path, dataset(items[:2], price=[1.0] * 2))
    twice = dataset(items[:50], [f"i{number % 49}" for number in range(50)])
    again = {"shards": 2, "assignment": "cluster"}
    refuse("id", "id has i0 more than once", build, twice, tmp_path, **again)
    changes = dataset(-items[:2], price=[5.0] * 2, size=[None, 6.0])
    update(tmp_path, changes)
    found = ShardedIndex(tmp_path).search(-items[0], 5, where="price > 4")
    assert sorted(found.ids[0].tolist()) == [-1, -1, -1, 0, 1]

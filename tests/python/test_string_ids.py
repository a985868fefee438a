"""Indexes with string ids: every call in strings, checked against indexes with integer ids."""

import copy
import pickle
import threading

import numpy as np
import pandas
import polars
import pyarrow
import pytest

import vecq

DIM = 16


def vectors(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, DIM), dtype=np.float32)


def names(count, start=0):
    """Names of many lengths, not all in ASCII."""
    return [f"item-{i}" + "é€😀"[i % 3] * (i % 5) for i in range(start, start + count)]


@pytest.fixture
def pair():
    """The same items under strings and under their positions."""
    rows = vectors(2000)
    named = vecq.Index(DIM, "cosine", seed=1, id_type="str").add(rows, names(2000), threads=1)
    numbered = vecq.Index(DIM, "cosine", seed=1).add(rows, np.arange(2000), threads=1)
    return named, numbered


def as_names(ids):
    known = np.array([*names(4000), None], object)
    return known[np.asarray(ids)].tolist()


def test_results_are_those_of_integers_under_their_names(pair):
    named, _numbered = pair
    queries = vectors(50, 1)
    for options in ({}, {"ef": 200}, {"plan": "scan"}, {"threads": 2}):
        found, expected = (index.search(queries, 20, **options) for index in pair)
        assert found.ids.dtype == object
        assert found.ids.tolist() == as_names(expected.ids)
        assert found.scores.tolist() == expected.scores.tolist()
        assert found.counts.tolist() == expected.counts.tolist()
    one = named.search(queries[0], 5)
    assert one.ids.shape == (1, 5)
    assert isinstance(one.ids[0, 0], str)


@pytest.mark.parametrize("length", [1, 31, 32, 33, 700])
def test_lone_searches_return_names_of_any_length(length):
    ids = [chr(0x4E00 + i) * length for i in range(20)]
    index = vecq.Index(DIM, "l2", id_type="str").add(vectors(20), ids)
    for k in (1, 20, 23):  # more results than items: None
        found = index.search(vectors(20)[3], k)
        assert found.ids[0, 0] == ids[3]
        assert sorted(found.ids[0, :20], key=ids.index) == (ids if k >= 20 else [ids[3]])
        assert found.ids[0, 20:].tolist() == [None] * max(0, k - 20)


def test_lone_searches_while_names_change():
    rows = vectors(3000)
    index = vecq.Index(DIM, "l2", id_type="str", seed=1).add(rows, names(3000))
    known, done = set(names(60_000)), threading.Event()

    def change():
        for start in range(3000, 60_000, 3000):
            index.remove(names(3000, start - 3000)[:2900])
            index.add(rows[:2900], names(2900, start))
            index.remove(names(3000, start - 3000)[2900:])
            index.add(rows[2900:], names(100, start + 2900))
        done.set()

    worker = threading.Thread(target=change)
    worker.start()
    while not done.is_set():
        found = index.search(rows[7], 40)
        assert set(found.ids[0, : found.counts[0]]) <= known
        assert found.ids[0, found.counts[0] :].tolist() == [None] * (40 - found.counts[0])
        excluded = found.ids[0, : found.counts[0]].tolist()  # some are removed by now
        found = index.search(rows[7], 40, exclude=[excluded])
        assert not set(found.ids[0, : found.counts[0]]) & set(excluded)
    worker.join()
    assert len(index) == 3000


def test_filters_and_exclusions_take_strings(pair):
    named, numbered = pair
    queries, ids, rng = vectors(8, 2), names(2000), np.random.default_rng(3)
    excluded = [rng.choice(2000, 40, replace=False) for _ in queries]
    texts = [[ids[i] for i in own] for own in excluded]
    expected = numbered.search(queries, 30, exclude=excluded).ids
    indptr = np.cumsum([0, *map(len, texts)])
    flat = [one for own in texts for one in own]
    for given in (
        texts,
        [np.array(own) for own in texts],
        (indptr, flat),
        (indptr, np.array(flat)),
    ):
        assert named.search(queries, 30, exclude=given).ids.tolist() == as_names(expected)
    found = named.search(queries[0], 5, exclude=[[*ids[:100], "unknown"]])
    assert not set(found.ids[0]) & set(ids[:100])
    allowed, denied = ids[100:300], ids[150:200]
    found = named.search(queries, 400, allow=allowed, deny=set(denied))
    expected = numbered.search(queries, 400, allow=range(100, 300), deny=range(150, 200))
    assert found.counts.tolist() == [150] * 8
    assert found.ids.tolist() == as_names(expected.ids)
    assert found.ids[0, 150] is None
    prepared = vecq.Filter(named, allow=[*allowed, "unknown"])
    assert len(prepared) == 200
    mask = np.zeros(2000, bool)
    mask[100:300] = True
    for allow in (prepared, mask, mask.tolist()):
        again = named.search(queries, 10, allow=allow).ids.tolist()
        assert again == named.search(queries, 10, allow=allowed).ids.tolist()


def test_lookups_take_strings(pair):
    named, numbered = pair
    ids = names(2000)
    assert named.id_type == "str"
    assert numbered.id_type == "int64"
    assert named.ids.tolist() == ids
    assert ids[7] in named
    assert "unknown" not in named
    assert 7 not in named
    assert "" not in named
    assert (named.get([ids[7], ids[3]]) == numbered.get([7, 3])).all()
    assert (named.get(ids[7]) == numbered.get(7)).all()
    found, expected = named.search_by_ids([ids[5]], 9), numbered.search_by_ids([5], 9)
    assert found.ids.tolist() == as_names(expected.ids)
    pages = list(named.search_iter(vectors(1, 4)[0], page=900, exclude=[[ids[0]]]))
    assert [int(page.counts[0]) for page in pages] == [900, 900, 199]
    assert {one for page in pages for one in page.ids[0]} == set(ids[1:])
    ranges = named.search_range(vectors(3, 5), 0.3, plan="scan", exclude=[[ids[0]]] * 3)
    expected = numbered.search_range(vectors(3, 5), 0.3, plan="scan", exclude=[[0]] * 3)
    assert ranges.ids.tolist() == as_names(expected.ids)
    assert ranges.indptr.tolist() == expected.indptr.tolist()
    assert named.search_range(vectors(1), 2.0).ids.dtype == object
    find = named.searcher(4)
    assert find(vectors(1, 6)).ids.shape == find(vectors(1, 6), exclude=[[ids[0]]]).ids.shape


def test_ids_come_in_many_kinds_of_columns():
    rows, ids = vectors(5), ["a", "bé", "c" * 100, "d", "😀"]
    kinds = [ids, tuple(ids), np.array(ids), np.array(ids, object), dict.fromkeys(ids)]
    array = pyarrow.array(["x", *ids])[1:]
    kinds += [array, pyarrow.chunked_array([array[:2], array[2:]]), array.dictionary_encode()]
    kinds += [array.cast(pyarrow.large_string())]
    kinds += [pandas.Series(ids), pandas.Series(ids, dtype="string"), polars.Series(ids)]
    for given in kinds:
        index = vecq.Index(DIM).add(rows, given)
        assert index.id_type == "str"
        assert index.ids.tolist() == ids, type(given)
        assert (index.get(given) == index.get(ids)).all()
        assert index.search(rows[0], 5, exclude=[given]).counts.tolist() == [0]
        assert len(index.remove(given)) == 0


def test_the_first_ids_decide_their_type(refuse):
    index = vecq.Index(DIM)
    with pytest.raises(vecq.ArgumentError):
        index.add(vectors(2), ["a", ""])
    index.add(vectors(2), [1, 2])  # an index without items is free to choose
    assert index.id_type == "int64"
    refuse("ids", "dtype", index.add, vectors(1), ["a"])
    fixed = vecq.Index(DIM, id_type="int64")
    refuse("ids", "dtype", fixed.add, vectors(1), ["a"])
    fixed = vecq.Index(DIM, id_type="str")
    refuse("ids", "None", fixed.add, vectors(1))
    refuse("ids", "expected a string", fixed.add, vectors(1), [1])
    refuse("id_type", "expected one of", vecq.Index, DIM, id_type="uuid")
    assert vecq.Index(DIM).add(vectors(0), []).id_type == "int64"
    assert vecq.Index(DIM).upsert(vectors(1), "a").id_type == "str"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (["a", ""], "empty string at 1"),
        (["a", "b\0c"], r"'b\\x00c' at 1.*without 0 characters"),
        (["a", "\ud800"], "at 1.*surrogates"),
        (["a", 7], "7 at 1, expected a string"),
        (["a", None], "None at 1, expected a string"),
        (["a", "x" * 65536], "65536 bytes, expected at most 65535 at 1"),
        (["a", "a"], "'a' in row 1, which is taken"),
        (["a"], "1 string, expected 2"),
        (["a", "taken"], "'taken' in row 1, which is taken"),
    ],
)
def test_bad_ids_are_named(bad, message, refuse):
    index = vecq.Index(DIM, id_type="str").add(vectors(1), ["taken"])
    refuse("ids", message, index.add, vectors(2), bad)
    assert index.ids.tolist() == ["taken"]
    assert index.check().ok
    assert index.add(vectors(2, 1), ["a", "x" * 65535]).check().ok


def test_bad_lookups_are_named(refuse):
    index = vecq.Index(DIM).add(vectors(3), ["a", "b", "c"])
    refuse("ids", "'d' at 1, which is not in the index", index.get, ["a", "d"])
    refuse("ids", "'d' at 0", index.remove, ["d"])
    refuse("ids", "'a' twice", index.remove, ["a", "b", "a"])
    index.remove("b")
    refuse("ids", "'b' at 0", index.get, "b")
    refuse("ids", "'b' at 0", index.remove, "b")
    query = vectors(1)
    refuse(
        "exclude",
        "list of strings for the query; deny leaves out",
        index.search,
        query,
        1,
        exclude=["a"],
    )
    refuse("exclude", "expected a string", index.search, query, 1, exclude=[[1]])
    refuse("exclude", "3 rows", index.search, query, 1, exclude=[["a"]] * 3)
    refuse("exclude", "string ids", index.search, query, 1, exclude=7)
    refuse("allow", "expected a string", index.search, query, 1, allow=[1, 2])
    refuse("ids", "null at 1", index.get, pyarrow.array(["a", None]))


def test_many_removals_give_space_back_and_names_return():
    rows, ids = vectors(20_000), names(20_000)
    index = vecq.Index(DIM, "cosine", m=4, ef_construction=20).add(rows, ids)
    full = index.stats().id_bytes
    index.remove(ids[1000:])
    assert index.stats().id_bytes < 0.7 * full
    assert index.ids.tolist() == ids[:1000]
    assert index.compact().stats().id_bytes < 0.1 * full
    assert index.ids.tolist() == ids[:1000]
    index.add(rows[1000:2000], ids[1000:2000])
    assert index.ids.tolist() == ids[:2000]
    assert index.check().ok
    found = index.search(rows[:2000], 1, plan="scan").ids[:, 0]
    assert (found == np.array(ids[:2000], object)).mean() > 0.99
    index.remove(ids[:2000])
    assert len(index) == 0
    assert index.ids.tolist() == []
    assert index.add(rows[:5], ids[:5]).ids.tolist() == ids[:5]


@pytest.mark.parametrize("change", ["upsert", "refit", "compact", "none"])
def test_changes_and_files_keep_names(change, tmp_path):
    rows, ids = vectors(500), names(500)
    codec = vecq.Codec("int8", scale="global")
    index = vecq.Index(DIM, "l2", codec, rerank_codec="fp16").add(rows, ids)
    index.remove(ids[100:150])
    if change == "upsert":
        index.upsert(vectors(100, 7), names(100, 450))
        assert index.ids.tolist() == [*ids[:100], *ids[150:], *names(50, 500)]
    elif change != "none":
        getattr(index, change)()
    expected = index.search(vectors(20, 8), 10)
    index.save(tmp_path / "a.vecq")
    readers = [
        vecq.open(tmp_path / "a.vecq", verify="full"),
        vecq.open(tmp_path / "a.vecq", True, preload="copy"),
        pickle.loads(pickle.dumps(index)),
        copy.deepcopy(index),
    ]
    for own in [index, *readers]:
        assert own.id_type == "str"
        assert own.ids.tolist() == index.ids.tolist()
        assert own.search(vectors(20, 8), 10).ids.tolist() == expected.ids.tolist()
        assert own.get(ids[7]).tolist() == index.get(ids[7]).tolist()
        assert own.check().ok
    for own in readers[1:]:
        own.remove(ids[0]).add(vectors(3, 9), ["new", ids[0], ids[120]])
        assert own.check().ok
        assert {"new", ids[120]} < set(own.ids)
        own.compact().save(tmp_path / "b.vecq", overwrite=True)
        assert vecq.open(tmp_path / "b.vecq").ids.tolist() == own.ids.tolist()
    sections = [section.name for section in vecq.info(tmp_path / "a.vecq").sections]
    assert "string ids" in sections
    assert "hash table of string ids" in sections
    assert vecq.info(tmp_path / "a.vecq").min_reader_version == "0.2.0"


def test_an_empty_index_keeps_its_type(tmp_path):
    vecq.Index(DIM, id_type="str").save(tmp_path / "a.vecq")
    index = vecq.open(tmp_path / "a.vecq", writable=True)
    assert index.id_type == "str"
    assert index.search(vectors(1), 3).ids.tolist() == [[None] * 3]
    assert index.add(vectors(1), ["a"]).ids.tolist() == ["a"]


def test_exports_number_items_by_their_position(pair, tmp_path):
    hnswlib = pytest.importorskip("hnswlib")
    _named, _numbered = pair
    for number, index in enumerate(pair):
        index.to_hnswlib(tmp_path / f"{number}.bin")
    own = hnswlib.Index("cosine", DIM)
    own.load_index(str(tmp_path / "0.bin"))
    assert sorted(own.get_ids_list()) == list(range(2000))

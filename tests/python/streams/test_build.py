"""vecq.build makes of any source the index that one addition of all rows makes, bit for bit."""

from itertools import pairwise

import h5py
import numpy as np
import pytest

import vecq
from vecq import datasets

from .conftest import DIM, ROWS, SETTINGS

SHAPES = {"one": (0, ROWS), "three": (0, 5_000, 5_001, ROWS)}
CODECS = {
    "plain": {"metric": "ip"},
    "centered": {"metric": "l2"},
    "shared": {"metric": "cosine", "codec": vecq.Codec("int16", scale="global")},
    "reranked": {"metric": "ip", "rerank_codec": vecq.Codec("int16", scale="global")},
}


def added(items, ids=None, *, threads=1, build="auto", bias=None, users=None, **settings):
    """The same index, built the usual way."""
    index = vecq.Index(items.shape[1], **settings)
    return index.add(items, ids, threads=threads, build=build, bias=bias, users=users)


def blocks_of(items, size=1_000):
    return (items[first : first + size] for first in range(0, len(items), size))


def written(folder, suffix, items, parts):
    paths = []
    for first, end in pairwise(parts):
        paths.append(folder / f"part-{first:05}{suffix}")
        datasets.write_matrix(paths[-1], items[first:end])
    return paths


@pytest.fixture(scope="module")
def indexes(items):
    return {name: added(items, **own, **SETTINGS) for name, own in CODECS.items()}


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("parts", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("suffix", [".npy", ".fbin", ".fvecs", ".parquet", ".arrow"])
def test_files(suffix, parts, codec, items, indexes, tmp_path, content):
    paths = written(tmp_path, suffix, items, parts)
    given = paths if len(paths) > 1 else paths[0]
    saved = tmp_path / "built.vecq"
    index = vecq.build(given, saved, **CODECS[codec], **SETTINGS)
    assert content(index) == content(indexes[codec])
    found = vecq.open(saved).search(items[:5], 3)
    np.testing.assert_array_equal(found.ids, index.search(items[:5], 3).ids)


def test_blocks_are_many(items, monkeypatch, content, tmp_path):
    # Otherwise the files above are a block each.
    monkeypatch.setattr("vecq.streams.block.BLOCK_BYTES", 4 * DIM * 700)
    (path,) = written(tmp_path, ".fbin", items, (0, ROWS))
    done = []
    index = vecq.build(path, metric="l2", progress=lambda *at: done.append(at), **SETTINGS)
    assert content(index) == content(added(items, metric="l2", **SETTINGS))
    assert done[:2] == [(700, ROWS), (1400, ROWS)]
    assert done[ROWS // 700] == (ROWS, ROWS)
    assert done[-1][0] == done[-1][1]


@pytest.mark.parametrize("suffix", [".u8bin", ".i8bin", ".bvecs", ".npy"])
def test_whole_numbers(suffix, tmp_path, content):
    items = np.random.default_rng(0).integers(0, 100, (2_000, 16))
    path = tmp_path / f"items{suffix}"
    datasets.write_matrix(path, items)
    expected = added(items.astype(np.float32), metric="l2", **SETTINGS)
    assert content(vecq.build(path, metric="l2", **SETTINGS)) == content(expected)


@pytest.mark.parametrize("mode", ["r", "r+", "c", None])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_and_maps(mode, dtype, order, items, tmp_path, content):
    np.save(tmp_path / "items.npy", np.asarray(items, dtype, order=order))
    rows = np.load(tmp_path / "items.npy", mmap_mode=mode)
    if mode == "c":
        rows[7] = 0.25  # is not lost with the pages of the file
    index = vecq.build(rows[5:], metric="l2", **SETTINGS)
    expected = np.load(tmp_path / "items.npy")
    if mode == "c":
        expected[7] = 0.25
    assert content(index) == content(added(expected[5:], metric="l2", **SETTINGS))


def test_a_data_set_of_hdf5(items, tmp_path, content):
    with h5py.File(tmp_path / "items.hdf5", "w") as file:
        file.create_dataset("train", data=items, chunks=(100, DIM))
    with h5py.File(tmp_path / "items.hdf5") as file:
        index = vecq.build(file["train"], metric="l2", **SETTINGS)
    assert content(index) == content(added(items, metric="l2", **SETTINGS))


@pytest.mark.parametrize("ids_of", ["arrays", "lists", "strings"])
def test_iterators_with_ids(ids_of, items, ids, content):
    codec = vecq.Codec("int8", center=True).fit(items)
    own = {"metric": "l2", "codec": codec} | SETTINGS
    made = {"arrays": ids, "lists": ids, "strings": np.array([f"item {one}" for one in ids])}
    given = made[ids_of]
    pairs = zip(blocks_of(given, 999), blocks_of(items, 999), strict=True)
    if ids_of == "lists":
        pairs = ((one.tolist(), block) for one, block in pairs)
    assert content(vecq.build(pairs, **own)) == content(added(items, given, **own))


def test_iterators_without_ids(items, content):
    codec = vecq.Codec("int8", center=True).fit(items)
    own = {"metric": "l2", "codec": codec} | SETTINGS
    assert content(vecq.build(blocks_of(items), **own)) == content(added(items, **own))


def test_an_iterator_calibrates_on_its_first_rows(items, content):
    shifted = np.concatenate([items, items + 4])
    head = 11_000  # the blocks that make 10,000 rows
    own = {"metric": "l2"} | SETTINGS
    index = vecq.build(blocks_of(shifted, 5_500), **own)
    codec = vecq.Codec("int8", center=True).fit(shifted[:head])
    assert content(index) == content(added(shifted, **own | {"codec": codec}))


def test_an_iterator_may_use_its_memory_again(items, content):
    def blocks():
        memory = np.empty((100, DIM), np.float32)
        for block in blocks_of(items[:12_300], 100):
            memory[:] = block
            yield memory

    own = {"metric": "l2"} | SETTINGS
    codec = vecq.Codec("int8", center=True).fit(items[:10_000])
    expected = added(items[:12_300], **own | {"codec": codec})
    assert content(vecq.build(blocks(), **own)) == content(expected)


def test_single_vectors_and_empty_blocks(items, content):
    rows = items[:300]
    vectors = (part for row in rows for part in (row[:0].reshape(0, DIM), row))
    assert content(vecq.build(vectors, **SETTINGS)) == content(added(rows, **SETTINGS))


def test_ids_biases_and_users_of_arrays(items, ids, tmp_path, content):
    path = tmp_path / "items.fbin"
    datasets.write_matrix(path, items)
    bias = np.linspace(-1, 1, ROWS)
    own = {"metric": "ip", "bias": bias, "users": items[:50]} | SETTINGS
    expected = added(items, ids, **own)
    assert content(vecq.build(path, ids=ids, **own)) == content(expected)
    assert content(vecq.build(blocks_of(items), ids=iter(ids.tolist()), **own)) == content(expected)
    own["bias"] = 0.5
    assert content(vecq.build(path, ids=ids, **own)) == content(added(items, ids, **own))


def test_bulk_builds_do_not_depend_on_threads(items, tmp_path, content):
    path = tmp_path / "items.fbin"
    datasets.write_matrix(path, items)
    own = {"metric": "l2", "build": "bulk", "m": 8}
    index = vecq.build(path, threads=2, **own)
    assert content(index) == content(added(items, threads=1, **own))


def test_no_rows_make_an_empty_index(tmp_path):
    np.save(tmp_path / "none.npy", np.empty((0, 8), np.float32))
    index = vecq.build(tmp_path / "none.npy", tmp_path / "none.vecq", metric="l2")
    assert (len(index), index.dim) == (0, 8)
    assert len(vecq.open(tmp_path / "none.vecq")) == 0


def test_losses_are_warned_of_before_the_work_of_linking():
    far = 1000 + np.random.default_rng(0).standard_normal((2_000, 16))
    calls = []
    with pytest.warns(vecq.QuantizationWarning, match="alone finds") as caught:
        vecq.build(blocks_of(far, 100), metric="cosine", progress=lambda *at: calls.append(at))
    assert caught[0].filename == __file__
    assert calls[:20] == [(done, 0) for done in range(100, 2001, 100)]

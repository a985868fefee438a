"""Named data sets: their sources and their place in the cache."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import vecq
from vecq import datasets
from vecq.datasets import registry
from vecq.datasets.entry import Entry, Remote


def test_the_cache_is_where_the_user_wants_it(monkeypatch):
    monkeypatch.delenv("VECQ_DATA", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert datasets.cache() == Path("~/.cache/vecq/datasets").expanduser()
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert datasets.cache() == Path("/x/vecq/datasets")
    monkeypatch.setenv("VECQ_DATA", "~/y")
    assert datasets.cache() == Path("~/y").expanduser()
    monkeypatch.setenv("VECQ_DATA", "~nobody-of-that-name/y")
    with pytest.raises(vecq.DatasetError, match="VECQ_DATA is '~nobody-of-that-name/y'"):
        datasets.cache()


@pytest.fixture
def big(server, tmp_path, monkeypatch):
    """An entry for the first 40 of 1,000 rows, as in big-ann-benchmarks."""
    monkeypatch.setenv("VECQ_DATA", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (1000, 16), np.uint8)
    queries = rng.integers(0, 256, (5, 16), np.uint8)
    data = datasets.Dataset("x", "l2", rows[:40].astype("f4"), queries.astype("f4"))
    data = datasets.with_truth(data, 100)
    for name, array in (("/base", rows), ("/query", queries), ("/truth", data.neighbors)):
        path = tmp_path / f"x{'.ibin' if name == '/truth' else '.u8bin'}"
        datasets.write_matrix(path, array)
        server.files[name] = path.read_bytes()
    server.files["/truth"] += data.distances.tobytes()
    root = server.address.removesuffix("/a.bin")
    files = (
        ("test.u8bin", Remote(f"{root}/query", 8 + 5 * 16)),
        ("neighbors.ibin", Remote(f"{root}/truth")),
        ("train.u8bin", Remote(f"{root}/base", 8 + 40 * 16, rows=40)),
    )
    return Entry("small-10M", "", "l2", 40, 16, 5, "", files=files), data


def test_a_named_set_of_several_files(server, big, monkeypatch):
    known, data = big
    monkeypatch.setattr(registry, "ENTRIES", (known,))
    monkeypatch.setattr(registry, "NAMES", (known.name,))
    assert not known.here
    found = datasets.load("small-10M")
    assert known.here
    assert (found.name, found.metric) == ("small-10M", "l2")
    for name, array in data.arrays().items():
        np.testing.assert_array_equal(found.arrays()[name], array)
    assert ("/base", "bytes=0-647") in server.asked
    count = len(server.asked)
    datasets.load("small-10M")
    assert len(server.asked) == count


def test_files_placed_by_hand_are_validated(big):
    known, _ = big
    known.path.mkdir(parents=True)
    (known.path / "test.u8bin").write_bytes(b"no")
    with pytest.raises(vecq.DatasetError, match=r"test\.u8bin: has 2 bytes, expected 88"):
        known.get()


def test_generated_sets_are_not_downloaded(refuse):
    refuse("name", "generated", datasets.find("recsys-demo").get)
    refuse("name", "'sift'", datasets.find, "sift")


def test_entries_are_unique_and_complete():
    assert len(set(datasets.NAMES)) == len(datasets.ENTRIES) >= 8
    for known in datasets.ENTRIES:
        assert known.metric in ("ip", "cosine", "l2")
        assert known.make or known.files
        for name, remote in known.files:
            assert remote.address.startswith("https://")
            assert remote.sha256 is None or re.fullmatch("[0-9a-f]{64}", remote.sha256)
            assert Path(name).suffix in (".hdf5", *datasets.MATRIX_SUFFIXES)


def test_sizes_of_named_sets_hold_their_rows():
    for known in datasets.ENTRIES:
        if known.size is not None and len(known.files) == 1:
            least = 4 * known.dim * (known.rows + known.queries) + 800 * known.queries
            assert least < known.size < least + 100_000


def test_names_are_found(monkeypatch, tmp_path):
    monkeypatch.setenv("VECQ_DATA", str(tmp_path))
    glove = datasets.find("glove-100-angular")
    assert glove.path == tmp_path / "glove-100-angular.hdf5"
    elsewhere = replace(glove, files=((glove.files[0][0], Remote("http://127.0.0.1:9/x")),))
    with pytest.raises(vecq.DatasetError, match=f"put at {glove.path}"):
        elsewhere.load()

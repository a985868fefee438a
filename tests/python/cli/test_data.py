"""vecq data, as its dispatcher calls it."""

import argparse
import json

import numpy as np
import pytest

import vecq
from vecq import datasets
from vecq.cli import data as command


@pytest.fixture
def run(capsys):
    """Runs `vecq data ...` and returns what it printed."""

    def call(*words):
        parser = argparse.ArgumentParser(description=command.DESCRIPTION)
        command.add_arguments(parser)
        assert command.run(parser.parse_args([str(word) for word in words])) == 0
        return capsys.readouterr().out

    return call


@pytest.fixture
def items(tmp_path):
    rng = np.random.default_rng(0)
    for name, rows in (("items", 200), ("users", 20)):
        vectors = rng.standard_normal((rows, 8), dtype=np.float32)
        datasets.write_matrix(tmp_path / f"{name}.npy", vectors)
    return tmp_path / "items.npy"


def test_help_tells_what_it_does():
    assert command.HELP
    for action in ("list", "get", "make", "convert", "import-interactions"):
        assert f"vecq data {action}" in command.DESCRIPTION


def test_list(run, monkeypatch, tmp_path):
    monkeypatch.setenv("VECQ_DATA", str(tmp_path))
    text = run("list")
    assert all(name in text for name in datasets.NAMES)
    assert str(tmp_path) in text
    (tmp_path / "glove-100-angular.hdf5").touch()
    assert "no checksum" in text
    found = {row["name"]: row for row in json.loads(run("list", "--json"))}
    assert list(found) == list(datasets.NAMES)
    here = {name for name, row in found.items() if row["here"]}
    assert here == {"recsys-demo", "glove-100-angular"}
    assert found["sift-128-euclidean"]["bytes"] == 525_128_288
    assert found["sift-128-euclidean"]["checked"] == "sha256"
    assert found["gist-960-euclidean"]["checked"] == "size"
    assert found["bigann-10M"]["checked"] == ""


def test_get_says_where_a_file_is(run, monkeypatch, tmp_path):
    monkeypatch.setenv("VECQ_DATA", str(tmp_path))
    path = tmp_path / "nytimes-256-angular.hdf5"
    path.touch()
    assert run("get", "nytimes-256-angular").strip() == str(path)
    assert json.loads(run("get", "nytimes-256-angular", "--json"))["path"] == str(path)


def test_get_refuses_what_it_does_not_know(run):
    with pytest.raises(vecq.ArgumentError, match="expected one of recsys-demo, sift"):
        run("get", "sift")


@pytest.mark.parametrize("out", ["a.hdf5", "a.npz", "a"])
def test_make(run, tmp_path, out):
    size = ("--rows", 500, "--dim", 6, "--users", 9, "--truth", 5)
    told = json.loads(run("make", tmp_path / out, *size, "--json"))
    assert (told["rows"], told["dim"], told["queries"], told["metric"]) == (500, 6, 9, "ip")
    data = datasets.load(tmp_path / out)
    assert data.neighbors.shape == (9, 5)
    assert list(data.arrays()) == told["arrays"]
    expected = datasets.recommendations(500, 6, 9, k=5, progress=False)
    np.testing.assert_array_equal(data.train, expected.train)
    assert "500 x 6" in run("make", tmp_path / out, *size)


@pytest.mark.parametrize("words", [("make",), ("convert", "no"), ("import-interactions", "no")])
def test_where_nothing_can_be_written_nothing_is_begun(run, tmp_path, words):
    with pytest.raises(vecq.ArgumentError, match=r"suffix '\.xls'"):
        run(*words, tmp_path / "a.xls", "--threads", 0)


def test_convert_vectors(run, tmp_path, items):
    assert "200 x 8" in run("convert", items, tmp_path / "a.fbin")
    told = json.loads(run("convert", tmp_path / "a.fbin", tmp_path / "b.fvecs", "--json"))
    assert told == {"path": str(tmp_path / "b.fvecs"), "rows": 200, "dim": 8}
    found = datasets.read_matrix(tmp_path / "b.fvecs")
    np.testing.assert_array_equal(found, np.load(items))
    run("convert", items, tmp_path / "c.npy", "--rows", 7)
    assert len(np.load(tmp_path / "c.npy")) == 7
    with pytest.raises(vecq.ArgumentError, match="rows"):
        run("convert", items, tmp_path / "c.npy", "--rows", 0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--truth", 10), "truth is 10, but .fbin files hold a single matrix"),
        (("--metric", "xx"), "metric is 'xx', but .fbin files hold vectors only"),
        (("--queries", "nix.npy"), "queries is 'nix.npy', but .fbin files hold vectors only"),
        (("--truth", -1), "truth is -1, expected a whole number from 0"),
        (("--field", "train", "--truth", 3), "truth is 3"),
    ],
)
def test_what_vectors_alone_can_not_hold_is_refused(run, tmp_path, items, words, message):
    with pytest.raises(vecq.ArgumentError, match=message):
        run("convert", items, tmp_path / "a.fbin", *words)
    assert not (tmp_path / "a.fbin").exists()


def test_truth_may_be_the_matrix_that_is_wanted(run, tmp_path, items):
    words = ("--field", "neighbors", "--truth", 7, "--queries", tmp_path / "users.npy")
    assert "20 x 7" in run("convert", items, tmp_path / "a.ibin", *words)


def test_how_many_true_items_is_checked_before_anything_is_made(run, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "recommendations", None)
    with pytest.raises(vecq.ArgumentError, match="truth is -1, expected"):
        run("make", tmp_path / "a.npz", "--truth", -1)


def test_convert_to_a_data_set(run, tmp_path, items):
    users = tmp_path / "users.npy"
    words = ("--queries", users, "--metric", "l2", "--truth", 10)
    run("convert", items, tmp_path / "a.hdf5", *words)
    data = datasets.load(tmp_path / "a.hdf5")
    assert data.metric == "l2"
    assert data.neighbors.shape == (20, 10)
    np.testing.assert_array_equal(data.test, np.load(users))
    run("convert", tmp_path / "a.hdf5", tmp_path / "b", "-v", "fbin")
    run("convert", tmp_path / "b", tmp_path / "c.npz")
    again = datasets.load(tmp_path / "c.npz")
    for name, array in data.arrays().items():
        np.testing.assert_array_equal(array, again.arrays()[name])


def test_convert_one_array_of_a_data_set(run, tmp_path, items):
    run("convert", items, tmp_path / "a.npz", "--truth", 3)
    run("convert", tmp_path / "a.npz", tmp_path / "n.ibin", "--field", "neighbors")
    found = datasets.read_matrix(tmp_path / "n.ibin")
    np.testing.assert_array_equal(found, datasets.load(tmp_path / "a.npz").neighbors)
    for field in ((), ("--field", "seen")):
        with pytest.raises(vecq.ArgumentError, match=r"field is .* train, test, neighbors"):
            run("convert", tmp_path / "a.npz", tmp_path / "t.npy", *field)


def test_import_interactions(run, tmp_path):
    rng = np.random.default_rng(0)
    lines = [f"{user},{item},{item}" for user in range(40) for item in rng.choice(60, 12, False)]
    (tmp_path / "a.csv").write_text("\n".join(["user,item,timestamp", *lines]))
    settings = ("--factors", 4, "--iterations", 2, "--truth", 10)
    told = json.loads(
        run("import-interactions", tmp_path / "a.csv", tmp_path / "a.hdf5", *settings, "--json")
    )
    assert told["queries"] == 40
    data = datasets.load(tmp_path / "a.hdf5")
    assert data.name == "a"
    assert np.diff(data.heldout.indptr).tolist() == [2] * 40
    # Rows of items and users map back to the ids of the source.
    items, users = (
        (tmp_path / f"a.hdf5.{kind}.txt").read_text().split() for kind in ("items", "users")
    )
    assert len(items) == len(data.train)
    source = {tuple(line.split(",")[:2]) for line in lines}
    for query, user in enumerate(users):
        own = [*data.seen.row(query), *data.heldout.row(query)]
        assert {(user, items[item]) for item in own} == {one for one in source if one[0] == user}
    lists = tmp_path / "train.txt", tmp_path / "test.txt"
    for path in lists:
        path.write_text("".join(f"{user} {user % 7} {user % 5 + 7}\n" for user in range(20)))
    run(
        *("import-interactions", lists[0], tmp_path / "b", "--heldout", lists[1]),
        *("--model", "bpr", *settings),
    )
    assert datasets.load(tmp_path / "b").heldout.indptr[-1] == 40

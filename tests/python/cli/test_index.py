"""vecq build and vecq search: the same index, and the same answers, as from Python."""

import csv
import io
import json

import numpy as np
import pytest

import vecq

K = 7
BOTH = ("--ef", "9", "--target-recall", "0.9")


@pytest.fixture(scope="module")
def built(shell, load):
    """An index file, and the same index made in Python."""
    shell("build", "items.npy", "items.vecq", "--metric", "cosine", "--m", 8, "--threads", 1)
    index = vecq.Index(32, "cosine", m=8).add(load("items.npy"), threads=1)
    return index, index.search(load("users.npy"), K)


def test_what_is_built_opens_and_finds_the_same(shell, load, built):
    index, expected = built
    opened = vecq.open(shell.folder / "items.vecq")
    assert repr(opened) == repr(index)
    np.testing.assert_array_equal(opened.search(load("users.npy"), K).ids, expected.ids)


def test_csv_and_json_on_standard_output(shell, built):
    _, expected = built
    rows = list(
        csv.DictReader(io.StringIO(shell("search", "items.vecq", "users.npy", "--k", K).stdout))
    )
    assert [int(row["id"]) for row in rows] == expected.ids.ravel().tolist()
    assert [int(row["rank"]) for row in rows[:K]] == list(range(1, K + 1))
    scores = np.array([float(row["score"]) for row in rows])
    np.testing.assert_allclose(scores, expected.scores.ravel(), rtol=1e-6)
    lines = shell("search", "items.vecq", "users.npy", "--k", K, "--json").stdout.splitlines()
    assert [json.loads(line)["ids"] for line in lines] == expected.ids.tolist()


@pytest.mark.parametrize("name", ["found.npz", "found.npy", "found.csv", "found.jsonl"])
def test_files_of_every_format(shell, load, built, name):
    _, expected = built
    done = shell("search", "items.vecq", "users.npy", "--k", K, "--out", name)
    assert done.stdout == ""
    assert f"{name}: 40 queries in" in done.stderr
    file = shell.folder / name
    if name == "found.npz":
        np.testing.assert_array_equal(load(name)["scores"], expected.scores)
        ids = load(name)["ids"]
    elif name == "found.npy":
        ids = load(name)
    elif name == "found.csv":
        ids = np.loadtxt(file, delimiter=",", skiprows=1, usecols=2).reshape(-1, K)
    else:
        ids = [json.loads(line)["ids"] for line in file.read_text().splitlines()]
    np.testing.assert_array_equal(ids, expected.ids)


def test_fewer_items_than_asked_for_leave_no_blanks(shell, load):
    np.save(shell.folder / "few.npy", load("items.npy")[:3])
    shell("build", "few.npy", "few.vecq")
    lines = shell("search", "few.vecq", "users.npy", "--k", 5, "--json").stdout.splitlines()
    assert all(sorted(json.loads(line)["ids"]) == [0, 1, 2] for line in lines)


def test_filters_are_those_of_files(shell, load, built):
    index, best = built
    lists = best.ids[:, :3]
    np.savez(
        shell.folder / "seen.npz",
        indptr=np.arange(0, lists.size + 1, 3),
        indices=lists.ravel(),
        format=b"csr",
    )
    (shell.folder / "even.txt").write_text("\n".join(map(str, range(0, 2000, 2))))
    np.save(shell.folder / "few.npy", np.arange(0, 400))
    shell(
        *("search", "items.vecq", "users.npy", "--k", K, "--out", "found.npy"),
        *("--exclude", "seen.npz", "--allow", "even.txt", "--deny", "few.npy"),
    )
    even = np.arange(0, 2000, 2)
    options = {"exclude": list(lists), "allow": even, "deny": np.arange(400)}
    expected = index.search(load("users.npy"), K, **options)
    np.testing.assert_array_equal(load("found.npy"), expected.ids)


def test_a_scan_scores_every_item(shell, load, built):
    index, _ = built
    truth = index.search(load("users.npy"), K, plan="scan").ids
    search = ("search", "items.vecq", "users.npy", "--k", K, "--out", "found.npy")
    shell(*search, "--plan", "scan")
    np.testing.assert_array_equal(load("found.npy"), truth)


def test_conditions_and_biases(shell, load):
    rng = np.random.default_rng(3)
    kinds, bias = {"price": "int64"}, rng.random(2000)
    index = vecq.Index(32, "cosine", attributes=kinds)
    index.add(load("items.npy"), bias=bias, attributes={"price": np.arange(2000)}, threads=1)
    index.save(shell.folder / "priced.vecq")
    words = ("search", "priced.vecq", "users.npy", "--k", K, "--out", "found.npy")
    for option, name, value in (
        ("--where", "where", "price < 300 and price >= 2"),
        ("--bias-weight", "bias_weight", -3.5),
        ("--bias-weight", "bias_weight", 0.0),
    ):
        shell(*words, f"{option}={value}")
        expected = index.search(load("users.npy"), K, **{name: value}).ids
        np.testing.assert_array_equal(load("found.npy"), expected)
        assert (expected != index.search(load("users.npy"), K).ids).any()
    shell.refuses("where, at character 0: 'cost' is", *words, "--where", "cost < 3")
    shell.refuses("--bias-weight has 1e+20", *words, "--bias-weight", "1e20")


def test_cells_must_be_a_number(shell):
    done = shell("build", "items.npy", "--partition", "out.vecq", code=2)
    assert "'out.vecq' is not a number of cells: give --partition after VECTORS" in done.stderr


def test_probes_of_cells(shell, load):
    shell("build", "items.npy", "cells.vecq", "--metric", "cosine", "--partition", 12)
    index = vecq.open(shell.folder / "cells.vecq")
    assert index.stats().cells == 12
    search = ("search", "cells.vecq", "users.npy", "--k", K, "--out", "found.npy")
    shell(*search, "--probes", 3)
    np.testing.assert_array_equal(
        load("found.npy"), index.search(load("users.npy"), K, probes=3).ids
    )
    shell(*search, "--plan", "probe")
    shell("build", "items.npy", "usual.vecq", "--partition")
    usual = vecq.open(shell.folder / "usual.vecq")
    assert usual.stats().cells == int(2 * len(usual) ** 0.5)


def test_target_recall_uses_the_curve_that_the_index_stores(shell, load, built):
    index, _ = built
    other = np.random.default_rng(9).standard_normal((300, 32), np.float32)
    np.save(shell.folder / "other.npy", other)
    words = ("--metric", "cosine", "--m", 8, "--threads", 1, "--recall-queries", "other.npy")
    shell("build", "items.npy", "curve.vecq", *words)
    opened = vecq.open(shell.folder / "curve.vecq")
    expected = opened.search(load("users.npy"), K, target_recall=0.9)
    search = ("users.npy", "--k", K, "--out", "found.npy", "--target-recall", 0.9)
    shell("search", "curve.vecq", *search)
    np.testing.assert_array_equal(load("found.npy"), expected.ids)
    # Queries are never measured on themselves unless asked for.
    shell.refuses("--target-recall needs a recall curve", "search", "items.vecq", *search)
    shell("search", "items.vecq", *search, "--recall-queries", "other.npy")
    truth = index.search(load("users.npy"), K, plan="scan").ids
    pairs = zip(load("found.npy"), truth, strict=True)
    assert np.mean([np.isin(a, b).mean() for a, b in pairs]) >= 0.85
    shell.refuses(
        "--recall-queries is given without --target-recall",
        *("search", "items.vecq", "users.npy", "--recall-queries", "other.npy"),
    )


def test_ids_users_and_settings(shell, load):
    (shell.folder / "ids.txt").write_text("\n".join(str(3 * i) for i in range(2000)))
    settings = {"codec": {"kind": "int8", "scale": "global"}, "rerank_codec": "fp16", "m": 6}
    (shell.folder / "settings.json").write_text(json.dumps(settings))
    found = shell.json(
        *("build", "items.npy", "other.vecq", "--ids", "ids.txt", "--users", "users.npy"),
        *("--settings", "settings.json", "--m", 9),
    )
    assert (found["rows"], found["settings"]["m"]) == (2000, 9)
    assert found["file_bytes"] == (shell.folder / "other.vecq").stat().st_size
    index = vecq.open(shell.folder / "other.vecq")
    assert "reranked by fp16" in repr(index)
    assert "m=9" in repr(index)
    assert (index.search(load("users.npy"), 5).ids % 3 == 0).all()


def test_loss_is_a_warning_in_a_line(shell):
    rng = np.random.default_rng(0)
    far = 1000 + rng.standard_normal((2000, 16), np.float32)
    np.save(shell.folder / "far.npy", far)
    done = shell("build", "far.npy", "far.vecq", "--metric", "cosine")
    assert done.stderr.startswith("vecq: warning: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("vectors: nix.npy does not exist", ["nix.npy", "out.vecq"]),
        ("index: nix does not exist", ["items.npy", "nix/out.vecq"]),
        ("index: . is a folder", ["items.npy", "."]),
        ("m is 1, expected a whole number from 2 to 256", ["items.npy", "out.vecq", "--m", "1"]),
        ("link is 'odd', expected one of", ["items.npy", "out.vecq", "--link", "odd"]),
        ("ids: words.txt holds no ids", ["items.npy", "out.vecq", "--ids", "words.txt"]),
        ("ids: users.npy holds float32", ["items.npy", "out.vecq", "--ids", "users.npy"]),
        ("ids has shape (3,), expected (2000,)", ["items.npy", "out.vecq", "--ids", "three.txt"]),
        ("nan.npy: vectors has", ["nan.npy", "out.vecq"]),
        ("flat.npz holds float32 of shape (32,)", ["flat.npz", "out.vecq"]),
        ("ids: large.npy has 9223372036854777807", ["items.npy", "out.vecq", "--ids", "large.npy"]),
        ("ids: large.txt holds no ids", ["items.npy", "out.vecq", "--ids", "large.txt"]),
        ("deep.json is not JSON", ["items.npy", "out.vecq", "--settings", "deep.json"]),
        ("settings: words.txt is not JSON", ["items.npy", "out.vecq", "--settings", "words.txt"]),
        ("names mm, expected some of", ["items.npy", "out.vecq", "--settings", "mm.json"]),
        (
            "settings: list.json holds no object",
            ["items.npy", "out.vecq", "--settings", "list.json"],
        ),
        ("codec.json, codec: ", ["items.npy", "out.vecq", "--settings", "codec.json"]),
    ],
)
def test_what_is_wrong_with_a_build_is_named(shell, message, words):
    files = {
        "words.txt": "no numbers",
        "three.txt": "1\n2\n3\n",
        "mm.json": '{"mm": 3}',
        "list.json": "[]",
        "codec.json": '{"codec": {"kin": "int8"}}',
        "deep.json": "[" * 100_000,
        "large.txt": f"{2**63}\n",
    }
    np.save(shell.folder / "nan.npy", np.full((9, 4), np.nan, np.float32))
    np.savez(shell.folder / "flat.npz", train=np.zeros(32, np.float32))
    np.save(shell.folder / "large.npy", np.arange(2**63, 2**63 + 2000, dtype=np.uint64)[::-1])
    for name, text in files.items():
        (shell.folder / name).write_text(text)
    shell.refuses(message, "build", *words)
    assert not (shell.folder / "out.vecq").exists()


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("nix.vecq", ["nix.vecq", "users.npy"]),
        ("items.npy", ["items.npy", "users.npy"]),
        ("queries has 8 columns, expected 32", ["items.vecq", "narrow.npy"]),
        ("users.npy: the file is not a vecq index\n", ["users.npy", "items.vecq"]),
        (
            "queries: odd.txt has the suffix '.txt', expected one of .npy, .npz",
            ["items.vecq", "odd.txt"],
        ),
        ("k is 0, expected a whole number", ["items.vecq", "users.npy", "--k", "0"]),
        ("ef is 0, expected a whole", ["items.vecq", "users.npy", "--ef", "0"]),
        ("--ef and --target-recall are both given", ["items.vecq", "users.npy", *BOTH]),
        ("allow: nix.txt does not exist", ["items.vecq", "users.npy", "--allow", "nix.txt"]),
        ("exclude: odd.npz has no", ["items.vecq", "users.npy", "--exclude", "odd.npz"]),
        (
            "exclude: narrow.npy is no list per query, expected .npz",
            ["items.vecq", "users.npy", "--exclude", "narrow.npy"],
        ),
        (
            "exclude: renamed.npz can't be read",
            ["items.vecq", "users.npy", "--exclude", "renamed.npz"],
        ),
        ("the index has no rerank store", ["items.vecq", "users.npy", "--rerank-factor", "2"]),
        (
            "out is 'found.xls', expected a file of",
            ["items.vecq", "users.npy", "--out", "found.xls"],
        ),
    ],
)
def test_what_is_wrong_with_a_search_is_named(shell, message, words):
    np.save(shell.folder / "narrow.npy", np.zeros((3, 8), np.float32))
    (shell.folder / "renamed.npz").write_bytes((shell.folder / "narrow.npy").read_bytes())
    np.savez(shell.folder / "odd.npz", a=np.zeros(3), b=np.zeros(3))
    (shell.folder / "odd.txt").write_text("1")
    shell.refuses(message, "search", *words)

import numpy as np
import pytest

import vecq


def test_it_prints_the_table_of_assess(shell, load):
    text = shell("assess", "items.npy", "--queries", "users.npy", "--k", 20).stdout
    assert text.strip() == str(
        vecq.assess(load("items.npy"), load("users.npy"), k=20, codecs="int8")
    )


def test_json_has_the_same_figures(shell, load):
    found = shell.json("assess", "items.npy", "--codec", "int8,int16", "--metric", "l2", "--k", 10)
    expected = vecq.assess(load("items.npy"), metric="l2", k=10, codecs=["int8", "int16"])
    assert found["recall"] == expected.recall
    kinds = [cost["codec"]["kind"] for cost in found["costs"]]
    assert kinds == [cost.codec.kind for cost in expected.costs]
    assert [cost["recall"] for cost in found["costs"]] == [one.recall for one in expected.costs]
    assert found["own_queries"]


def test_too_little_recall_ends_with_1(shell):
    shell("assess", "items.npy", "--k", 10, "--min-recall", 0.5)
    done = shell("assess", "items.npy", "--k", 10, "--min-recall", 1.0, code=1)
    assert "is below --min-recall 1" in done.stderr
    assert "recall@10" in done.stdout


def test_arrays_of_files_that_hold_several(shell, load):
    np.savez(shell.folder / "both.npz", train=load("items.npy"), test=load("users.npy"))
    expected = shell("assess", "items.npy", "--queries", "users.npy").stdout
    assert shell("assess", "both.npz", "--queries", "both.npz").stdout == expected


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("vectors: nix.npy does not exist", ["nix.npy"]),
        ("vectors: . is a folder", ["."]),
        ("queries: nix.npy does not exist", ["items.npy", "--queries", "nix.npy"]),
        ("k is 0, expected a whole number from 1 to 1999", ["items.npy", "--k", "0"]),
        ("metric is 'l1', expected one of \"ip\"", ["items.npy", "--metric", "l1"]),
        ("codecs is 'int9', expected", ["items.npy", "--codec", "int9"]),
        ("queries has 8 columns, expected 32", ["items.npy", "--queries", "narrow.npy"]),
        ("vectors: odd.npz has no 'train', it holds a, b", ["odd.npz"]),
        ("seed is -1, expected a whole number from 0", ["items.npy", "--seed", "-1", "--k", "5"]),
        ("--min-recall is nan, expected 0 to 1", ["items.npy", "--min-recall", "nan"]),
        ("--min-recall is 2, expected 0 to 1", ["items.npy", "--min-recall", "2"]),
        ("nan.npy: vectors has", ["nan.npy"]),
        ("flat.npz holds float32 of shape (3,)", ["flat.npz"]),
        ("broken.npy", ["broken.npy"]),
        ("vectors: broken.npz can't be read", ["broken.npz"]),
        ("items.foo has the suffix '.foo', expected one of", ["items.foo"]),
    ],
)
def test_what_is_wrong_is_named(shell, message, words):
    np.save(shell.folder / "narrow.npy", np.zeros((3, 8), np.float32))
    np.savez(shell.folder / "odd.npz", a=np.zeros(3), b=np.zeros(3))
    np.save(shell.folder / "nan.npy", np.full((200, 4), np.nan, np.float32))
    np.savez(shell.folder / "flat.npz", train=np.zeros(3, np.float32))
    for name in ("broken.npy", "broken.npz", "items.foo"):
        (shell.folder / name).write_bytes(b"\x93NUMPY nonsense")
    shell.refuses(message, "assess", *words)

import json

import numpy as np
import pytest

SMALL = ["--k", 10, "--recall", 0.9, "--threads", 1, "--trials", 3]


@pytest.fixture(scope="module")
def tuned(shell):
    """Many queries, and what was found for them."""
    users = np.random.default_rng(6).standard_normal((300, 32), np.float32)
    np.save(shell.folder / "many.npy", users)
    files = ["--settings", "best.json", "--out", "tuned.html"]
    return shell("tune", "items.npy", "--queries", "many.npy", *SMALL, *files)


def test_it_prints_trials_code_and_promise(tuned):
    assert "recall of at least 0.9 at k=10" in tuned.stdout
    assert "index = vecq.Index(dim=32, metric='ip'" in tuned.stdout
    assert "fresh queries" in tuned.stdout
    assert "report: tuned.html" in tuned.stdout


def test_build_takes_its_settings(shell, tuned):
    settings = json.loads((shell.folder / "best.json").read_text())
    built = shell.json("build", "items.npy", "tuned.vecq", "--settings", "best.json")
    assert built["settings"].keys() == settings.keys()
    assert built["settings"]["m"] == settings["m"]


def test_the_page_holds_plot_table_and_code(shell, tuned):
    page = (shell.folder / "tuned.html").read_text()
    assert page.count("<svg") == 1
    assert "What was tried" in page
    assert "vecq.Index(dim=32" in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_json_has_every_trial(shell, tuned):
    found = shell.json("tune", "items.npy", "--queries", "many.npy", *SMALL)
    assert found["met"]
    assert sum(one["chosen"] for one in found["trials"]) == 1
    assert found["interval"][0] <= found["accuracy"] <= found["interval"][1]
    assert found["ended"] == "trials"


def test_what_cannot_be_met_ends_with_1(shell, tuned):
    far = np.load(shell.folder / "items.npy") + np.float32(1000)  # too far for any integer codes
    np.save(shell.folder / "far.npy", far)
    words = ["--queries", "many.npy", "--k", 10, "--threads", 1, "--memory", "400kB"]
    done = shell("tune", "far.npy", *words, code=1)
    assert "nothing meets the criterion: the limit of memory" in done.stderr


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("vectors: nix.npy does not exist", ["nix.npy"]),
        ("out: nix does not exist", ["items.npy", "--out", "nix/page.html"]),
        ("queries has 10 that", ["items.npy", "--queries", "few.npy"]),
        ("memory is 'lots'", ["items.npy", "--memory", "lots"]),
        ("of is 'ndcg', which goes with --loss", ["items.npy", "--recall", "0.9", "--of", "ndcg"]),
        ("heldout is missing", ["items.npy", "--queries", "many.npy", "--of", "ndcg"]),
        ("strategy is 'luck'", ["items.npy", "--strategy", "luck"]),
    ],
)
def test_what_is_wrong_is_named(shell, tuned, message, words):
    np.save(shell.folder / "few.npy", np.ones((10, 32), np.float32))
    shell.refuses(message, "tune", *words)

import json
import sys

import numpy as np
import pytest

import vecq.cli
import vecq.tuning

SMALL = ["--k", 10, "--recall", 0.9, "--threads", 1, "--trials", 3]


@pytest.fixture(scope="module")
def tuned(shell):
    """Many queries, and what was found for them."""
    users = np.random.default_rng(6).standard_normal((300, 32), np.float32)
    np.save(shell.folder / "many.npy", users)
    (shell.folder / "plain.json").write_text('{"m": 8}')
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
    assert built["settings"].keys() == settings.keys() - {"search"}
    assert built["settings"]["m"] == settings["m"]


def test_search_takes_its_settings(shell, tuned):
    search = json.loads((shell.folder / "best.json").read_text())["search"]
    shell("build", "items.npy", "tuned.vecq", "--settings", "best.json", "--threads", 1)
    words = ["search", "tuned.vecq", "many.npy"]
    one_by_one = [
        word
        for name in ("ef", "rerank_factor", "query_bits")
        if name in search
        for word in (f"--{name.replace('_', '-')}", search[name])
    ]
    assert search["k"] == 10
    assert shell(*words, "--settings", "best.json").stdout == shell(*words, *one_by_one).stdout
    assert "\n0,10," in shell(*words, "--settings", "best.json").stdout
    fewer = shell(*words, "--settings", "best.json", "--k", 2).stdout
    assert "\n0,2," in fewer
    assert "\n0,3," not in fewer
    shell.refuses('settings: plain.json has no object "search"', *words, "--settings", "plain.json")


def test_business_metrics_may_be_absolute(shell, tuned):
    offsets = np.arange(301)
    chosen = np.random.default_rng(0).integers(0, 2000, 300)
    np.savez(shell.folder / "chosen.npz", indptr=offsets, indices=chosen)
    words = ["--queries", "many.npy", "--heldout", "chosen.npz", "--k", 1000, "--threads", 1]
    for option, least in (("--hit-rate", 0.2), ("--ndcg", 0.01)):
        found = shell.json("tune", "items.npy", *words, option, least, "--trials", 2)
        assert found["met"]
        assert found["accuracy"] >= least


def test_a_page_that_cannot_be_drawn_is_refused_before_tuning(shell, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jinja2", None)  # as if it were not installed
    monkeypatch.setattr(vecq.tuning, "tune", None)
    monkeypatch.chdir(shell.folder)
    assert vecq.cli.main(["tune", "items.npy", "--out", "page.html"]) == 2
    assert "needs the package jinja2" in capsys.readouterr().err
    assert not (shell.folder / "page.html").exists()


def test_the_page_holds_plot_table_and_code(shell, tuned):
    page = (shell.folder / "tuned.html").read_text()
    assert page.count("<svg") == 1
    assert "Trials" in page
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
    assert "no settings reach the accuracy: the limit of memory" in done.stderr


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("vectors: nix.npy does not exist", ["nix.npy"]),
        ("out: nix does not exist", ["items.npy", "--out", "nix/page.html"]),
        ("queries has 10 that", ["items.npy", "--queries", "few.npy"]),
        ("memory is 'lots'", ["items.npy", "--memory", "lots"]),
        ("of is 'ndcg', which goes with --loss", ["items.npy", "--recall", "0.9", "--of", "ndcg"]),
        ("which goes with --loss, not --ndcg", ["items.npy", "--ndcg", "0.9", "--of", "ndcg"]),
        ("heldout is missing", ["items.npy", "--queries", "many.npy", "--hit-rate", "0.5"]),
        ("heldout is missing", ["items.npy", "--queries", "many.npy", "--of", "ndcg"]),
        ("strategy is 'luck'", ["items.npy", "--strategy", "luck"]),
    ],
)
def test_what_is_wrong_is_named(shell, tuned, message, words):
    np.save(shell.folder / "few.npy", np.ones((10, 32), np.float32))
    shell.refuses(message, "tune", *words)

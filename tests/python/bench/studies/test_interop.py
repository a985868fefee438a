"""The study of imported graphs, on a tiny data set."""

import pytest
from studies import interop

from vecq.bench.truth import ground_truth
from vecq.datasets import heavy_tailed


@pytest.mark.parametrize("name", interop.SOURCES)
def test_targets_are_printed_as_met_or_missed(name, monkeypatch, capsys):
    monkeypatch.setattr(interop, "EFS", (10, 80))
    data = heavy_tailed(1500, 16, 50)
    found = interop.imported(name, data, ground_truth(data, interop.K).at(interop.K))
    assert 0.9 < found["exact"] <= 1
    interop.show(found)
    shown = capsys.readouterr().out
    assert shown.count("  met ") + shown.count("  missed ") == 6
    assert f"an exact scan of these codes loses {1 - found['exact']:.4f}" in shown


def found(plain, wide, **other):
    theirs = [(0.8, 100.0), (0.9, 50.0), (1.0, 25.0)]
    curves = {"hnswlib": theirs, interop.PLAIN: plain, interop.WIDE: wide}
    return {"source": "hnswlib", "curves": curves, "exact": 0.99, "rows": 1000, **other}


def test_missed_targets_are_reported():
    good = [(0.8, 250.0), (0.9, 120.0), (1.0, 60.0)]
    assert all(met for _, met in interop.targets(found(good, good)))
    slow = [(recall, qps / 2) for recall, qps in good]
    assert [met for _, met in interop.targets(found(slow, good))] == 2 * [False] + 4 * [True]
    less = [(recall - 0.006, qps) for recall, qps in good]
    assert [met for _, met in interop.targets(found(less, good))[4:]] == [False, True]
    assert [met for _, met in interop.targets(found(good, less))[4:]] == [True, False]
    million = found(good, good, rows=1_000_000, seconds=30.0)
    assert not interop.targets(million)[-1][1]
    assert interop.targets({**million, "seconds": 19.0})[-1][1]


def test_curves_are_compared_where_both_have_begun():
    early, late = [(0.8, 100.0), (0.9, 50.0), (1.0, 25.0)], [(0.95, 80.0), (1.0, 60.0)]
    assert interop.speedup(late, early, 0.9) == (0.95, pytest.approx(80 / 35.36, rel=1e-3))
    assert interop.speedup(early, late, 0.9)[0] == 0.95
    assert interop.speedup([(0.5, 9.0), (0.6, 8.0)], early, 0.9) == (0.9, 0.0)

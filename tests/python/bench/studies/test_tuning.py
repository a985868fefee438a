"""The study of tuning strategies, on a tiny data set."""

from types import SimpleNamespace

import pytest
from studies import tuning
from studies.timing import Timing

import vecq
from vecq.core.ranking import recall
from vecq.datasets import heavy_tailed
from vecq.tuning import Space

SHORT = Space(
    codecs=["int8"], rerank_codecs=[None], m=[8], ef_construction=[50], efs=[10, 40], scans=False
)


@pytest.mark.filterwarnings("ignore::vecq.TuningWarning")
def test_targets_are_printed_as_met_or_missed(monkeypatch, capsys):
    monkeypatch.setattr("vecq.tuning.timing.ROUND_SECONDS", 0.001)
    monkeypatch.setattr(tuning, "grid", lambda k: SHORT)
    monkeypatch.setattr(tuning, "Space", lambda: SHORT)
    found = tuning.compare(heavy_tailed(1500, 16, 200), 10, 0.9, 1, 1)
    tuning.show(found)
    shown = capsys.readouterr().out
    assert set(found["runs"]) == {"basic", "exhaustive", "default"}
    assert len(tuning.targets(found)) == 6
    assert shown.count("  met ") + shown.count("  missed ") == 6
    assert "target < 2.5 builds and a minute" in shown
    assert found["equal"] is None or found["equal"] > 0


def test_speeds_at_equal_recall_do_not_depend_on_the_chosen_ef(monkeypatch):
    """Indexes that differ only in the chosen `ef` are equal at equal recall."""
    monkeypatch.setattr(tuning, "grid", lambda k: SHORT)
    data = heavy_tailed(1500, 16, 200)
    index = vecq.Index(16, "ip", "int8", m=8).add(data.train, threads=1)
    truth = vecq.brute_force(data.train, data.test, k=10).ids
    seconds = {10: 1.0, 40: 4.0}
    monkeypatch.setattr(
        tuning,
        "interleaved",
        lambda works, repetitions: {
            name: Timing(tuple(turn * seconds[work.keywords["ef"]] for turn in (1, 7, 2)))
            for name, work in works.items()
        },
    )
    rivals = {
        name: (index, SimpleNamespace(k=10, search_settings={"ef": ef}))
        for name, ef in (("basic", 10), ("exhaustive", 40))
    }
    low, high = (recall(index.search(data.test, 10, ef=ef).ids, truth) for ef in (10, 40))
    assert low < high
    for level in (low, (low + high) / 2, high):
        assert tuning.at_equal_recall(rivals, data.test, truth, level, 3, 1) == pytest.approx(1)
    assert tuning.at_equal_recall(rivals, data.test, truth, 1.1, 3, 1) is None


def test_missed_targets_are_reported():
    basic = {"qps": {"median": 80.0}, "seconds": 30.0, "fresh": 0.9, "promised": [0.95, 0.94, 0.96]}
    every = {
        "qps": {"median": 100.0},
        "seconds": 100.0,
        "fresh": 0.95,
        "promised": [0.95, 0.94, 0.96],
    }
    runs = {"basic": basic, "exhaustive": every, "default": {**every, "seconds": 90.0}}
    found = {"runs": runs, "build": 10.0}
    assert [met for _, met in tuning.targets(found)] == [False, False, False, True, True, False]
    found["build"] = 20.0
    assert tuning.targets(found)[-1][1]

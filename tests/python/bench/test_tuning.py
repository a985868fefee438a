"""The comparison of strategies, on a set so small that its figures mean nothing."""

import pytest

from vecq.bench import tuning
from vecq.datasets import heavy_tailed
from vecq.tuning import Space

SHORT = Space(codecs=["int8"], wides=[None], m=[8], ef_construction=[50], efs=[10, 40])


@pytest.mark.filterwarnings("ignore::vecq.TuningWarning")
def test_targets_are_printed_as_met_or_short(monkeypatch, capsys):
    monkeypatch.setattr("vecq.tuning.stopwatch.TURN", 0.001)
    monkeypatch.setattr(tuning, "grid", lambda k: SHORT)
    monkeypatch.setattr(tuning, "Space", lambda: SHORT)
    found = tuning.compare(heavy_tailed(1500, 16, 200), 10, 0.9, 1, 1)
    tuning.show(found)
    shown = capsys.readouterr().out
    assert set(found["runs"]) == {"basic", "exhaustive", "default"}
    assert len(tuning.targets(found)) == 6
    assert shown.count("  met ") + shown.count("  SHORT ") == 6
    assert "less than 2.5 builds and a minute" in shown


def test_what_falls_short_is_short():
    basic = {"qps": 80.0, "seconds": 30.0, "fresh": 0.9, "promised": [0.95, 0.94, 0.96]}
    every = {"qps": 100.0, "seconds": 100.0, "fresh": 0.95, "promised": [0.95, 0.94, 0.96]}
    runs = {"basic": basic, "exhaustive": every, "default": {**every, "seconds": 90.0}}
    found = {"runs": runs, "build": 10.0}
    assert [met for _, met in tuning.targets(found)] == [False, False, False, True, True, False]
    found["build"] = 20.0
    assert tuning.targets(found)[-1][1]

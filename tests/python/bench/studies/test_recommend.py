"""The study of recommendations, on a tiny data set."""

import dataclasses

import pytest
from studies import recommend

from vecq.datasets import recommendations


def test_targets_are_printed_as_met_or_missed(capsys):
    data = recommendations(2000, 16, 50, progress=False)
    found = list(recommend.compare(data, threads=2, singles=5, repetitions=1))
    assert [(one["N"], one["calls"]) for one in found] == [
        (count, calls) for count in (10, 100) for calls in recommend.CALLS
    ]
    for one in found:
        assert one["recall"] > 0.9
        recommend.show(one)
    shown = capsys.readouterr().out
    assert shown.count("  met ") + shown.count("  missed ") == 8
    with pytest.raises(SystemExit, match="no seen items"):
        recommend.seen_by(dataclasses.replace(data, seen=None))


def test_the_faster_threading_of_implicit_counts():
    speeds = {"implicit": 10.0, "implicit, BLAS": 30.0, "VecqModel": 149.0}
    qps = {name: {"median": speed, "spread": 0.0} for name, speed in speeds.items()}
    found = {"recall": 0.99, "qps": qps}
    assert [met for _, met in recommend.targets(found)] == [True, False]
    assert not recommend.targets({**found, "recall": 0.9899})[0][1]

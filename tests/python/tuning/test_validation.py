"""Fresh queries have the last word on what was chosen."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from vecq.tuning.criteria import Recall
from vecq.tuning.limits import LimitError
from vecq.tuning.space import Build, Graph, Search, named
from vecq.tuning.trial import Trial
from vecq.tuning.validation import _raised_ef

EFS = [10, 20, 40, 80]
# What fresh queries find by each; the interval is a hundredth to both sides.
FRESH = dict(zip(EFS, [0.85, 0.88, 0.895, 0.91], strict=True))


class Runner:
    ladder = EFS

    def __init__(self, fresh):
        judge = SimpleNamespace(
            interval=lambda values, confidence: SimpleNamespace(high=values.mean() + 0.01)
        )
        self.built = SimpleNamespace(
            values_for=lambda judge, search: np.full(100, fresh[search.ef or 80])
        )
        self.problem = SimpleNamespace(fresh=judge, criterion=Recall(0.9))
        build = Build(named("int8", "ip"), None, Graph(8))
        self.best = Trial(build, Search(20), "met", 0.91, 1000.0)
        self.trials = [self.best]

    def with_search(self, trial, search):
        return replace(trial, search=search, accuracy=0.95, qps=500.0)


def test_more_effort_is_taken_until_fresh_queries_may_find_enough():
    runner = Runner(FRESH)
    chosen = _raised_ef(runner, runner.best, runner.built, 0.95)
    assert (chosen.search.ef, chosen.qps, chosen.accuracy) == (40, 500.0, 0.95)
    assert runner.best == chosen
    assert runner.trials == [chosen]


@pytest.mark.parametrize("fresh", [dict.fromkeys(EFS, 0.9), dict.fromkeys(EFS, 0.5)])
def test_what_they_confirm_or_nothing_would_mend_stays(fresh):
    runner = Runner(fresh)
    best = runner.best
    assert _raised_ef(runner, best, runner.built, 0.95) == best
    assert runner.trials == [best]


def test_the_most_effort_and_scans_stay():
    runner = Runner(dict.fromkeys(EFS, 0.5))
    for search in (Search(80), Search(None)):
        trial = replace(runner.best, search=search)
        assert _raised_ef(runner, trial, runner.built, 0.95) == trial


def test_a_limit_leaves_it_as_it_was(monkeypatch):
    runner = Runner(FRESH)
    best = runner.best

    def over(trial, search):
        raise LimitError("time")

    monkeypatch.setattr(runner, "with_search", over)
    assert _raised_ef(runner, best, runner.built, 0.95) == best
    assert runner.best == best

"""No trial is chosen because its timing or its graph was lucky."""

from types import SimpleNamespace

import numpy as np
import pytest

from vecq.tuning import final_timing
from vecq.tuning.criteria import Recall
from vecq.tuning.final_timing import recheck_best
from vecq.tuning.limits import LimitError
from vecq.tuning.space import Build, Graph, Search, named
from vecq.tuning.trial import Trial
from vecq.tuning.trial_runner import TrialRunner

EFS = [10, 20, 40]


class Judge:
    """Every query counts alike, and there are so many that they leave no doubt."""

    queries = range(100)

    def value(self, values):
        return float(values.mean())

    def error(self, values):
        return 0.0

    def met(self, values, criterion=None):
        return self.value(values) >= 0.9


class Graphs:
    """A graph that finds so much by `ef`."""

    def __init__(self, m, found):
        self.m, self.found = m, dict(zip(EFS, found, strict=True))

    def values(self, search):
        return np.full(100, self.found[search.ef])

    def lines(self, search):
        return float(search.ef)


class Runner:
    """Trials of graphs, by m; what is faster walks less, and has fewer links."""

    objective, ladder = "qps", EFS
    clock = SimpleNamespace(check=lambda: None)

    def __init__(self, threads, first, second):
        judge = Judge()
        self.problem = SimpleNamespace(tuning=judge, threads=threads, criterion=Recall(0.9))
        self.cache = SimpleNamespace(
            get=lambda build: first[build.graph.m],
            find=lambda build: first[build.graph.m],
            rebuilt=lambda build: second.get(build.graph.m),
            pin=lambda built: None,
        )
        self.trials = []
        for m, built in first.items():
            build = Build(named("int8", "ip"), None, Graph(m))
            search = Search(next(ef for ef in EFS if built.found[ef] >= 0.9))
            accuracy, qps = built.found[search.ef], speed(built, search)
            self.trials.append(Trial(build, search, "met", accuracy, qps))
        self.best = max(self.trials, key=lambda trial: trial.qps)

    with_search = TrialRunner.with_search

    def timed_against_best(self, built, search):
        return speed(built, search), 1.0


def speed(built, search):
    return 1e6 / (built.m * search.ef)


@pytest.fixture(autouse=True)
def no_clocks(monkeypatch):
    monkeypatch.setattr(final_timing, "workload", lambda built, search, objective: (built, search))
    monkeypatch.setattr(
        final_timing, "queries_per_second", lambda works, *rest: [speed(*work) for work in works]
    )


def graphs(**found):
    return {int(name[1:]): Graphs(int(name[1:]), values) for name, values in found.items()}


def test_luck_of_a_graph_is_found_out_and_another_one_chosen():
    first = graphs(m8=[0.91, 0.95, 0.99], m12=[0.92, 0.96, 0.99])
    second = graphs(m8=[0.87, 0.94, 0.99], m12=[0.91, 0.96, 0.99])
    runner = Runner(2, first, second)
    assert runner.best.build.graph.m == 8
    recheck_best(runner)
    assert (runner.best.build.graph.m, runner.best.search.ef) == (12, 10)
    lucky, chosen = runner.trials
    assert lucky.search.ef == 20
    assert lucky.accuracy == pytest.approx(0.945)
    assert chosen == runner.best
    assert chosen.accuracy == pytest.approx(0.915)


def test_what_two_graphs_never_meet_falls_short():
    first, second = graphs(m8=[0.7, 0.8, 0.91]), graphs(m8=[0.7, 0.8, 0.85])
    runner = Runner(2, first, second)
    recheck_best(runner)
    assert runner.best.state == "missed"
    assert runner.best.accuracy == pytest.approx(0.88)


@pytest.mark.parametrize("threads", [1, 2])
def test_without_a_second_graph_it_stays(threads):
    first = graphs(m8=[0.91, 0.95, 0.99])
    runner = Runner(threads, first, {} if threads == 2 else graphs(m8=[0.5, 0.6, 0.7]))
    best = runner.best
    recheck_best(runner)
    assert runner.best == best


def test_the_limit_of_time_ends_it_with_the_best_so_far(monkeypatch):
    first, second = graphs(m8=[0.91, 0.95, 0.99]), graphs(m8=[0.5, 0.6, 0.7])
    runner = Runner(2, first, second)
    best = runner.best

    def over():
        raise LimitError("time")

    monkeypatch.setattr(runner, "clock", SimpleNamespace(check=over))
    with pytest.raises(LimitError):
        recheck_best(runner)
    assert runner.best == best

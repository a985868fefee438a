"""Nothing is chosen for the luck of its turn, or of its graph."""

from types import SimpleNamespace

import numpy as np
import pytest

from vecq.tuning import settling
from vecq.tuning.criteria import Recall
from vecq.tuning.limits import LimitError
from vecq.tuning.settling import settle
from vecq.tuning.space import Build, Graph, Search, named
from vecq.tuning.trial import Trial
from vecq.tuning.workbench import Workbench

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


class Built:
    """A graph that finds so much by `ef`."""

    def __init__(self, m, found):
        self.m, self.found = m, dict(zip(EFS, found, strict=True))

    def values(self, search):
        return np.full(100, self.found[search.ef])

    def lines(self, search):
        return float(search.ef)


class Bench:
    """Trials of graphs, by m; what is faster walks less, and has fewer links."""

    objective, ladder = "qps", EFS
    clock = SimpleNamespace(check=lambda: None)

    def __init__(self, threads, first, second):
        judge = Judge()
        self.problem = SimpleNamespace(tuning=judge, threads=threads, criterion=Recall(0.9))
        self.shelf = SimpleNamespace(
            get=lambda build: first[build.graph.m],
            find=lambda build: first[build.graph.m],
            anew=lambda build: second.get(build.graph.m),
            keep=lambda built: None,
        )
        self.trials = []
        for m, built in first.items():
            build = Build(named("int8", "ip"), None, Graph(m))
            search = Search(next(ef for ef in EFS if built.found[ef] >= 0.9))
            accuracy, qps = built.found[search.ef], speed(built, search)
            self.trials.append(Trial(build, search, "met", accuracy, qps))
        self.best = max(self.trials, key=lambda trial: trial.qps)

    searched = Workbench.searched

    def race(self, built, search):
        return speed(built, search), 1.0


def speed(built, search):
    return 1e6 / (built.m * search.ef)


@pytest.fixture(autouse=True)
def no_clocks(monkeypatch):
    monkeypatch.setattr(settling, "work", lambda built, search, objective: (built, search))
    monkeypatch.setattr(settling, "speeds", lambda works, *rest: [speed(*work) for work in works])


def graphs(**found):
    return {int(name[1:]): Built(int(name[1:]), values) for name, values in found.items()}


def test_luck_of_a_graph_is_found_out_and_another_one_chosen():
    first = graphs(m8=[0.91, 0.95, 0.99], m12=[0.92, 0.96, 0.99])
    second = graphs(m8=[0.87, 0.94, 0.99], m12=[0.91, 0.96, 0.99])
    bench = Bench(2, first, second)
    assert bench.best.build.graph.m == 8
    settle(bench)
    assert (bench.best.build.graph.m, bench.best.search.ef) == (12, 10)
    lucky, chosen = bench.trials
    assert lucky.search.ef == 20
    assert lucky.accuracy == pytest.approx(0.945)
    assert chosen == bench.best
    assert chosen.accuracy == pytest.approx(0.915)


def test_what_two_graphs_never_meet_falls_short():
    first, second = graphs(m8=[0.7, 0.8, 0.91]), graphs(m8=[0.7, 0.8, 0.85])
    bench = Bench(2, first, second)
    settle(bench)
    assert bench.best.state == "short"
    assert bench.best.accuracy == pytest.approx(0.88)


@pytest.mark.parametrize("threads", [1, 2])
def test_without_a_second_graph_it_stays(threads):
    first = graphs(m8=[0.91, 0.95, 0.99])
    bench = Bench(threads, first, {} if threads == 2 else graphs(m8=[0.5, 0.6, 0.7]))
    best = bench.best
    settle(bench)
    assert bench.best == best


def test_the_limit_of_time_ends_it_with_the_best_so_far(monkeypatch):
    first, second = graphs(m8=[0.91, 0.95, 0.99]), graphs(m8=[0.5, 0.6, 0.7])
    bench = Bench(2, first, second)
    best = bench.best

    def over():
        raise LimitError("time")

    monkeypatch.setattr(bench, "clock", SimpleNamespace(check=over))
    with pytest.raises(LimitError):
        settle(bench)
    assert bench.best == best

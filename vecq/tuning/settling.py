"""Before the end: the fastest are timed once more, and the best of them is tried on a second graph.

The best of many owes something to chance. The machine was quiet while it was timed; or its graph,
which several threads never link the same way twice, turned out well, and whoever builds it next has
another one. Where a second one is soon built, the two have to meet the criterion together.
"""

from dataclasses import replace

from vecq.core.ranking import Values
from vecq.tuning.ladder import climb
from vecq.tuning.objective import TIMED, better
from vecq.tuning.stopwatch import TURNS, speeds, work
from vecq.tuning.trial import Trial
from vecq.tuning.workbench import Workbench

# So many of those that are nearly as fast as the best are timed once more, in so many turns.
FINALISTS, NEARLY, LONGER = 8, 0.7, 4 * TURNS


def settle(bench: Workbench) -> None:
    """Times and checks the best, until that no longer puts another one in its place."""
    checked: set[int] = set()
    while bench.best is not None and bench.best.state == "met":
        if bench.objective in TIMED:
            _time(bench, bench.best)
        place = bench.trials.index(bench.best)
        if place in checked:
            return
        checked.add(place)
        before, bench.trials[place] = bench.best, _on_two_graphs(bench, bench.best)
        if bench.trials[place].search == before.search and bench.trials[place].state == "met":
            bench.best = bench.trials[place]
            return
        bench.best = _first(bench.trials, bench)


def _time(bench: Workbench, best: Trial) -> None:
    """Times the finalists longer, all in turns, and chooses among them."""
    bench.shelf.keep(bench.shelf.get(best.build))
    rivals = [one for one in bench.trials if one.state == "met" and one != best]
    near = [one for one in rivals if one.qps >= NEARLY * best.qps]
    finalists = [best, *sorted(near, key=lambda one: -one.qps)[:FINALISTS]]
    held = [(one, bench.shelf.find(one.build)) for one in finalists]
    works = {
        bench.trials.index(one): work(built, one.search, bench.objective)
        for one, built in held
        if built is not None
    }
    queries = len(bench.problem.tuning.queries)
    timed = dict(zip(works, speeds([*works.values()], queries, bench.clock, LONGER), strict=True))
    # The others stay as they were beside the best.
    now = timed[bench.trials.index(best)] / best.qps
    for place, trial in enumerate(bench.trials):
        bench.trials[place] = replace(trial, qps=timed.get(place, now * trial.qps))
    bench.best = _first([bench.trials[place] for place in sorted(timed)], bench)


def _first(trials: list[Trial], bench: Workbench) -> Trial:
    """The best of some, the earlier one of what is equal within noise."""
    best, *others = trials
    for trial in others:
        if trial.measured and better(trial, best, bench.objective, trial.qps / (best.qps or 1)):
            best = trial
    return best


def _on_two_graphs(bench: Workbench, trial: Trial) -> Trial:
    """The trial with the least effort that is enough on its graph and on a second one, averaged."""
    one_thread = bench.problem.threads == 1  # links the same graph again
    second = None if trial.search.ef is None or one_thread else bench.shelf.anew(trial.build)
    if second is None:
        return trial
    first, judge = bench.shelf.get(trial.build), bench.problem.tuning

    def values(ef: int) -> Values:
        bench.clock.check()
        search = replace(trial.search, ef=ef)
        return (first.values(search) + second.values(search)) / 2

    found = climb(bench.ladder, lambda ef: judge.met(values(ef)))
    ef = bench.ladder[-1] if found is None else found
    moved = bench.searched(trial, replace(trial.search, ef=ef), values(ef))
    return replace(moved, state="short" if found is None else "met")

"""Times the fastest trials again, and checks the best one on a second build of its graph.

The best of many trials is partly lucky: the machine was idle while it was timed, or its graph,
which several threads never link the same way twice, turned out well. If a second build is cheap,
both graphs must meet the criterion on average.
"""

from dataclasses import replace

from vecq.core.ranking import Values
from vecq.tuning.bisection import first_sufficient
from vecq.tuning.objective import TIMED, better
from vecq.tuning.timing import ROUNDS, queries_per_second, workload
from vecq.tuning.trial import Trial
from vecq.tuning.trial_runner import TrialRunner

FINALISTS = 8  # trials that are timed again
FINALIST_SPEED = 0.7  # least speed of a finalist, as a share of the best
FINAL_ROUNDS = 4 * ROUNDS


def recheck_best(runner: TrialRunner) -> None:
    """Time and check the best trial, until it remains the best."""
    checked: set[int] = set()
    while runner.best is not None and runner.best.state == "met":
        if runner.objective in TIMED:
            _time(runner, runner.best)
        place = runner.trials.index(runner.best)
        if place in checked:
            return
        checked.add(place)
        before, runner.trials[place] = runner.best, _checked_on_second_graph(runner, runner.best)
        if runner.trials[place].search == before.search and runner.trials[place].state == "met":
            runner.best = runner.trials[place]
            return
        runner.best = _first(runner.trials, runner)


def _time(runner: TrialRunner, best: Trial) -> None:
    """Time the finalists in interleaved rounds, and choose the best of them."""
    runner.cache.pin(runner.cache.get(best.build))
    rivals = [one for one in runner.trials if one.state == "met" and one != best]
    near = [one for one in rivals if one.qps >= FINALIST_SPEED * best.qps]
    finalists = [best, *sorted(near, key=lambda one: -one.qps)[:FINALISTS]]
    indexed = [(one, runner.cache.find(one.build)) for one in finalists]
    workloads = {
        runner.trials.index(one): workload(index, one.search, runner.objective)
        for one, index in indexed
        if index is not None
    }
    queries = len(runner.problem.tuning.queries)
    timed = dict(
        zip(
            workloads,
            queries_per_second([*workloads.values()], queries, runner.clock, FINAL_ROUNDS),
            strict=True,
        )
    )
    # The other trials keep their speed relative to the best.
    change = timed[runner.trials.index(best)] / best.qps
    for place, trial in enumerate(runner.trials):
        runner.trials[place] = replace(trial, qps=timed.get(place, change * trial.qps))
    runner.best = _first([runner.trials[place] for place in sorted(timed)], runner)


def _first(trials: list[Trial], runner: TrialRunner) -> Trial:
    """Return the best trial; of trials that are equal within noise, the earliest."""
    best, *others = trials
    for trial in others:
        if trial.measured and better(trial, best, runner.objective, trial.qps / (best.qps or 1)):
            best = trial
    return best


def _checked_on_second_graph(runner: TrialRunner, trial: Trial) -> Trial:
    """Return the trial with the least `ef` that meets the criterion on two graphs on average."""
    one_thread = runner.problem.threads == 1  # builds the same graph again
    second = None if trial.search.ef is None or one_thread else runner.cache.rebuilt(trial.build)
    if second is None:
        return trial
    first, judge = runner.cache.get(trial.build), runner.problem.tuning

    def values(ef: int) -> Values:
        runner.clock.check()
        search = replace(trial.search, ef=ef)
        return (first.values(search) + second.values(search)) / 2

    found = first_sufficient(runner.ladder, lambda ef: judge.met(values(ef)))
    ef = runner.ladder[-1] if found is None else found
    adjusted = runner.with_search(trial, replace(trial.search, ef=ef), values(ef))
    return replace(adjusted, state="missed" if found is None else "met")

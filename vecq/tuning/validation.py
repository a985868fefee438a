"""Validates the chosen settings on fresh queries and assembles the result of tuning."""

from dataclasses import replace

from vecq.core.errors import ArgumentError
from vecq.tuning.alternatives import LOOSER, STRICTER, alternative
from vecq.tuning.bisection import first_sufficient
from vecq.tuning.limits import LimitError
from vecq.tuning.result import Tuned
from vecq.tuning.trial import Trial
from vecq.tuning.trial_index import TrialIndex
from vecq.tuning.trial_runner import TrialRunner


def validate(
    runner: TrialRunner, strategy: str, ended: str, confidence: float, own_queries: bool
) -> Tuned:
    """Estimate the accuracy of the best trial on fresh queries.

    Args:
        runner: All trials.
        strategy: Name of the strategy that proposed them.
        ended: The limit that ended tuning, "interrupted", or "" if the strategy finished.
        confidence: Confidence of the predicted interval.
        own_queries: Queries were held out from the vectors.

    Raises:
        ArgumentError: The limits allowed no trial.
        KeyboardInterrupt: Tuning was interrupted before the first trial.
    """
    problem, best = runner.problem, runner.best
    if best is None and ended == "interrupted":
        raise KeyboardInterrupt
    if best is None:
        raise no_trial_error(ended)
    is_hurried = ended in ("time", "interrupted")
    index = _validation_index(runner, best, is_hurried)
    if best.state == "met" and not is_hurried:
        best = _raised_ef(runner, best, index, confidence)
    values = index.values_for(problem.fresh, best.search)
    tuning_values = index.values(best.search)
    interval = problem.fresh.prediction(values, confidence, problem.tuning, tuning_values)
    looser, stricter = (
        alternative(runner, best, factor, is_hurried) for factor in (LOOSER, STRICTER)
    )
    binding = _binding(runner, best, ended)
    ruled_out = problem.fresh.interval(values, confidence).high < problem.criterion.least
    if not binding and ruled_out:
        binding = (
            "the fresh queries have a lower accuracy than the tuning queries: give more queries"
        )
    return Tuned(
        index_settings=best.index_settings(problem.metric)
        | ({"seed": problem.seed} if problem.seed else {}),
        search_settings=best.search_settings,
        trials=tuple(runner.trials),
        chosen=best,
        dim=problem.dim,
        metric=problem.metric,
        k=problem.k,
        criterion=problem.criterion,
        objective=runner.objective,
        strategy=strategy,
        accuracy=problem.fresh.value(values),
        interval=interval,
        confidence=confidence,
        queries=len(problem.fresh.queries),
        own_queries=own_queries,
        shares_graph=index.shares_graph,
        looser=looser,
        stricter=stricter,
        binding=binding,
        ended=ended,
        seconds=runner.clock.seconds,
        build_seconds=runner.cache.seconds,
        with_users=problem.users is not None,
    )


def _validation_index(runner: TrialRunner, best: Trial, is_hurried: bool) -> TrialIndex:
    """Return the index to validate: a second build, if that is cheap and can differ."""
    try:
        as_it_is = is_hurried or best.search.ef is None  # scans do not use the graph
        rebuilt = None if as_it_is else runner.cache.rebuilt(best.build)
    except (LimitError, KeyboardInterrupt):
        rebuilt = None
    return rebuilt or runner.cache.get(best.build)


def _raised_ef(runner: TrialRunner, best: Trial, index: TrialIndex, confidence: float) -> Trial:
    """Return the best trial with the smallest `ef` that fresh queries do not rule out."""
    judge, least, start = runner.problem.fresh, runner.problem.criterion.least, best.search.ef

    def is_possible(ef: int) -> bool:
        values = index.values_for(judge, replace(best.search, ef=ef))
        return judge.interval(values, confidence).high >= least

    if start is None or is_possible(start):
        return best
    higher = [ef for ef in runner.ladder if ef > start]
    found = first_sufficient(higher, is_possible) if higher else None
    if found is None:
        return best
    try:
        raised = runner.with_search(best, replace(best.search, ef=found))
    except (LimitError, KeyboardInterrupt):
        return best
    runner.trials[runner.trials.index(best)] = runner.best = raised
    return raised


def _binding(runner: TrialRunner, best: Trial, ended: str) -> str:
    """Return which constraint prevents the criterion from being met; "" if it is met."""
    least = runner.problem.criterion.least
    if best.state == "met":
        return ""
    if ended == "interrupted":
        return "tuning was interrupted"
    if ended == "draws":
        return f"only some settings were drawn, which reach at most {best.accuracy:.4f}"
    if ended:
        return f"the limit of {ended}"
    if any(trial.state == "too_large" and trial.accuracy >= least for trial in runner.trials):
        return "the limit of memory, which all sufficient settings exceed"
    return f"the accuracy, which is at most {best.accuracy:.4f} in all trials"


def no_trial_error(limit: str) -> ArgumentError:
    """Return the error for limits that end tuning before the first trial."""
    return ArgumentError(
        f"limits allow too little {limit}: no settings could be measured", "limits"
    )

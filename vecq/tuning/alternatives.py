"""Estimates the cost of the next stricter and the next looser criterion."""

from dataclasses import replace

from vecq.tuning.criteria import Criterion
from vecq.tuning.limits import LimitError
from vecq.tuning.objective import better
from vecq.tuning.result import Alternative
from vecq.tuning.space import Search
from vecq.tuning.trial import Trial
from vecq.tuning.trial_runner import TrialRunner

# Losses that the next criteria allow, as multiples of the loss that was allowed.
LOOSER, STRICTER = 2.0, 0.5


def alternative(
    runner: TrialRunner, best: Trial, factor: float, is_hurried: bool
) -> Alternative | None:
    """Return the cheapest trial that meets another criterion.

    Args:
        runner: All trials so far.
        best: The chosen trial; its graph is searched with other settings.
        factor: The other criterion allows this multiple of the loss.
        is_hurried: Consider only trials that were measured already.

    Returns:
        The alternative, without a trial if none meets it; None if the criterion is the same.
    """
    criterion = runner.problem.criterion.changed(factor)
    if criterion == runner.problem.criterion:
        return None
    others = [trial for trial in runner.trials if trial.reaches(criterion)]
    if not is_hurried:
        others = _on_graph_of(runner, best, criterion) + others
    found: Trial | None = None
    for trial in others:
        one = replace(trial, state="met")
        if better(one, found, runner.objective, 1.0 if found is None else one.qps / found.qps):
            found = one
    if found is None:
        return Alternative(criterion, None, None)
    return Alternative(criterion, found, found.index_settings(runner.problem.metric))


def _on_graph_of(runner: TrialRunner, best: Trial, criterion: Criterion) -> list[Trial]:
    """Return trials of the best graph that meet a criterion; none if time runs out."""
    try:
        return [
            runner.with_search(best, search)
            for search in _candidate_searches(runner, best, criterion)
        ]
    except (LimitError, KeyboardInterrupt):
        return []


def _candidate_searches(runner: TrialRunner, best: Trial, criterion: Criterion) -> list[Search]:
    """Return searches of the best graph that meet a criterion: the same, a walk and a scan."""
    index, search = runner.cache.get(best.build), best.search
    factors = [search.rerank]
    if best.rerank_codec is not None:
        factors += [
            factor for factor in sorted(runner.space.rerank_factors) if factor > search.rerank
        ]
    walks = (
        runner.least_effort(index, replace(search, rerank=factor), criterion) for factor in factors
    )
    candidates: list[Search | None] = [search, next(filter(None, walks), None)]
    if runner.space.scans:
        candidates.append(replace(search, ef=None))
    judge = runner.problem.tuning
    return [one for one in candidates if one and judge.met(index.values(one), criterion)]

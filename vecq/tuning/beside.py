"""What the next stricter and the next looser criterion would cost."""

from dataclasses import replace

from vecq.tuning.criteria import Criterion
from vecq.tuning.limits import LimitError
from vecq.tuning.objective import better
from vecq.tuning.result import Alternative
from vecq.tuning.space import Search
from vecq.tuning.trial import Trial
from vecq.tuning.workbench import Workbench

# Losses of the next criteria, as multiples of what was allowed.
LOOSER, STRICTER = 2.0, 0.5


def beside(bench: Workbench, best: Trial, factor: float, hurried: bool) -> Alternative | None:
    """What costs least under another criterion: on the best graph, or else of all that was tried.

    Args:
        hurried: measure nothing more.
    """
    criterion = bench.problem.criterion.changed(factor)
    if criterion == bench.problem.criterion:
        return None
    others = [trial for trial in bench.trials if trial.reaches(criterion)]
    if not hurried:
        others = _on_its_graph(bench, best, criterion) + others
    found: Trial | None = None
    for trial in others:
        one = replace(trial, state="met")
        if better(one, found, bench.objective, 1.0 if found is None else one.qps / found.qps):
            found = one
    if found is None:
        return Alternative(criterion, None, None)
    return Alternative(criterion, found, found.index_settings(bench.problem.metric))


def _on_its_graph(bench: Workbench, best: Trial, criterion: Criterion) -> list[Trial]:
    """Searches of the best graph that meet a criterion; none if there is no time to find them."""
    try:
        return [bench.searched(best, search) for search in _searches(bench, best, criterion)]
    except (LimitError, KeyboardInterrupt):
        return []


def _searches(bench: Workbench, best: Trial, criterion: Criterion) -> list[Search]:
    built, search = bench.shelf.get(best.build), best.search
    factors = [search.rerank]
    if best.wide is not None:
        factors += [
            factor for factor in sorted(bench.space.rerank_factors) if factor > search.rerank
        ]
    walks = (
        bench.least_effort(built, replace(search, rerank=factor), criterion) for factor in factors
    )
    others: list[Search | None] = [search, next(filter(None, walks), None)]
    if bench.space.scans:
        others.append(replace(search, ef=None))
    judge = bench.problem.tuning
    return [one for one in others if one and judge.met(built.values(one), criterion)]

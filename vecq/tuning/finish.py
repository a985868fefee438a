"""The end of tuning: the fresh queries judge what was chosen, and what lies beside it is told."""

from dataclasses import replace

from vecq.errors import ArgumentError
from vecq.tuning.criteria import Criterion
from vecq.tuning.limits import LimitError
from vecq.tuning.result import Alternative, Tuned
from vecq.tuning.space import Search
from vecq.tuning.trial import Trial
from vecq.tuning.workbench import Workbench

# Losses of the next criteria, as multiples of what was allowed.
LOOSER, STRICTER = 2.0, 0.5


def finish(
    bench: Workbench, strategy: str, ended: str, confidence: float, own_queries: bool
) -> Tuned:
    """Makes the result of what was tried."""
    problem, best = bench.problem, bench.best
    if best is None and ended == "interrupted":
        raise KeyboardInterrupt
    if best is None:
        raise ArgumentError(
            f"limits allow too little {ended}: not one setting could be measured", "limits"
        )
    values = bench.shelf.get(best.build).judged(problem.fresh, best.search)
    interval = problem.fresh.interval(values, confidence)
    looser, stricter = (
        _beside(bench, best, factor) if ended in ("", "trials") else None
        for factor in (LOOSER, STRICTER)
    )
    binding = _binding(bench, best, ended)
    if not binding and interval.high < problem.criterion.least:
        binding = "fresh queries find less than those that tuned: give more of them"
    return Tuned(
        index_settings=best.index_settings(problem.metric)
        | ({"seed": problem.seed} if problem.seed else {}),
        search_settings=best.search_settings,
        trials=tuple(bench.trials),
        chosen=best,
        dim=problem.dim,
        metric=problem.metric,
        k=problem.k,
        criterion=problem.criterion,
        objective=bench.objective,
        strategy=strategy,
        accuracy=problem.fresh.value(values),
        interval=interval,
        confidence=confidence,
        queries=len(problem.fresh.queries),
        own_queries=own_queries,
        looser=looser,
        stricter=stricter,
        binding=binding,
        ended=ended,
        seconds=bench.clock.seconds,
        build_seconds=bench.shelf.seconds,
        with_users=problem.users is not None,
    )


def _beside(bench: Workbench, best: Trial, factor: float) -> Alternative | None:
    """What another criterion takes on the best graph; none if there is no time to find out."""
    criterion = bench.problem.criterion.changed(factor)
    if criterion == bench.problem.criterion:
        return None
    try:
        return _alternative(bench, best, criterion)
    except (LimitError, KeyboardInterrupt):
        return None


def _alternative(bench: Workbench, best: Trial, criterion: Criterion) -> Alternative:
    """The fastest search of one graph that meets a criterion."""
    built, search = bench.shelf.get(best.build), best.search
    factors = [search.rerank]
    if built.build.wide is not None:
        factors += [factor for factor in sorted(bench.space.reranks) if factor > search.rerank]
    walks = (
        bench.least_effort(built, replace(search, rerank=factor), criterion) for factor in factors
    )
    others: list[Search | None] = [search, next(filter(None, walks), None)]
    if bench.space.scans:
        others.append(replace(search, ef=None))
    judge = bench.problem.tuning
    options = [one for one in others if one and judge.met(built.values(one), criterion)]
    if not options:
        return Alternative(criterion, None)
    faster = {one: 1.0 if one == search else bench.race(built, one)[1] for one in options}
    found = max(options, key=lambda one: faster[one])
    return Alternative(criterion, found.settings(found.rerank > 0), faster[found] * best.qps)


def _binding(bench: Workbench, best: Trial, ended: str) -> str:
    """Which constraint keeps the criterion from being met; empty if it is met."""
    least = bench.problem.criterion.least
    if best.state == "met":
        return ""
    if ended:
        return f"the limit of {ended}" if ended != "interrupted" else "it was interrupted"
    if any(trial.state == "heavy" and trial.accuracy >= least for trial in bench.trials):
        return "the limit of memory, which what is accurate enough exceeds"
    return f"accuracy, of which the space has {best.accuracy:.4f} at most"

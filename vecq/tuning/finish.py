"""The end of tuning: the fresh queries judge what was chosen, and what lies beside it is told."""

from dataclasses import replace

from vecq.errors import ArgumentError
from vecq.tuning.criteria import Criterion
from vecq.tuning.result import Alternative, Tuned
from vecq.tuning.space import Build, Search
from vecq.tuning.strategies.ways import wider
from vecq.tuning.trial import Trial
from vecq.tuning.workbench import Workbench

# Losses of the next criteria, as multiples of what was allowed.
LOOSER, STRICTER = 2.0, 0.5


def finish(
    bench: Workbench, strategy: str, ended: str, confidence: float, own_queries: bool
) -> Tuned:
    """Makes the result of what was tried."""
    problem = bench.problem
    best = bench.best or _nearest(bench, ended)
    values = bench.shelf.get(best.build).judged(problem.fresh, best.search)
    interval = problem.fresh.interval(values, confidence)
    looser, stricter = (
        None if ended else _alternative(bench, best, problem.criterion.changed(factor))
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


def _nearest(bench: Workbench, ended: str) -> Trial:
    """Measures the most exact codes there are, when nothing was worth a graph."""
    if ended == "interrupted":
        raise KeyboardInterrupt
    if ended:
        raise ArgumentError(
            f"limits allow too little {ended}: not one setting could be measured", "limits"
        )
    bits = bench.space.query_bits[0]
    light = [
        (store, wider(bench, store))
        for store in bench.screening.shortlist()
        if not bench.too_heavy(store.codec, None)
    ]
    # Of those there is one at least: limits that leave none were refused.
    store, wide = max(light, key=lambda pair: bench.screening.value(pair[0], 0, bits))
    if wide is not None and bench.too_heavy(store.codec, wide):
        wide = None
    rerank = max(bench.space.reranks) if wide else 0.0
    search = Search(bench.ladder[-1], rerank, bits)
    return bench.measure(Build(store.codec, wide, bench.space.usual), search)


def _alternative(bench: Workbench, best: Trial, criterion: Criterion) -> Alternative | None:
    """What a criterion takes on the graph of the best trial, with as little rerank as it can be."""
    if criterion == bench.problem.criterion:
        return None
    built, search = bench.shelf.get(best.build), best.search
    factors = [search.rerank]
    if built.build.wide is not None:
        factors += [factor for factor in sorted(bench.space.reranks) if factor > search.rerank]
    for factor in factors:
        found = bench.least_effort(built, replace(search, rerank=factor), criterion)
        if found is not None:
            faster = 1.0 if found == search else bench.race(built, found)[1]
            return Alternative(criterion, found.settings(bool(factor)), faster * best.qps)
    return Alternative(criterion, None)


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

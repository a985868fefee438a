"""The end of tuning: the fresh queries judge what was chosen, and what lies beside it is told."""

from dataclasses import replace

from vecq.core.errors import ArgumentError
from vecq.tuning.beside import LOOSER, STRICTER, beside
from vecq.tuning.built import Built
from vecq.tuning.ladder import climb
from vecq.tuning.limits import LimitError
from vecq.tuning.result import Tuned
from vecq.tuning.trial import Trial
from vecq.tuning.workbench import Workbench


def finish(
    bench: Workbench, strategy: str, ended: str, confidence: float, own_queries: bool
) -> Tuned:
    """Makes the result of what was tried."""
    problem, best = bench.problem, bench.best
    if best is None and ended == "interrupted":
        raise KeyboardInterrupt
    if best is None:
        raise too_little(ended)
    hurried = ended in ("time", "interrupted")
    confirmed = _confirmed(bench, best, hurried)
    if best.state == "met" and not hurried:
        best = _not_ruled_out(bench, best, confirmed, confidence)
    values = confirmed.judged(problem.fresh, best.search)
    tuning_values = confirmed.values(best.search)
    interval = problem.fresh.prediction(values, confidence, problem.tuning, tuning_values)
    looser, stricter = (beside(bench, best, factor, hurried) for factor in (LOOSER, STRICTER))
    binding = _binding(bench, best, ended)
    ruled_out = problem.fresh.interval(values, confidence).high < problem.criterion.least
    if not binding and ruled_out:
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
        borrowed=confirmed.borrowed,
        looser=looser,
        stricter=stricter,
        binding=binding,
        ended=ended,
        seconds=bench.clock.seconds,
        build_seconds=bench.shelf.seconds,
        with_users=problem.users is not None,
    )


def _confirmed(bench: Workbench, best: Trial, hurried: bool) -> Built:
    """An index that was linked anew and alone, if that is soon done and makes a difference."""
    try:
        plain = hurried or best.search.ef is None  # no graph has a part in scans
        anew = None if plain else bench.shelf.anew(best.build)
    except (LimitError, KeyboardInterrupt):
        anew = None
    return anew or bench.shelf.get(best.build)


def _not_ruled_out(bench: Workbench, best: Trial, built: Built, confidence: float) -> Trial:
    """The best, with more effort until fresh queries don't rule out what was asked for."""
    judge, least, start = bench.problem.fresh, bench.problem.criterion.least, best.search.ef

    def possible(ef: int) -> bool:
        values = built.judged(judge, replace(best.search, ef=ef))
        return judge.interval(values, confidence).high >= least

    if start is None or possible(start):
        return best
    higher = [ef for ef in bench.ladder if ef > start]
    found = climb(higher, possible) if higher else None
    if found is None:
        return best
    try:
        moved = bench.searched(best, replace(best.search, ef=found))
    except (LimitError, KeyboardInterrupt):
        return best
    bench.trials[bench.trials.index(best)] = bench.best = moved
    return moved


def _binding(bench: Workbench, best: Trial, ended: str) -> str:
    """Which constraint keeps the criterion from being met; empty if it is met."""
    least = bench.problem.criterion.least
    if best.state == "met":
        return ""
    if ended == "interrupted":
        return "it was interrupted"
    if ended == "draws":
        return f"not all was drawn, and what was reaches {best.accuracy:.4f} at most"
    if ended:
        return f"the limit of {ended}"
    if any(trial.state == "heavy" and trial.accuracy >= least for trial in bench.trials):
        return "the limit of memory, which what is accurate enough exceeds"
    return f"accuracy, of which what was tried has {best.accuracy:.4f} at most"


def too_little(limit: str) -> ArgumentError:
    return ArgumentError(
        f"limits allow too little {limit}: not one setting could be measured", "limits"
    )

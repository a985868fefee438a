"""`vecq.tune`: finds the settings that reach an accuracy at the lowest cost."""

from __future__ import annotations  # short signatures in help()

import math
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arguments import choose, real, thread_count, whole
from vecq.core.errors import ArgumentError, TuningWarning
from vecq.core.progress import Progress, Report
from vecq.core.warn import warn_caller
from vecq.quantization.metric import Metric, as_metric
from vecq.tuning.criteria import MEASURES, Criterion, Relative, checked
from vecq.tuning.final_timing import recheck_best
from vecq.tuning.limits import Clock, LimitError, Limits
from vecq.tuning.objective import OBJECTIVES, Objective
from vecq.tuning.problem import Judge, Problem
from vecq.tuning.queries import Queries, as_finite, hold_out, measurable, split
from vecq.tuning.result import Tuned
from vecq.tuning.space import Space
from vecq.tuning.strategies import STRATEGIES, most_precise
from vecq.tuning.trial_progress import TrialProgress
from vecq.tuning.trial_runner import SIZE_TOLERANCE, TrialRunner
from vecq.tuning.validation import no_trial_error, validate

StrategyName = Literal["basic", "mse", "random", "exhaustive", "bayesian", "tpe"]
Kind = TypeVar("Kind", Limits, Space)


def tune(
    vectors: ArrayLike,
    queries: ArrayLike | None = None,
    metric: Metric | str = "ip",
    k: int = 100,
    *,
    accuracy: Criterion = Relative(0.01),  # noqa: B008 (it can't be changed)
    objective: Objective = "qps",
    limits: Limits | None = None,
    strategy: StrategyName = "basic",
    exclude: Any = None,
    heldout: Any = None,
    users: ArrayLike | None = None,
    space: Space | None = None,
    confidence: float = 0.95,
    seed: int = 0,
    threads: int = 0,
    progress: Progress = None,
) -> Tuned:
    """Find the index and search settings that reach an accuracy at the lowest cost.

    Half of the queries tune: a setting must exceed the accuracy on them by one standard error. The
    other half, up to 1,000 queries, estimates the accuracy to expect. If it rules out the required
    accuracy, `ef` is raised. How settings are found is described in docs/tuning.md.

    Ctrl-C ends tuning with the best settings so far. With `threads=1`, a seed and a limit of
    trials, every strategy tries the same settings again; without that limit, elapsed time decides
    which graphs are built. Which of the sufficient settings is the fastest is always timed.

    Args:
        vectors: Vectors to index, one row each.
        queries: A few hundred or more, similar to those to come. Of more than 2,000 a sample is
            drawn. Default: a tenth of the vectors, at most 1,000, is held out, with a warning.
        metric: "ip" (inner product), "cosine" or "l2". Default: "ip".
        k: Number of results per query. Default: 100.
        accuracy: `vecq.Recall(0.95)`; `vecq.Relative(0.01)`, a loss relative to exact float32
            search; or, with `heldout`, `vecq.HitRate`, `vecq.Ndcg` or
            `vecq.Relative(0.01, of="ndcg")`. Default: `vecq.Relative(0.01)`.
        objective: "qps", all queries in one call; "latency", one query per call on one thread;
            "memory"; or "build", the build time. Default: "qps".
        limits: `vecq.Limits(memory="2GB", time=600, trials=50)`. Default: no limits.
        strategy: "basic", a few graphs chosen by cheap evidence; "mse", codecs from coarse to fine;
            "exhaustive", the whole space; "random", "bayesian" or "tpe", settings that are drawn,
            30 of them without a limit of trials. "tpe" needs optuna. Default: "basic".
        exclude: Rows to leave out for each query, in the forms of `Index.search`.
        heldout: Rows that each query chose later, in the same forms.
        users: With metric "ip", sample of query vectors for `Index.add`, other than the queries.
        space: Settings to choose from. Default: `vecq.tuning.Space()`.
        confidence: Confidence of the predicted interval. Default: 0.95.
        seed: Seed of samples and graphs. Default: 0.
        threads: Threads of builds and of calls with many queries; 0 = all cores. Default: 0.
        progress: As in `Index.add`, in trials. The expected total may change.

    Returns:
        The settings, the accuracy to expect, and all trials.

    Raises:
        ArgumentError: An argument is invalid, or the limits allow no trial.
        UnsupportedError: A package of the strategy is not installed.
        KeyboardInterrupt: Tuning was interrupted before the first trial.

    Warns:
        TuningWarning: Queries are too few or were held out, or nothing reaches the accuracy.

    >>> items = numpy.random.default_rng(0).standard_normal((5000, 32), dtype="float32")
    >>> best = vecq.tune(items[200:], items[:200], k=10, accuracy=vecq.Recall(0.9))
    >>> index = best.build(items)
    >>> index.search(items[:1], 10, **best.search_settings).counts
    array([10])
    """
    choose(dict.fromkeys(OBJECTIVES, 0), objective, "objective")
    choose(dict.fromkeys(STRATEGIES, 0), strategy, "strategy")
    metric = as_metric(metric)
    given = _checked(limits, Limits, "limits", "vecq.Limits, such as vecq.Limits(time=60)")
    chosen = _checked(space, Space, "space", "vecq.tuning.Space")
    if not 0.5 <= real(confidence, "confidence") < 1:
        raise ArgumentError(
            f"confidence is {confidence!r}, expected at least 0.5 and less than 1", "confidence"
        )
    rows = as_finite(vectors, "vectors")
    rng = np.random.default_rng(whole(seed, "seed", 0, 2**64 - 1))
    kept, found = _queries(rows, queries, exclude, heldout, rng)
    criterion = checked(accuracy)
    if MEASURES[criterion.measure].held_out and found.heldout is None:
        raise ArgumentError(
            f"heldout is missing, expected the items that each query chose later, by which "
            f"{MEASURES[criterion.measure].name} is measured",
            "heldout",
        )
    k, threads = whole(k, "k", 1, len(kept)), thread_count(threads)
    sample = None if users is None else as_finite(users, "users", rows.shape[1])
    halves = split(found, rng)
    with Report(progress, 1, unit=" trials") as report:
        trial_progress = TrialProgress(report)
        clock = Clock(given.time, trial_progress.step)
        try:
            judges = [Judge(half, kept, metric, k, criterion, threads, clock) for half in halves]
            problem = Problem(
                *(kept, metric, k, criterion),
                *(judges[0], judges[1], sample),
                *(len(rows), threads, seed),
            )
            runner = TrialRunner(problem, chosen, given, objective, clock, trial_progress)
        except LimitError as reached:
            raise no_trial_error(reached.limit) from None
        _check_memory(runner, given)
        ended = _run(runner, strategy)
        tuned = validate(runner, strategy, ended, confidence, own_queries=queries is None)
        if ended != "interrupted":
            trial_progress.end()
    _warn_of(tuned)
    return tuned


def _queries(
    rows: NDArray[Any],
    queries: ArrayLike | None,
    exclude: Any,
    heldout: Any,
    rng: np.random.Generator,
) -> tuple[NDArray[Any], Queries]:
    """Return the rows to search and the queries to measure."""
    if queries is not None:
        return rows, measurable(queries, rows.shape[1], exclude, heldout, len(rows))
    for name, lists in (("exclude", exclude), ("heldout", heldout)):
        if lists is not None:
            raise ArgumentError(f"{name} is given without queries, which it belongs to", name)
    return hold_out(rows, rng)


def _run(runner: TrialRunner, strategy: str) -> str:
    """Run a strategy and check its best trial; return why it ended early, or ""."""
    try:
        ended = _run_strategy(runner, strategy)
        if runner.best is None:
            most_precise(runner)
        recheck_best(runner)
    except LimitError as reached:
        return reached.limit
    except KeyboardInterrupt:
        return "interrupted"
    return ended


def _run_strategy(runner: TrialRunner, strategy: str) -> str:
    """Run a strategy; a limit of trials or draws leaves time to check its best trial."""
    try:
        STRATEGIES[strategy](runner)
    except LimitError as reached:
        if reached.limit == "time":
            raise
        return reached.limit
    return ""


def _check_memory(runner: TrialRunner, limits: Limits) -> None:
    """Raise ArgumentError if no index of the space fits into the memory."""
    if limits.bytes is None:
        return
    codecs = runner.space.candidates(runner.problem.metric)
    least = min(runner.estimated_bytes(codec, None, min(runner.space.m)) for codec in codecs)
    if least > SIZE_TOLERANCE * limits.bytes:
        raise ArgumentError(
            f"limits allow {limits.bytes:,} bytes, but the smallest index of these vectors takes "
            f"about {least:,.0f}: allow more",
            "limits",
        )


def _checked(given: Any, kind: type[Kind], argument: str, expected: str) -> Kind:
    if given is None:
        return kind()
    if isinstance(given, kind):
        return given
    raise ArgumentError(f"{argument} is {given!r}, expected a {expected}", argument)


def _warn_of(tuned: Tuned) -> None:
    """Warn of what makes the result unreliable."""
    allowed = max(1 - tuned.criterion.least, 0.001)
    # Half of the interval's variance is that of these queries, half that of those to come.
    half = tuned.interval.half / math.sqrt(2)
    if tuned.own_queries:
        _emit(
            "queries were held out from the vectors, which may differ from real queries: give "
            "queries for reliable settings"
        )
    if half > allowed:
        needed = int(np.ceil(2 * tuned.queries * (half / allowed) ** 2))
        _emit(
            f"queries are too few for {tuned.confidence:.0%} confidence: the accuracy is known to "
            f"{half:.4f}, but only {allowed:.4f} may be lost; give about {needed:,}"
        )
    if tuned.binding:
        _emit(f"nothing meets the criterion ({tuned.criterion}): {tuned.binding}")


def _emit(text: str) -> None:
    warn_caller(text, TuningWarning)

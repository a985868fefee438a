"""From the accuracy that is needed to the settings that keep it and cost the least."""

import math
import warnings
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arguments import choose, real, thread_count, whole
from vecq.core.errors import ArgumentError, TuningWarning
from vecq.core.progress import Progress, Report
from vecq.quantization.metric import Metric, as_metric
from vecq.tuning import queries as asked
from vecq.tuning.criteria import Criterion, Relative, checked
from vecq.tuning.finish import finish, too_little
from vecq.tuning.limits import Clock, LimitError, Limits
from vecq.tuning.measures import MEASURES
from vecq.tuning.objective import OBJECTIVES, Objective
from vecq.tuning.problem import Judge, Problem
from vecq.tuning.queries import Queries
from vecq.tuning.result import Tuned
from vecq.tuning.settling import settle
from vecq.tuning.space import Space
from vecq.tuning.strategies import STRATEGIES, nearest
from vecq.tuning.telling import Telling
from vecq.tuning.workbench import ROUGHLY, Workbench

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
    """Finds the settings of an index, and of its searches, that are accurate enough at least cost.

    What codes alone lose, by exact search on them, decides which codecs deserve a graph. One graph
    serves every `ef`, rerank and plan, and under "cosine" and "l2" every codec (but for centred
    ones under "cosine"): rows are coded anew over it. The least `ef` that is accurate enough is
    found by bisection, and speeds are measured in turns with the best so far; in the end those of
    the fastest few, longer. Half of the queries tune: a setting has to be better on them than was
    asked for, by one standard error. The others, up to 1,000, tell in the end what accuracy to
    expect; where they rule out what was asked for, `ef` is raised until they don't.

    What is chosen is built once more if that takes no more than 10 s, 20 s with whatever was chosen
    before, and may come out otherwise.
    Several threads never link the same graph twice, and the best of many graphs was lucky: it gets
    the `ef` that the two need on average, and is given up if another one is then faster. A graph
    that was linked on other codes is built on its own; if not, the result says so.

    Ctrl-C, and a limit that is reached, end it early with the best so far. With threads=1, a seed
    and a limit of trials every strategy tries the same settings, to the same accuracy: what it goes
    by is then counted, not timed. Without such a limit clocks decide which graphs "basic" can
    afford, and what optuna learns. Which of the settings that are accurate enough is the fastest is
    always timed; of what is equal within noise the earlier, simpler one is kept.

    Args:
        vectors: the items.
        queries: a few hundred or more, like those to come; of more than 2,000 some are drawn.
            Without them a tenth of the vectors, at most 1,000, is held out and searches the rest:
            a warning says that items are no users. Those that nothing is left to find for, because
            all of it is excluded, are left out.
        k: how many items are wanted.
        accuracy: `vecq.Relative(0.01)`, a loss against exact float32 search; `vecq.Recall(0.95)`;
            or `vecq.HitRate` and `vecq.Ndcg`, as well as `vecq.Relative(0.01, of="ndcg")`, of what
            is held out.
        objective: what is then best: "qps", all queries in one call; "latency", one per call and
            thread; "memory" or "build".
        limits: `vecq.Limits(memory="2GB", time=600, trials=50)`, of the index and of tuning. With
            a limit of trials there is no other budget: "basic" builds what seems promising.
        strategy: "basic" climbs a ladder of cheap evidence and builds a few graphs; "mse" goes
            from coarse codes to fine ones until one is accurate enough; "exhaustive" tries all of
            the space, "random" draws from it, and "bayesian" and "tpe" let optuna draw, until 30
            were measured or as many as `limits` say.
        exclude: for each query, rows that it is not to be answered with, as in `Index.search`.
        heldout: for each query, rows that were chosen later, in the same forms.
        users: passed on to `Index.add`; other users than the queries.
        space: what is chosen from, a `vecq.tuning.Space`.
        confidence: of the interval for the accuracy of queries to come.
        seed: of draws, halves and graphs.
        threads: for building and for calls of many queries; 0 for all cores.
        progress: as in `Index.add`, in trials: a function is called after each, also of those
            that are pruned, and with the same number again while graphs are built. How many there
            will be is foreseen as far as it can be.

    >>> items = numpy.random.default_rng(0).standard_normal((5000, 32), dtype="float32")
    >>> best = vecq.tune(items[200:], items[:200], k=10, accuracy=vecq.Recall(0.9))
    >>> index = vecq.Index(32, "ip", **best.index_settings).add(items)
    >>> index.search(items[:1], 10, **best.search_settings).counts
    array([10])
    """
    choose(dict.fromkeys(OBJECTIVES, 0), objective, "objective")
    choose(dict.fromkeys(STRATEGIES, 0), strategy, "strategy")
    metric = as_metric(metric)
    given, chosen = _checked(limits, Limits, "limits"), _checked(space, Space, "space")
    if not 0.5 <= real(confidence, "confidence") < 1:
        raise ArgumentError(
            f"confidence is {confidence!r}, expected at least 0.5 and less than 1", "confidence"
        )
    rows = asked.finite(vectors, "vectors")
    rng = np.random.default_rng(whole(seed, "seed", 0, 2**64 - 1))
    kept, found = _queries(rows, queries, exclude, heldout, rng)
    criterion = checked(accuracy)
    if MEASURES[criterion.measure].held_out and found.heldout is None:
        raise ArgumentError(
            f"heldout is missing: {MEASURES[criterion.measure].name} is measured by what users "
            "chose later",
            "heldout",
        )
    k, threads = whole(k, "k", 1, len(kept)), thread_count(threads)
    linked = None if users is None else asked.finite(users, "users", rows.shape[1])
    halves = asked.split(found, rng)
    with Report(progress, 1, unit=" trials") as report:
        telling = Telling(report)
        clock = Clock(given.time, telling.step)
        try:
            judges = [Judge(half, kept, metric, k, criterion, threads, clock) for half in halves]
            problem = Problem(
                *(kept, metric, k, criterion),
                *(judges[0], judges[1], linked),
                *(len(rows), threads, seed),
            )
            bench = Workbench(problem, chosen, given, objective, clock, telling)
        except LimitError as reached:
            raise too_little(reached.limit) from None
        _check_memory(bench, given)
        ended = _run(bench, strategy)
        tuned = finish(bench, strategy, ended, confidence, own_queries=queries is None)
        if ended != "interrupted":
            telling.end()
    _warn(tuned)
    return tuned


def _queries(
    rows: NDArray[Any],
    queries: ArrayLike | None,
    exclude: Any,
    heldout: Any,
    rng: np.random.Generator,
) -> tuple[NDArray[Any], Queries]:
    """The rows to search, and the queries that are measured."""
    if queries is not None:
        return rows, asked.given(queries, rows.shape[1], exclude, heldout, len(rows))
    for name, lists in (("exclude", exclude), ("heldout", heldout)):
        if lists is not None:
            raise ArgumentError(f"{name} belongs to queries, but there are none", name)
    return asked.hold_out(rows, rng)


def _run(bench: Workbench, strategy: str) -> str:
    """Tries what the strategy wants to; returns why it ended early, if it did."""
    try:
        ended = _tried(bench, strategy)
        if bench.best is None:
            nearest(bench)
        settle(bench)
    except LimitError as reached:
        return reached.limit
    except KeyboardInterrupt:
        return "interrupted"
    return ended


def _tried(bench: Workbench, strategy: str) -> str:
    """The same of the strategy alone: when trials or draws are over there is time for the rest."""
    try:
        STRATEGIES[strategy](bench)
    except LimitError as reached:
        if reached.limit == "time":
            raise
        return reached.limit
    return ""


def _check_memory(bench: Workbench, limits: Limits) -> None:
    """Refuses a limit that no index of the space keeps."""
    if limits.bytes is None:
        return
    codecs = bench.space.candidates(bench.problem.metric)
    least = min(bench.bytes(codec, None, min(bench.space.m)) for codec in codecs)
    if least > ROUGHLY * limits.bytes:
        raise ArgumentError(
            f"limits allow {limits.bytes:,} bytes, but the smallest index of these vectors takes "
            f"about {least:,.0f}: allow more",
            "limits",
        )


def _checked(given: Any, kind: type[Kind], argument: str) -> Kind:
    if given is None:
        return kind()
    if isinstance(given, kind):
        return given
    raise ArgumentError(f"{argument} is {given!r}, expected a vecq {kind.__name__}", argument)


def _warn(tuned: Tuned) -> None:
    """Says what keeps the figures from being relied on."""
    allowed = max(1 - tuned.criterion.least, 0.001)
    # Half of the interval's variance is that of these queries, half that of those to come.
    half = tuned.interval.half / math.sqrt(2)
    if tuned.own_queries:
        _say(
            "queries were held out from the vectors, but items are no users: give real queries "
            "for settings to rely on"
        )
    if half > allowed:
        needed = int(np.ceil(2 * tuned.queries * (half / allowed) ** 2))
        _say(
            f"queries are too few for {tuned.confidence:.0%} confidence: the accuracy is known to "
            f"{half:.4f}, but only {allowed:.4f} may be lost; about {needed:,} would tell"
        )
    if tuned.binding:
        _say(f"nothing meets the criterion ({tuned.criterion}): {tuned.binding}")


def _say(text: str) -> None:
    warnings.warn(text, TuningWarning, stacklevel=4)

"""The strategy "basic": cheap evidence decides which few graphs over all rows are built.

Exact scans choose the codecs, pilots choose the links, and a few full-size graphs decide. Elapsed
time limits the number of graphs, except under a limit of trials: then counts replace times, so that
a seed repeats the trials.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import product

from vecq.tuning.objective import TIMED
from vecq.tuning.space import Build, Graph
from vecq.tuning.strategies.pilots import Pilot, Pilots
from vecq.tuning.strategies.variants import SearchVariants, variants_of
from vecq.tuning.trial_runner import TrialRunner

# Time budget of builds: a multiple of a default build, and seconds in addition.
BUILDS, SECONDS = 2.3, 15.0
# Cost of a pilot, relative to the best, up to which its graph is built.
RIVAL = 1.3


def basic(runner: TrialRunner) -> None:
    """Screen codecs, build pilots, and try the most promising graphs."""
    found = [variants_of(runner, loss) for loss in runner.screening.shortlist()]
    kinds = _kinds([one for one in found if one.pairs])
    if runner.objective in TIMED:
        pilots = Pilots(runner)
        suited = [_suited(runner, one, pilots) for one in kinds]
        _fastest(runner, _ordered(runner, suited, pilots), pilots)
    else:
        _least(runner, [one[0] for one in kinds])


def _fastest(runner: TrialRunner, variants: list[SearchVariants], pilots: Pilots) -> None:
    """Build the graph of the best pilot, then others while the time budget lasts."""
    for number, one in enumerate(variants):
        found = pilots.each(one)
        ranked = sorted(found, key=lambda graph: (found[graph].cost, -graph.m))
        rivals = _rivals(ranked, found)
        more = len({*rivals, *_beside(runner, ranked[0])})
        runner.progress.plan(one.trials(runner, scan=True) + more * one.trials(runner))
        tried = one.attempt(runner, ranked[0], scan=True)
        if not any(trial.measured for trial in tried):  # all are too large
            continue
        first = max(trial.build_seconds for trial in tried)
        unit = first / found[ranked[0]].seconds  # seconds of a graph per second of its pilot
        budget = (
            BUILDS * unit * found[runner.space.default_graph].seconds + SECONDS - pilots.seconds
        )
        for graph in _next(runner, ranked[0], rivals):
            pilot = found.get(graph)
            seconds = unit * pilot.seconds if pilot else first * _effort(graph) / _effort(ranked[0])
            if _affordable(runner, one.build(graph), seconds, budget):
                one.attempt(runner, graph)
        if runner.met:
            _others(runner, variants[number + 1 :], budget)
            return


def _affordable(runner: TrialRunner, build: Build, seconds: float, budget: float) -> bool:
    """Return whether the time budget allows a build, or none is needed."""
    return (
        runner.is_reproducible
        or runner.cache.has(build)
        or runner.cache.seconds + seconds <= budget
    )


def _rivals(ranked: list[Graph], found: dict[Graph, Pilot]) -> list[Graph]:
    """Return graphs whose pilots are about as good as the best, and the one with the next larger m.

    The more rows there are, the more links they want: pilots have few.
    """
    best = ranked[0]
    more = min((graph.m for graph in found if graph.m > best.m), default=best.m)
    return [
        graph
        for graph in ranked[1:]
        if graph.m == more or found[graph].cost <= RIVAL * found[best].cost
    ]


def _next(runner: TrialRunner, first: Graph, rivals: list[Graph]) -> Iterator[Graph]:
    """Yield the rivals, then neighbors of the best graph so far, until all of them were yielded.

    Pilots may be wrong about links, and don't tell how many candidates to choose them from: it is
    what did best at full size that leads on.
    """
    offered = [first, *rivals]
    yield from rivals
    while True:
        best = runner.leader.build.graph if runner.leader else first
        left = [graph for graph in _beside(runner, best) if graph not in offered]
        if not left:
            return
        offered.append(left[0])
        yield left[0]


def _beside(runner: TrialRunner, graph: Graph) -> list[Graph]:
    """Return graphs with the next smaller or larger m or ef_construction."""
    fewer, more = _around(runner.space.ef_construction, graph.ef_construction)
    sparser, denser = _around(runner.space.m, graph.m)
    return [
        *(Graph(graph.m, effort) for effort in fewer),
        *(Graph(m, graph.ef_construction) for m in [*denser, *sparser]),
        *(Graph(graph.m, effort) for effort in more),
    ]


def _around(values: Sequence[int], value: int) -> tuple[list[int], list[int]]:
    """Return the next smaller and the next larger value, as lists of at most one."""
    ordered = sorted(values)
    place = ordered.index(value)
    return ordered[max(place - 1, 0) : place], ordered[place + 1 : place + 2]


def _others(runner: TrialRunner, variants: list[SearchVariants], budget: float) -> None:
    """Try more precise codecs on the best graph while the time budget lasts."""
    best = runner.leader
    assert best is not None
    runner.progress.plan(sum(one.trials(runner, scan=True) for one in variants))
    for one in variants:
        # Larger codes take about twice as long to link.
        build = one.build(best.build.graph)
        if _affordable(runner, build, 2 * best.build_seconds, budget):
            one.attempt(runner, best.build.graph, scan=True)


def _least(runner: TrialRunner, variants: list[SearchVariants]) -> None:
    """Try settings in the order of their size or build time until one meets the criterion.

    When builds are no longer affordable the graph with most links is tried, and that is all.
    """
    pairs = [*product(variants, runner.space.graphs())]
    runner.progress.plan(sum(one.trials(runner, scan=True) for one, _ in pairs))
    budget = math.inf
    for one, graph in sorted(pairs, key=lambda pair: _cost(runner, *pair)):
        seconds = _seconds(runner, graph)
        if not _affordable(runner, one.build(graph), seconds, budget):
            continue
        tried = one.attempt(runner, graph, scan=True)
        if runner.met:
            return
        if budget == math.inf and any(trial.measured for trial in tried):
            budget = (BUILDS - 1) * _seconds(runner, runner.space.default_graph) + SECONDS
    densest = Graph(max(runner.space.m), runner.space.default_graph.ef_construction)
    for one in reversed(variants):  # the most precise ones come last
        if any(trial.measured for trial in one.attempt(runner, densest, scan=True)):
            return


def _cost(runner: TrialRunner, variants: SearchVariants, graph: Graph) -> float:
    """Return the estimated size of an index, or a number that grows with its build time."""
    size_bytes = runner.estimated_bytes(variants.codec, variants.rerank_codec, graph.m)
    return size_bytes if runner.objective == "memory" else size_bytes * _effort(graph)


def _effort(graph: Graph) -> int:
    return graph.m * graph.ef_construction


def _seconds(runner: TrialRunner, graph: Graph) -> float:
    """Return the estimated seconds of a build, by the last one; 0 before there is one."""
    built = [trial for trial in runner.trials if trial.measured]
    if not built:
        return 0.0
    return built[-1].build_seconds * _effort(graph) / _effort(built[-1].build.graph)


def _kinds(variants: list[SearchVariants]) -> list[list[SearchVariants]]:
    """Group variants by kind of codec and by whether they need a rerank store."""
    found: dict[tuple[str, bool], list[SearchVariants]] = {}
    for one in variants:
        found.setdefault((one.codec.kind, one.rerank_codec is None), []).append(one)
    return [*found.values()]


def _suited(runner: TrialRunner, variants: list[SearchVariants], pilots: Pilots) -> SearchVariants:
    """Return the variants that lose least, unless the simplest codec costs no more.

    How rows are coded decides by what they are linked, too, and what loses less may link worse.
    """
    codecs = [repr(codec) for codec in runner.space.candidates(runner.problem.metric)]
    plainest = min(variants, key=lambda one: codecs.index(repr(one.codec)))
    if plainest is variants[0]:
        return plainest
    return min(
        plainest, variants[0], key=lambda one: pilots.one(one, runner.space.default_graph).cost
    )


def _ordered(
    runner: TrialRunner, variants: list[SearchVariants], pilots: Pilots
) -> list[SearchVariants]:
    """Sort those of the first kind by the cost of their walks."""
    same = [one for one in variants if one.codec.kind == variants[0].codec.kind]
    if len(same) > 1:
        same.sort(key=lambda one: pilots.one(one, runner.space.default_graph).cost)
    return same + [one for one in variants if one not in same]

"""The basic ladder: cheap evidence first, so that a few graphs have to be built.

Seconds decide how many graphs are affordable. Where trials are limited they do not: then a seed
repeats what is tried, and the limit ends it.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import product

from vecq.tuning.objective import TIMED
from vecq.tuning.space import Build, Graph
from vecq.tuning.strategies.pilots import Pilot, Pilots
from vecq.tuning.strategies.ways import Ways, ways_of
from vecq.tuning.workbench import Workbench

# Graphs may take so many times as long to build as a usual one, and so many seconds besides.
BUILDS, SECONDS = 2.3, 15.0
# A pilot that costs so much more than the best is no rival.
RIVAL = 1.3


def basic(bench: Workbench) -> None:
    """What codes lose chooses codecs, small graphs choose links, and a few large ones decide."""
    found = [ways_of(bench, store) for store in bench.screening.shortlist()]
    kinds = _kinds([one for one in found if one.pairs])
    if bench.objective in TIMED:
        pilots = Pilots(bench)
        suited = [_suited(bench, one, pilots) for one in kinds]
        _fastest(bench, _ordered(bench, suited, pilots), pilots)
    else:
        _least(bench, [one[0] for one in kinds])


def _fastest(bench: Workbench, ways: list[Ways], pilots: Pilots) -> None:
    """Builds the graph that small ones speak for, then others, while builds are affordable."""
    for number, one in enumerate(ways):
        found = pilots.each(one)
        ranked = sorted(found, key=lambda graph: (found[graph].cost, -graph.m))
        rivals = _rivals(ranked, found)
        more = len({*rivals, *_beside(bench, ranked[0])})
        bench.telling.plan(one.trials(bench, scan=True) + more * one.trials(bench))
        tried = one.attempt(bench, ranked[0], scan=True)
        if not any(trial.measured for trial in tried):  # there was no room for any of it
            continue
        first = max(trial.build_seconds for trial in tried)
        unit = first / found[ranked[0]].seconds  # seconds of a graph for one of its pilot
        budget = BUILDS * unit * found[bench.space.usual].seconds + SECONDS - pilots.seconds
        for graph in _next(bench, ranked[0], rivals):
            pilot = found.get(graph)
            seconds = unit * pilot.seconds if pilot else first * _effort(graph) / _effort(ranked[0])
            if _affordable(bench, one.build(graph), seconds, budget):
                one.attempt(bench, graph)
        if bench.met:
            _others(bench, ways[number + 1 :], budget)
            return


def _affordable(bench: Workbench, build: Build, seconds: float, budget: float) -> bool:
    """Whether a graph may be built, if it has to be."""
    return bench.counted or bench.shelf.has(build) or bench.shelf.seconds + seconds <= budget


def _rivals(ranked: list[Graph], found: dict[Graph, Pilot]) -> list[Graph]:
    """Graphs whose pilots were about as good as the best, and the one with the next more links.

    The more rows there are, the more links they want: pilots have few.
    """
    best = ranked[0]
    more = min((graph.m for graph in found if graph.m > best.m), default=best.m)
    return [
        graph
        for graph in ranked[1:]
        if graph.m == more or found[graph].cost <= RIVAL * found[best].cost
    ]


def _next(bench: Workbench, first: Graph, rivals: list[Graph]) -> Iterator[Graph]:
    """The rivals, then graphs beside the best so far, until all beside it were offered.

    Pilots may be wrong about links, and don't tell how many candidates to choose them from: it is
    what did best at full size that leads on.
    """
    offered = [first, *rivals]
    yield from rivals
    while True:
        best = bench.leader.build.graph if bench.leader else first
        left = [graph for graph in _beside(bench, best) if graph not in offered]
        if not left:
            return
        offered.append(left[0])
        yield left[0]


def _beside(bench: Workbench, graph: Graph) -> list[Graph]:
    """Graphs with the next fewer or more links, or chosen from fewer or more candidates."""
    fewer, more = _around(bench.space.ef_construction, graph.ef_construction)
    sparser, denser = _around(bench.space.m, graph.m)
    return [
        *(Graph(graph.m, effort) for effort in fewer),
        *(Graph(m, graph.ef_construction) for m in [*denser, *sparser]),
        *(Graph(graph.m, effort) for effort in more),
    ]


def _around(values: Sequence[int], value: int) -> tuple[list[int], list[int]]:
    """The next smaller one and the next larger one, if there are such."""
    ordered = sorted(values)
    place = ordered.index(value)
    return ordered[max(place - 1, 0) : place], ordered[place + 1 : place + 2]


def _others(bench: Workbench, ways: list[Ways], budget: float) -> None:
    """Wider codecs, on the graph that did best, as far as builds are affordable."""
    best = bench.leader
    assert best is not None
    bench.telling.plan(sum(one.trials(bench, scan=True) for one in ways))
    for one in ways:
        # Wider rows take about twice as long to link.
        build = one.build(best.build.graph)
        if _affordable(bench, build, 2 * best.build_seconds, budget):
            one.attempt(bench, best.build.graph, scan=True)


def _least(bench: Workbench, ways: list[Ways]) -> None:
    """From the least that an index may weigh, or take to be built, up to where one is accurate.

    When builds are no longer affordable the graph with most links is tried, and that is all.
    """
    pairs = [*product(ways, bench.space.graphs())]
    bench.telling.plan(sum(one.trials(bench, scan=True) for one, _ in pairs))
    budget = math.inf
    for one, graph in sorted(pairs, key=lambda pair: _cost(bench, *pair)):
        seconds = _seconds(bench, graph)
        if not _affordable(bench, one.build(graph), seconds, budget):
            continue
        tried = one.attempt(bench, graph, scan=True)
        if bench.met:
            return
        if budget == math.inf and any(trial.measured for trial in tried):
            budget = (BUILDS - 1) * _seconds(bench, bench.space.usual) + SECONDS
    densest = Graph(max(bench.space.m), bench.space.usual.ef_construction)
    for one in reversed(ways):  # those that lose least come last
        if any(trial.measured for trial in one.attempt(bench, densest, scan=True)):
            return


def _cost(bench: Workbench, ways: Ways, graph: Graph) -> float:
    """What an index weighs, or about how its time of building compares with others'."""
    weight = bench.bytes(ways.codec, ways.wide, graph.m)
    return weight if bench.objective == "memory" else weight * _effort(graph)


def _effort(graph: Graph) -> int:
    return graph.m * graph.ef_construction


def _seconds(bench: Workbench, graph: Graph) -> float:
    """About how long a graph takes, by the last that was built; 0 before there is one."""
    built = [trial for trial in bench.trials if trial.measured]
    if not built:
        return 0.0
    return built[-1].build_seconds * _effort(graph) / _effort(built[-1].build.graph)


def _kinds(ways: list[Ways]) -> list[list[Ways]]:
    """Those of each kind together, and those of each kind that need no second store."""
    found: dict[tuple[str, bool], list[Ways]] = {}
    for one in ways:
        found.setdefault((one.codec.kind, one.wide is None), []).append(one)
    return [*found.values()]


def _suited(bench: Workbench, ways: list[Ways], pilots: Pilots) -> Ways:
    """The one that loses least, unless walks of the plainest cost no more.

    How rows are coded decides by what they are linked, too, and what loses less may link worse.
    """
    codecs = [repr(codec) for codec in bench.space.candidates(bench.problem.metric)]
    plainest = min(ways, key=lambda one: codecs.index(repr(one.codec)))
    if plainest is ways[0]:
        return plainest
    return min(plainest, ways[0], key=lambda one: pilots.one(one, bench.space.usual).cost)


def _ordered(bench: Workbench, ways: list[Ways], pilots: Pilots) -> list[Ways]:
    """Those of the first kind by what walks cost: beside a wider store codes may be others."""
    same = [one for one in ways if one.codec.kind == ways[0].codec.kind]
    if len(same) > 1:
        same.sort(key=lambda one: pilots.one(one, bench.space.usual).cost)
    return same + [one for one in ways if one not in same]

"""The basic ladder: cheap evidence first, so that two graphs or so have to be built."""

from itertools import product

from vecq.tuning.objective import TIMED
from vecq.tuning.space import Graph
from vecq.tuning.strategies.pilots import Pilot, pilots
from vecq.tuning.strategies.ways import Ways, ways_of
from vecq.tuning.workbench import Workbench

# Graphs may take so many times as long to build as a usual one, and so many seconds besides.
BUILDS, SECONDS = 2.3, 15.0
# A pilot that costs so much more than the best is no rival.
RIVAL = 1.3


def basic(bench: Workbench) -> None:
    """What codes lose chooses codecs, small graphs choose links, and a few large ones decide."""
    found = [ways_of(bench, store) for store in bench.screening.shortlist()]
    ways = _one_of_each_kind([one for one in found if one.pairs])
    if bench.objective in TIMED:
        _fastest(bench, ways)
    else:
        _least(bench, ways)


def _fastest(bench: Workbench, ways: list[Ways]) -> None:
    """Builds the graph that small ones speak for, then its rivals, while builds are affordable."""
    for number, one in enumerate(ways):
        found = pilots(bench, one)
        ranked = sorted(found, key=lambda graph: (found[graph].cost, -graph.m))
        spent = sum(pilot.seconds for pilot in found.values())
        first = max(trial.build_seconds for trial in one.attempt(bench, ranked[0], scan=True))
        if first == 0:  # there was no room for any of it
            continue
        unit = first / found[ranked[0]].seconds  # seconds of a graph for one of its pilot
        budget = BUILDS * unit * found[bench.space.usual].seconds + SECONDS - spent
        for graph in [*_rivals(ranked, found), *_finer(bench, ranked[0])]:
            pilot = found.get(graph)
            seconds = unit * pilot.seconds if pilot else 2 * first
            if bench.shelf.seconds + seconds <= budget:
                one.attempt(bench, graph)
        if bench.met:
            _others(bench, ways[number + 1 :], budget)
            return


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


def _finer(bench: Workbench, graph: Graph) -> list[Graph]:
    """The same links, chosen from more candidates."""
    more = [effort for effort in bench.space.ef_construction if effort > graph.ef_construction]
    return [Graph(graph.m, min(more))] if more else []


def _others(bench: Workbench, ways: list[Ways], budget: float) -> None:
    """Wider codecs, on the graph that did best, as far as builds are affordable."""
    assert bench.best is not None
    best = bench.best
    for one in ways:
        # Wider rows take about twice as long to link.
        if bench.shelf.seconds + 2 * best.build_seconds <= budget:
            one.attempt(bench, best.build.graph, scan=True)


def _least(bench: Workbench, ways: list[Ways]) -> None:
    """From the least that an index may weigh, or take to be built, up to where one is accurate."""

    def cost(pair: tuple[Ways, Graph]) -> float:
        one, graph = pair
        weight = bench.bytes(one.codec, one.wide, graph.m)
        return weight if bench.objective == "memory" else weight * graph.m * graph.ef_construction

    for one, graph in sorted(product(ways, bench.space.graphs()), key=cost):
        one.attempt(bench, graph, scan=True)
        if bench.met:
            return


def _one_of_each_kind(ways: list[Ways]) -> list[Ways]:
    """The first of each kind, and of each kind that needs no second store."""
    found: dict[tuple[str, bool], Ways] = {}
    for one in ways:
        found.setdefault((one.codec.kind, one.wide is None), one)
    return list(found.values())

"""Small graphs over a sample of rows: what they cost tells which links suit the data."""

import math
from dataclasses import dataclass, replace

from vecq.tuning.built import Built
from vecq.tuning.criteria import Recall
from vecq.tuning.ladder import climb
from vecq.tuning.limits import Clock
from vecq.tuning.problem import Judge, Problem
from vecq.tuning.queries import Queries
from vecq.tuning.space import Graph, Search
from vecq.tuning.strategies.ways import Ways
from vecq.tuning.workbench import Workbench

# One of so many rows is sampled, but not fewer than FEWEST, for so many queries.
SHARE, FEWEST, QUERIES = 16, 10_000, 200
# What graphs are compared at where the criterion is none of recall.
LEVEL = 0.95


@dataclass(frozen=True)
class Pilot:
    """Cache lines that a query reads, and seconds that building took."""

    cost: float
    seconds: float


def pilots(bench: Workbench, ways: Ways) -> dict[Graph, Pilot]:
    """A pilot for each m of the space, with the usual effort of building.

    Lines are counted and not timed: what fits the cache would be timed as something else.
    """
    graphs = [Graph(m, bench.space.usual.ef_construction) for m in bench.space.m]
    if len(graphs) == 1:
        return {graphs[0]: Pilot(1.0, 1.0)}
    problem = _smaller(bench.problem, bench.clock)
    return {graph: _pilot(bench, problem, ways, graph) for graph in graphs}


def _smaller(problem: Problem, clock: Clock) -> Problem:
    """The same question about a sample of the rows."""
    count = min(max(FEWEST, len(problem.rows) // SHARE), len(problem.rows) // 2)
    rows = problem.sample(max(count, problem.k))
    criterion = problem.criterion if problem.criterion.measure == "recall" else Recall(LEVEL)
    queries = Queries(problem.tuning.queries.vectors[:QUERIES])
    judge = Judge(queries, rows, problem.metric, problem.k, criterion, problem.threads, clock)
    return replace(
        problem, rows=rows, tuning=judge, criterion=criterion, users=None, total=len(rows)
    )


def _pilot(bench: Workbench, problem: Problem, ways: Ways, graph: Graph) -> Pilot:
    built = Built(ways.build(graph), problem, bench.clock)
    rerank, bits = ways.pairs[0]
    ladder = bench.space.ladder(problem.k, len(problem.rows))
    found = climb(ladder, lambda ef: problem.tuning.met(built.values(Search(ef, rerank, bits))))
    if found is None:
        return Pilot(math.inf, built.seconds)
    return Pilot(built.lines(Search(found, rerank, bits)), built.seconds)

"""Small graphs over a sample of rows: what they cost tells which links suit the data."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

from vecq.tuning.built import Built
from vecq.tuning.criteria import Recall
from vecq.tuning.ladder import climb
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


class Pilots:
    """Pilots of a workbench, each built once.

    Lines are counted and not timed: what fits the cache would be timed as something else.
    """

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._found: dict[object, Pilot] = {}

    @property
    def seconds(self) -> float:
        """What building them took together."""
        return sum(pilot.seconds for pilot in self._found.values())

    def each(self, ways: Ways) -> dict[Graph, Pilot]:
        """A pilot for each m of the space, with the usual effort of building."""
        space = self._bench.space
        graphs = [Graph(m, space.usual.ef_construction) for m in space.m]
        if len(graphs) == 1:
            return {graphs[0]: Pilot(1.0, 1.0)}
        return {graph: self.one(ways, graph) for graph in graphs}

    def one(self, ways: Ways, graph: Graph) -> Pilot:
        name = ways.build(graph).key()
        if name not in self._found:
            self._found[name] = _pilot(self._bench, self._problem, ways, graph)
        return self._found[name]

    @cached_property
    def _problem(self) -> Problem:
        """The same question about a sample of the rows."""
        problem = self._bench.problem
        count = min(max(FEWEST, len(problem.rows) // SHARE), len(problem.rows) // 2)
        rows = problem.sample(max(count, problem.k))
        criterion = problem.criterion if problem.criterion.measure == "recall" else Recall(LEVEL)
        queries = Queries(problem.tuning.queries.vectors[:QUERIES])
        judge = Judge(
            *(queries, rows, problem.metric, problem.k),
            *(criterion, problem.threads, self._bench.clock),
        )
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

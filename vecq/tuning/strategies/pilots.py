"""Small graphs over a sample of rows, whose search cost shows which `m` suits the data."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

from vecq.tuning.bisection import first_sufficient
from vecq.tuning.criteria import Recall
from vecq.tuning.problem import Judge, Problem
from vecq.tuning.queries import Queries
from vecq.tuning.space import Graph, Search
from vecq.tuning.strategies.variants import SearchVariants
from vecq.tuning.trial_index import TrialIndex
from vecq.tuning.trial_runner import TrialRunner

SAMPLING, FEWEST = 16, 10_000  # one of so many rows is sampled, but at least FEWEST
QUERIES = 200
RECALL = 0.95  # at which graphs are compared if the criterion is not of recall


@dataclass(frozen=True)
class Pilot:
    """Cache lines that a query reads, and seconds of the build."""

    cost: float
    seconds: float


class Pilots:
    """Builds each pilot once.

    Their cost is counted, not timed: a small graph fits the cache, so its time says little.
    """

    def __init__(self, runner: TrialRunner) -> None:
        self._runner = runner
        self._pilots: dict[object, Pilot] = {}

    @property
    def seconds(self) -> float:
        """Seconds of all builds."""
        return sum(pilot.seconds for pilot in self._pilots.values())

    def each(self, variants: SearchVariants) -> dict[Graph, Pilot]:
        """Return a pilot for each m of the space, with the default ef_construction."""
        space = self._runner.space
        graphs = [Graph(m, space.default_graph.ef_construction) for m in space.m]
        if len(graphs) == 1:
            return {graphs[0]: Pilot(1.0, 1.0)}
        return {graph: self.one(variants, graph) for graph in graphs}

    def one(self, variants: SearchVariants, graph: Graph) -> Pilot:
        """Return the pilot of one graph."""
        key = variants.build(graph).key()
        if key not in self._pilots:
            self._pilots[key] = _pilot(self._runner, self._problem, variants, graph)
        return self._pilots[key]

    @cached_property
    def _problem(self) -> Problem:
        """The problem on a sample of the rows."""
        problem = self._runner.problem
        count = min(max(FEWEST, len(problem.rows) // SAMPLING), len(problem.rows) // 2)
        rows = problem.sample(max(count, problem.k))
        criterion = problem.criterion if problem.criterion.measure == "recall" else Recall(RECALL)
        queries = Queries(problem.tuning.queries.vectors[:QUERIES])
        judge = Judge(
            *(queries, rows, problem.metric, problem.k),
            *(criterion, problem.threads, self._runner.clock),
        )
        return replace(
            problem, rows=rows, tuning=judge, criterion=criterion, users=None, total=len(rows)
        )


def _pilot(runner: TrialRunner, problem: Problem, variants: SearchVariants, graph: Graph) -> Pilot:
    index = TrialIndex(variants.build(graph), problem, runner.clock)
    rerank, bits = variants.pairs[0]
    ladder = runner.space.ladder(problem.k, len(problem.rows))
    found = first_sufficient(
        ladder, lambda ef: problem.tuning.met(index.values(Search(ef, rerank, bits)))
    )
    if found is None:
        return Pilot(math.inf, index.seconds)
    return Pilot(index.lines(Search(found, rerank, bits)), index.seconds)

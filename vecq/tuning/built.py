"""An index that was built to be tried, and what searches of it get."""

import warnings
from typing import Any

from vecq.codec import Codec
from vecq.errors import QuantizationWarning
from vecq.index import Index
from vecq.progress import Report
from vecq.tuning.limits import Clock
from vecq.tuning.measures import Values
from vecq.tuning.problem import Judge, Problem
from vecq.tuning.queries import Queries
from vecq.tuning.space import Build, Search


class Built:
    """One graph, which serves every `ef`, rerank and plan."""

    def __init__(self, build: Build, problem: Problem, clock: Clock) -> None:
        self.build, self.problem = build, problem
        graph = build.graph
        self._index = Index(
            problem.dim,
            problem.metric,
            Codec(**build.codec.settings),
            m=graph.m,
            ef_construction=graph.ef_construction,
            seed=problem.seed,
            rerank=build.wide,  # type: ignore[arg-type]
        )
        start = Report.seconds()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", QuantizationWarning)  # what is lost is measured here
            self._index.add(
                problem.rows,
                users=problem.users,
                threads=problem.threads,
                progress=lambda done, total: clock.check(),
            )
        self.seconds = Report.seconds() - start
        self._stats = self._index.stats()
        self._values: dict[Search, Values] = {}

    def bytes(self, rerank: float) -> int:
        """What the index of all rows weighs, without a wider store that is made no use of."""
        own = self._stats.bytes - (0 if rerank else self._stats.rerank_bytes)
        return round(own * self.problem.total / max(self._stats.rows, 1))

    def values(self, search: Search) -> Values:
        """What each of the tuning queries gets."""
        if search not in self._values:
            self._values[search] = self.judged(self.problem.tuning, search)
        return self._values[search]

    def judged(self, judge: Judge, search: Search) -> Values:
        return judge.values(self.search(judge.queries, search).ids)

    def search(self, queries: Queries, search: Search, threads: int | None = None) -> Any:
        return self._index.search(
            queries.vectors,
            self.problem.k,
            exclude=queries.excluded,
            threads=self.problem.threads if threads is None else threads,
            **search.settings(self.build.wide is not None),
        )

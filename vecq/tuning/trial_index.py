"""An index that is built for trials, and the accuracy of its searches.

An index is linked, or it adopts the graph of another index and only encodes the rows: good links
hardly depend on the codec, and linking takes most of the time.
"""

import warnings

from vecq.core.errors import QuantizationWarning
from vecq.core.progress import Report
from vecq.core.ranking import Values
from vecq.index import Index
from vecq.integrations.exchange.adoption import adopt
from vecq.integrations.exchange.export import links_of
from vecq.quantization.codec import Codec
from vecq.search.result import Result
from vecq.tuning.cache_lines import cache_lines
from vecq.tuning.limits import Clock
from vecq.tuning.problem import Judge, Problem
from vecq.tuning.queries import Queries
from vecq.tuning.space import Build, Search


class TrialIndex:
    """One index, which serves every `ef`, rerank factor and plan.

    Args:
        build: Codecs and graph settings.
        problem: Rows to index.
        clock: Ends the build when time is up.
        donor: An index of the same rows whose graph is adopted. Default: link a new one.
    """

    def __init__(
        self, build: Build, problem: Problem, clock: Clock, donor: "TrialIndex | None" = None
    ) -> None:
        self.build, self.problem, self.shares_graph = build, problem, donor is not None
        graph = build.graph
        self._index = Index(
            problem.dim,
            problem.metric,
            Codec(**build.codec.settings),
            m=graph.m,
            ef_construction=graph.ef_construction,
            seed=problem.seed,
            rerank_codec=build.rerank_codec,  # type: ignore[arg-type]
        )
        start = Report.seconds()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", QuantizationWarning)  # the loss is measured here
            if donor is None:
                self._index.add(
                    problem.rows,
                    users=problem.users,
                    threads=problem.threads,
                    progress=clock.watch(f"linking, {graph}"),
                )
            else:
                links = links_of(donor._index._native, problem.rows)
                adopt(links, self._index, problem.threads, clock.watch(f"coding, {graph}"))
        self.spent_seconds = Report.seconds() - start
        # A shared graph counts as long as its own build took.
        self.seconds: float = self.spent_seconds if donor is None else donor.seconds
        self._stats = self._index.stats()
        self._measurements: dict[Search, tuple[Values, float]] = {}

    @property
    def size_bytes(self) -> int:
        """Memory that the index takes."""
        return self._stats.bytes

    def full_size_bytes(self, rerank: float) -> int:
        """Return the size of an index of all rows, without a rerank store that is not used."""
        own = self._stats.bytes - (0 if rerank else self._stats.rerank_bytes)
        return round(own * self.problem.total / max(self._stats.rows, 1))

    def values(self, search: Search) -> Values:
        """Return the accuracy of each tuning query."""
        return self._measured(search)[0]

    def lines(self, search: Search) -> float:
        """Return the cache lines that a tuning query reads."""
        return self._measured(search)[1]

    def _measured(self, search: Search) -> tuple[Values, float]:
        if search not in self._measurements:
            found = self.search(self.problem.tuning.queries, search)
            counted = cache_lines(found, self.build, search, self.problem)
            self._measurements[search] = self.problem.tuning.values(found.ids), counted
        return self._measurements[search]

    def values_for(self, judge: Judge, search: Search) -> Values:
        """Return the accuracy of each query of a judge."""
        return judge.values(self.search(judge.queries, search).ids)

    def search(self, queries: Queries, search: Search, threads: int | None = None) -> Result:
        """Search for queries; by default with the threads of the problem."""
        return self._index.search(
            queries.vectors,
            self.problem.k,
            exclude=queries.excluded,
            threads=self.problem.threads if threads is None else threads,
            **search.settings(self.build.rerank_codec is not None),
        )

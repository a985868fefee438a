"""An index that was built to be tried, and what searches of it get.

An index is linked, or takes over the graph of another one and codes the same rows anew: which links
suit them hardly depends on how they are coded, and linking is what takes time.
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
from vecq.tuning.counting import lines
from vecq.tuning.limits import Clock
from vecq.tuning.problem import Judge, Problem
from vecq.tuning.queries import Queries
from vecq.tuning.space import Build, Search


class Built:
    """One index, which serves every `ef`, rerank and plan.

    Args:
        donor: an index of the same rows, the graph of which is taken over.
    """

    def __init__(
        self, build: Build, problem: Problem, clock: Clock, donor: "Built | None" = None
    ) -> None:
        self.build, self.problem, self.borrowed = build, problem, donor is not None
        graph = build.graph
        self._index = Index(
            problem.dim,
            problem.metric,
            Codec(**build.codec.settings),
            m=graph.m,
            ef_construction=graph.ef_construction,
            seed=problem.seed,
            rerank_codec=build.wide,  # type: ignore[arg-type]
        )
        start = Report.seconds()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", QuantizationWarning)  # what is lost is measured here
            if donor is None:
                self._index.add(
                    problem.rows,
                    users=problem.users,
                    threads=problem.threads,
                    progress=clock.watch(f"linking, {graph}"),
                )
            else:
                links = links_of(donor._index, problem.rows)
                adopt(links, self._index, problem.threads, clock.watch(f"coding, {graph}"))
        self.spent = Report.seconds() - start
        # A graph that is shared takes as long as it took whom it comes from.
        self.seconds: float = self.spent if donor is None else donor.seconds
        self._stats = self._index.stats()
        self._found: dict[Search, tuple[Values, float]] = {}

    @property
    def weight(self) -> int:
        """Bytes that it takes here."""
        return self._stats.bytes

    def bytes(self, rerank: float) -> int:
        """What the index of all rows weighs, without a wider store that is made no use of."""
        own = self._stats.bytes - (0 if rerank else self._stats.rerank_bytes)
        return round(own * self.problem.total / max(self._stats.rows, 1))

    def values(self, search: Search) -> Values:
        """What each of the tuning queries gets."""
        return self._asked(search)[0]

    def lines(self, search: Search) -> float:
        """Cache lines that each of them reads."""
        return self._asked(search)[1]

    def _asked(self, search: Search) -> tuple[Values, float]:
        if search not in self._found:
            found = self.search(self.problem.tuning.queries, search)
            counted = lines(found, self.build, search, self.problem)
            self._found[search] = self.problem.tuning.values(found.ids), counted
        return self._found[search]

    def judged(self, judge: Judge, search: Search) -> Values:
        return judge.values(self.search(judge.queries, search).ids)

    def search(self, queries: Queries, search: Search, threads: int | None = None) -> Result:
        return self._index.search(
            queries.vectors,
            self.problem.k,
            exclude=queries.excluded,
            threads=self.problem.threads if threads is None else threads,
            **search.settings(self.build.wide is not None),
        )

"""All queries in one call, as in offline jobs."""

import time

from vecq.bench.adapters import Setting
from vecq.bench.contender import Contender
from vecq.bench.limit import INTERLEAVE
from vecq.bench.regimes.regime import WARM_UP, Regime, Timing, timing


class Batch(Regime):
    """All queries in one call, on several threads."""

    name = "batch"
    interleave = INTERLEAVE

    def __init__(self, queries: int, threads: int) -> None:
        super().__init__(queries)
        self.rows, self.threads = slice(None), threads

    def refusal(self, contender: Contender) -> str | None:
        if contender.adapter.batched:
            return None
        return "its API takes one query per call, on one thread"

    def measure(self, contender: Contender, k: int, setting: Setting) -> Timing:
        adapter, queries = contender.adapter, contender.queries
        adapter.set(setting, k, self.threads)
        adapter.search(queries[:WARM_UP], k)
        adapter.forget()
        start = time.perf_counter()
        answers = [adapter.search(queries, k)]
        seconds = time.perf_counter() - start
        return timing(contender, answers, seconds, counts=adapter.counts(answers))

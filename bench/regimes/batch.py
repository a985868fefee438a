"""All queries in one call: offline work."""

import time

from vecq.bench.adapters import Setting
from vecq.bench.contestant import Contestant
from vecq.bench.limit import TURNS
from vecq.bench.regimes.regime import WARM_UP, Regime, Timing, timing


class Batch(Regime):
    name = "batch"
    turns = TURNS

    def __init__(self, queries: int, threads: int) -> None:
        super().__init__(queries)
        self.rows, self.threads = slice(None), threads

    def refusal(self, contestant: Contestant) -> str | None:
        if contestant.adapter.batched:
            return None
        return "it takes one query per call, on one thread"

    def measure(self, contestant: Contestant, k: int, setting: Setting) -> Timing:
        adapter, queries = contestant.adapter, contestant.queries
        adapter.set(setting, k, self.threads)
        adapter.search(queries[:WARM_UP], k)
        adapter.forget()
        start = time.perf_counter()
        answers = [adapter.search(queries, k)]
        seconds = time.perf_counter() - start
        return timing(contestant, answers, seconds, counts=adapter.counts(answers))

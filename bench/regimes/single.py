"""One query per call: online serving by one thread."""

import time

import numpy as np

from vecq.bench.adapters import Setting
from vecq.bench.contestant import Contestant
from vecq.bench.regimes.regime import WARM_UP, Regime, Timing, timing


class Single(Regime):
    name = "single"
    turns = 1

    def measure(self, contestant: Contestant, k: int, setting: Setting) -> Timing:
        adapter, queries = contestant.adapter, contestant.queries[self.rows]
        calls = [queries[row : row + 1] for row in range(len(queries))]
        adapter.set(setting, k, 1)
        adapter.search(queries[:WARM_UP], k)
        adapter.forget()
        search, clock = adapter.search, time.perf_counter
        answers, times = [], [clock()]
        for call in calls:
            answers.append(search(call, k))
            times.append(clock())
        counts = adapter.counts(answers)
        return timing(contestant, answers, times[-1] - times[0], np.diff(times), counts)

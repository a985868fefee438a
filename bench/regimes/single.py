"""One query per call, as in online serving by one thread."""

import time

import numpy as np

from vecq.bench.adapters import Setting
from vecq.bench.contender import Contender
from vecq.bench.regimes.regime import WARM_UP, Regime, Timing, timing


class Single(Regime):
    """One query per call."""

    name = "single"
    interleave = 1

    def measure(self, contender: Contender, k: int, setting: Setting) -> Timing:
        adapter, queries = contender.adapter, contender.queries[self.rows]
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
        return timing(contender, answers, times[-1] - times[0], np.diff(times), counts)

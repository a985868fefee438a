"""Several client threads that share an index, each with one query per call."""

import threading
import time
from typing import Any

import numpy as np

from vecq.bench.adapters import Setting
from vecq.bench.contestant import Contestant
from vecq.bench.regimes.regime import WARM_UP, Regime, Timing, timing


class Concurrent(Regime):
    """Every client asks every query of the sample, each beginning elsewhere."""

    name = "concurrent"

    def __init__(self, queries: int, clients: int) -> None:
        super().__init__(queries)
        self.threads = clients

    def refusal(self, contestant: Contestant) -> str | None:
        if contestant.adapter.concurrent:
            return None
        return "its index can't be searched from several threads at once"

    def measure(self, contestant: Contestant, k: int, setting: Setting) -> Timing:
        adapter, queries = contestant.adapter, contestant.queries[self.rows]
        adapter.set(setting, k, 1)
        adapter.search(queries[:WARM_UP], k)
        calls = [queries[row : row + 1] for row in range(len(queries))]
        together = threading.Barrier(self.threads + 1)
        clients = [
            Client(contestant, k, setting, _turned(calls, number / self.threads), together)
            for number in range(self.threads)
        ]
        for client in clients:
            client.start()
        together.wait()
        start = time.perf_counter()
        for client in clients:
            client.join()
        seconds = time.perf_counter() - start
        for client in clients:
            if client.error is not None:
                raise client.error
        latencies = np.concatenate([np.diff(client.times) for client in clients])
        first = timing(contestant, clients[0].answers, seconds, latencies)
        first.queries = len(latencies)
        return first


def _turned(calls: list[Any], share: float) -> list[Any]:
    """The same calls, beginning that far on."""
    first = int(share * len(calls))
    return calls[first:] + calls[:first]


class Client(threading.Thread):
    """Makes its calls, one after the other."""

    def __init__(
        self,
        contestant: Contestant,
        k: int,
        setting: Setting,
        calls: list[Any],
        together: threading.Barrier,
    ) -> None:
        super().__init__(daemon=True)
        self.adapter, self.k, self.setting = contestant.adapter, k, setting
        self.calls, self.together = calls, together
        self.answers: list[Any] = []
        self.times: list[float] = []
        self.error: Exception | None = None

    def run(self) -> None:
        search, k, clock = self.adapter.search, self.k, time.perf_counter
        try:
            self.adapter.set(self.setting, k, 1)  # what OpenMP is told holds for one thread only
        except Exception as error:
            self.error = error
        self.together.wait()
        self.times.append(clock())
        try:
            for call in self.calls:
                self.answers.append(search(call, k))
                self.times.append(clock())
        except Exception as error:
            self.error = error

"""Several client threads share an index, each with one query per call."""

import threading
import time
from typing import Any

import numpy as np

from vecq.bench.adapters import Setting
from vecq.bench.contender import Contender
from vecq.bench.regimes.regime import WARM_UP, Regime, Timing, timing


class Concurrent(Regime):
    """Every client runs every query of the sample, each from another start."""

    name = "concurrent"

    def __init__(self, queries: int, clients: int) -> None:
        super().__init__(queries)
        self.threads = clients

    def refusal(self, contender: Contender) -> str | None:
        if contender.adapter.concurrent:
            return None
        return "its index cannot be searched from several threads at once"

    def measure(self, contender: Contender, k: int, setting: Setting) -> Timing:
        adapter, queries = contender.adapter, contender.queries[self.rows]
        adapter.set(setting, k, 1)
        adapter.search(queries[:WARM_UP], k)
        calls = [queries[row : row + 1] for row in range(len(queries))]
        together = threading.Barrier(self.threads + 1)
        clients = [
            Client(contender, k, setting, _rotated(calls, number / self.threads), together)
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
        first = timing(contender, clients[0].answers, seconds, latencies)
        first.queries = len(latencies)
        return first


def _rotated(calls: list[Any], share: float) -> list[Any]:
    """Rotate the calls by a share of their number."""
    first = int(share * len(calls))
    return calls[first:] + calls[:first]


class Client(threading.Thread):
    """A client thread that makes its calls one after another."""

    def __init__(
        self,
        contender: Contender,
        k: int,
        setting: Setting,
        calls: list[Any],
        together: threading.Barrier,
    ) -> None:
        super().__init__(daemon=True)
        self.adapter, self.k, self.setting = contender.adapter, k, setting
        self.calls, self.together = calls, together
        self.answers: list[Any] = []
        self.times: list[float] = []
        self.error: Exception | None = None

    def run(self) -> None:
        search, k, clock = self.adapter.search, self.k, time.perf_counter
        try:
            self.adapter.set(self.setting, k, 1)  # OpenMP settings hold for the calling thread only
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

"""One pinned process per physical core; all share one saved index."""

import tempfile
from pathlib import Path

from vecq.bench.adapters import Setting
from vecq.bench.contender import Contender
from vecq.bench.regimes.regime import Regime, Timing
from vecq.bench.regimes.worker_pool import WorkerPool
from vecq.core.cores import physical_cores

# Seconds that every setting is measured for.
SECONDS = 0.5


class Processes(Regime):
    """The recommended deployment: every process takes one query per call."""

    name = "processes"

    def __init__(
        self,
        queries: int,
        processes: int = 0,
        *,
        pin: bool = True,
        numa: bool = True,
        seconds: float = SECONDS,
    ) -> None:
        super().__init__(queries)
        cores = physical_cores()
        self.processes = processes or len(cores)
        self.cores = [
            cores[number % len(cores)] if pin else None for number in range(self.processes)
        ]
        self.numa, self.seconds = numa and pin, seconds
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._pools: dict[str, WorkerPool] = {}

    def refusal(self, contender: Contender) -> str | None:
        if contender.adapter.shared:
            return None
        return "its adapter has no save and load"

    def measure(self, contender: Contender, k: int, setting: Setting) -> Timing:
        pool = self._pools.get(contender.name)
        if pool is None:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="vecq-bench-")
            path = contender.saved(Path(self._folder.name))
            pool = WorkerPool(contender, path, self.rows, self.cores, numa=self.numa)
            self._pools[contender.name] = pool
        return pool.search(k, setting, self.seconds)

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()
        if self._folder is not None:
            self._folder.cleanup()

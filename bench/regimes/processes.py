"""One query process per physical core, each pinned, all sharing one saved index."""

import tempfile
from pathlib import Path

from vecq.bench.adapters import Setting
from vecq.bench.contestant import Contestant
from vecq.bench.machine import physical_cores
from vecq.bench.regimes.crew import Crew
from vecq.bench.regimes.regime import Regime, Timing

# How long every setting is searched with.
SECONDS = 0.5


class Processes(Regime):
    """The deployment that the guide recommends: queries come one at a time to every process."""

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
        self._crews: dict[str, Crew] = {}

    def refusal(self, contestant: Contestant) -> str | None:
        if contestant.adapter.shared:
            return None
        return "its adapter does not save and load"

    def measure(self, contestant: Contestant, k: int, setting: Setting) -> Timing:
        crew = self._crews.get(contestant.name)
        if crew is None:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="vecq-bench-")
            path = contestant.saved(Path(self._folder.name))
            crew = Crew(contestant, path, self.rows, self.cores, numa=self.numa)
            self._crews[contestant.name] = crew
        return crew.search(k, setting, self.seconds)

    def close(self) -> None:
        for crew in self._crews.values():
            crew.close()
        self._crews.clear()
        if self._folder is not None:
            self._folder.cleanup()

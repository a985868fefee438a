"""What was tried, and what came of it."""

from dataclasses import dataclass
from typing import Any

from vecq.codec import Metric
from vecq.tuning.space import Build, Search, short


@dataclass(frozen=True)
class Trial:
    """Settings, and what was measured of them.

    `state` is "met"; "short" of the criterion; "heavy", beyond the limit of memory; or "pruned",
    by what its codes alone lose, before a graph was built.
    """

    build: Build
    search: Search
    state: str
    accuracy: float  # on the queries that tune; of what was pruned, the most that there could be
    qps: float = 0.0  # all queries in one call; one per call where latency is the objective
    bytes: int = 0  # of the index, estimated for what was not built
    build_seconds: float = 0.0

    @property
    def wide(self) -> str | None:
        """The second store, if it is made use of."""
        return self.build.wide if self.search.rerank > 0 else None

    def index_settings(self, metric: Metric) -> dict[str, Any]:
        graph = self.build.graph
        found: dict[str, Any] = {"codec": short(self.build.codec, metric)}
        found |= {"m": graph.m, "ef_construction": graph.ef_construction}
        return found | ({} if self.wide is None else {"rerank": self.wide})

    @property
    def search_settings(self) -> dict[str, Any]:
        return self.search.settings(self.wide is not None)

    def name(self, metric: Metric) -> str:
        """The codec and the wider store in a few words: int8, int8 + int16."""
        codec = short(self.build.codec, metric)
        name = codec if isinstance(codec, str) else repr(codec).removeprefix("vecq.Codec(")[:-1]
        return name.replace("'", "") + (f" + {self.wide}" if self.wide else "")

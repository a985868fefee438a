"""What was tried, and what came of it."""

from dataclasses import dataclass
from typing import Any

from vecq.quantization.metric import Metric
from vecq.tuning.criteria import Criterion
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
    build_seconds: float = 0.0  # of the graph; a shared one took as long where it was linked
    lines: float = 0.0  # of cache that a query reads, counted
    error: float = 0.0  # one standard error of the accuracy

    @property
    def measured(self) -> bool:
        """Whether an index was searched, not only its codes looked at."""
        return self.qps > 0

    def reaches(self, criterion: Criterion) -> bool:
        """Whether it meets a criterion, other than the one it was tried for, within the limits."""
        enough = self.accuracy >= min(criterion.least + self.error, 1.0)
        return self.measured and self.state != "heavy" and enough

    @property
    def wide(self) -> str | None:
        """The second store, if it is made use of."""
        return self.build.wide if self.search.rerank > 0 else None

    @property
    def index_key(self) -> object:
        """What tells its index from others."""
        return self.build.key(wide=self.wide is not None)

    def index_settings(self, metric: Metric) -> dict[str, Any]:
        graph = self.build.graph
        found: dict[str, Any] = {"codec": short(self.build.codec, metric)}
        found |= {"m": graph.m, "ef_construction": graph.ef_construction}
        return found | ({} if self.wide is None else {"rerank_codec": self.wide})

    @property
    def search_settings(self) -> dict[str, Any]:
        return self.search.settings(self.wide is not None)

    def name(self, metric: Metric) -> str:
        """The codec and the wider store in a few words: int8, int8 + int16."""
        codec = short(self.build.codec, metric)
        name = codec if isinstance(codec, str) else repr(codec).removeprefix("vecq.Codec(")[:-1]
        return name.replace("'", "") + (f" + {self.wide}" if self.wide else "")

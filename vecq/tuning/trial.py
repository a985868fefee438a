"""One trial of tuning: settings and what was measured with them."""

from dataclasses import dataclass
from typing import Any

from vecq.quantization.metric import Metric
from vecq.tuning.criteria import Criterion
from vecq.tuning.space import Build, Search, short


@dataclass(frozen=True)
class Trial:
    """Settings, and what was measured with them.

    Args:
        build: Codecs and graph settings of the index.
        search: Search settings.
        state: "met"; "missed", if the accuracy is too low; "too_large", beyond the limit of memory;
            or "pruned", if exact search over its codes already misses the criterion.
        accuracy: Accuracy on the tuning queries; if pruned, the highest possible one.
        qps: Queries per second, all in one call; one per call if the objective is latency.
        bytes: Size of the index, estimated if it was not built.
        build_seconds: Seconds of the build; a shared graph counts as its own build.
        cache_lines: Cache lines that a query reads.
        error: Standard error of the accuracy.
    """

    build: Build
    search: Search
    state: str
    accuracy: float
    qps: float = 0.0
    bytes: int = 0
    build_seconds: float = 0.0
    cache_lines: float = 0.0
    error: float = 0.0

    @property
    def measured(self) -> bool:
        """Whether an index was searched; False if the trial was pruned or too large to build."""
        return self.qps > 0

    def reaches(self, criterion: Criterion) -> bool:
        """Return whether the trial meets another criterion within the limits."""
        enough = self.accuracy >= min(criterion.least + self.error, 1.0)
        return self.measured and self.state != "too_large" and enough

    @property
    def rerank_codec(self) -> str | None:
        """The codec of the rerank store if the search uses it."""
        return self.build.rerank_codec if self.search.rerank > 0 else None

    @property
    def index_key(self) -> object:
        """A key that is equal for trials of the same index."""
        return self.build.key(rerank_codec=self.rerank_codec is not None)

    def index_settings(self, metric: Metric) -> dict[str, Any]:
        """Return the arguments of `vecq.Index`."""
        graph = self.build.graph
        found: dict[str, Any] = {"codec": short(self.build.codec, metric)}
        found |= {"m": graph.m, "ef_construction": graph.ef_construction}
        return found | ({} if self.rerank_codec is None else {"rerank_codec": self.rerank_codec})

    @property
    def search_settings(self) -> dict[str, Any]:
        """The arguments of `Index.search`."""
        return self.search.settings(self.rerank_codec is not None)

    def name(self, metric: Metric) -> str:
        """Return the codecs in a few words, such as "int8" or "int8 + int16"."""
        codec = short(self.build.codec, metric)
        name = codec if isinstance(codec, str) else repr(codec).removeprefix("vecq.Codec(")[:-1]
        return name.replace("'", "") + (f" + {self.rerank_codec}" if self.rerank_codec else "")

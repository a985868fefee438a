"""Settings of graphs, of searches and of the whole module."""

from dataclasses import dataclass
from typing import Any

from vecq.core.arguments import whole
from vecq.integrations.faiss.selectors import Selected

MOST = 2**31 - 1
EF_CONSTRUCTION, EF_SEARCH = 40, 16


class HNSW:
    """Settings of a graph. How it is built is fixed once it was begun."""

    def __init__(self) -> None:
        self._construction, self._search = EF_CONSTRUCTION, EF_SEARCH
        self.fixed = False

    @property
    def efConstruction(self) -> int:  # noqa: N802
        return self._construction

    @efConstruction.setter
    def efConstruction(self, value: Any) -> None:  # noqa: N802
        wanted = whole(value, "efConstruction", 1, 100_000)
        if self.fixed and wanted != self._construction:
            raise RuntimeError(
                f"efConstruction stays {self._construction} once the index was used: set it before "
                "the first add"
            )
        self._construction = wanted

    @property
    def efSearch(self) -> int:  # noqa: N802
        return self._search

    @efSearch.setter
    def efSearch(self, value: Any) -> None:  # noqa: N802
        self._search = whole(value, "efSearch", 1, MOST)

    def __repr__(self) -> str:
        return f"HNSW(efConstruction={self._construction}, efSearch={self._search})"


@dataclass
class SearchParametersHNSW:
    """What one search asks for: its own efSearch, and ids that may be found."""

    efSearch: int = 0  # noqa: N815
    sel: Selected | None = None

    def __post_init__(self) -> None:
        self.efSearch = whole(self.efSearch, "efSearch", 0, MOST)


class _Threads:
    count = 0


def omp_set_num_threads(num_threads: int) -> None:
    """How many threads additions and searches use from now on."""
    _Threads.count = whole(num_threads, "num_threads", 1, 1024)


def threads() -> int:
    """That number; 0, for all cores, unless it was set."""
    return _Threads.count

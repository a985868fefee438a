"""Settings of graphs, searches and threads, as in faiss."""

from dataclasses import dataclass
from typing import Any

from vecq.core.arguments import whole
from vecq.integrations.faiss.selectors import Selected

MOST = 2**31 - 1
EF_CONSTRUCTION, EF_SEARCH = 40, 16


class HNSW:
    """Settings of a graph. efConstruction is fixed once vectors were added."""

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
    """Parameters of one search: efSearch and a selector."""

    efSearch: int = 0  # noqa: N815
    sel: Selected | None = None

    def __post_init__(self) -> None:
        self.efSearch = whole(self.efSearch, "efSearch", 0, MOST)


class _Threads:
    count = 0


def omp_set_num_threads(num_threads: int) -> None:
    """Set the number of threads of additions and searches."""
    _Threads.count = whole(num_threads, "num_threads", 1, 1024)


def threads() -> int:
    """Return the number of threads; 0 = all cores, the default."""
    return _Threads.count

"""The interface between the harness and a library: one small class for each index type."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vecq.bench.adapters.ladders import Setting, widths

if TYPE_CHECKING:
    from typing_extensions import Self

Floats = NDArray[np.float32]


class Adapter:
    """An index of some library. Override `build` and `search`; the rest has defaults.

    Rows are numbered from 0 in the order of `vectors`. Constructors take keywords only and put
    them into `settings`. A contender of your own is a class like this, given as `module:Class`:

    >>> class Scan(Adapter):
    ...     name = "numpy"
    ...     def build(self, vectors, metric, threads):
    ...         self.vectors = vectors
    ...     def search(self, queries, k):
    ...         scores = queries @ self.vectors.T
    ...         ids = numpy.argsort(-scores, axis=1)[:, :k]
    ...         return ids, numpy.take_along_axis(scores, ids, axis=1)
    """

    name = "?"
    system = ""  # the name shared by variants that differ in build settings; "": none
    family = "peer"
    codec: str | None = None
    module: ClassVar[str] = ""  # the module that has to be importable
    package: ClassVar[str] = ""  # the package to install
    unit_vectors: ClassVar[bool] = False  # cosine is the inner product of vectors of length 1
    # The constructor takes `m`, half the links of a node, and `ef_construction`.
    sweeps_m: ClassVar[bool] = False
    # Other options of the constructor whose values are compared where several M are.
    grid: ClassVar[dict[str, tuple[int, ...]]] = {}
    concurrent = True  # several threads may search at once
    batched = True  # a call takes many queries, and uses all threads
    apart = False  # it may crash the process: it runs in a subprocess, as users' classes do
    settings: dict[str, Any]

    def __new__(cls, *_: Any, **__: Any) -> "Self":
        made = super().__new__(cls)
        made.settings = {}  # also where a subclass does not call our __init__
        return made

    def ladder(self, k: int, rows: int) -> list[Setting]:
        """Return the settings to sweep, from fast to thorough."""
        return [{"ef": width} for width in widths(k)]

    def prepare(self, vectors: Floats, metric: str) -> Floats:
        """Return vectors in the form that the index takes; not timed."""
        return unit(vectors) if self.unit_vectors and metric == "cosine" else vectors

    def prepare_queries(self, queries: Floats, metric: str) -> Floats:
        """Return queries in the form that the index takes; not timed."""
        return self.prepare(queries, metric)

    def build(self, vectors: Floats, metric: str, threads: int) -> None:
        """Build the index; timed."""
        raise NotImplementedError

    def set(self, setting: Setting, k: int, threads: int) -> None:
        """Apply a setting and a number of threads before searches; not timed."""

    def search(self, queries: Floats, k: int) -> Any:
        """Answer queries with minimal overhead, for example as (ids, scores); timed.

        Ids are -1 where there are fewer than k.
        """
        raise NotImplementedError

    def search_unseen(self, queries: Floats, k: int, seen: Any) -> Any | None:
        """Answer each query without the ids on its list; `seen` is (indptr, ids).

        Return None, as here, if the library cannot exclude ids in one call: the harness then asks
        for more results and drops seen ones.
        """
        return None

    def ids(self, answer: Any) -> Any:
        """Return the ids of an answer, a row for each query."""
        return answer[0]

    def scores(self, answer: Any) -> Any:
        """Return the scores or distances of an answer, or None; they are checked for NaN."""
        return answer[1]

    def memory(self) -> int | None:
        """Return the bytes in memory as the index reports them, or None."""
        return None

    def file_bytes(self) -> int | None:
        """Return the bytes of the saved index; None: the harness saves it to find out."""
        return None

    def save(self, path: Path) -> None:
        """Write the index to a new path, for the processes that share it."""
        raise NotImplementedError(f"{self.name} has no adapter for saved indexes")

    def load(self, path: Path, metric: str, dim: int, rows: int) -> None:
        """Open an index that another process saved, memory-mapped if possible."""
        raise NotImplementedError(f"{self.name} has no adapter for saved indexes")

    @property
    def shared(self) -> bool:
        """Whether `save` and `load` are implemented."""
        return type(self).load is not Adapter.load

    def close(self) -> None:
        """Release the index and its resources."""

    def forget(self) -> None:
        """Reset the counters of hops and distances."""

    def counts(self, answers: list[Any]) -> tuple[int, int] | None:
        """Return hops and distances of these answers, all since `forget`; None: unknown."""
        return None


def unit(vectors: Floats) -> Floats:
    """Return vectors scaled to length 1; zero stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms == 0, 1, norms), np.float32)

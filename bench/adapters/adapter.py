"""What the harness asks of a library: a face that is one small class to write."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vecq.bench.adapters.ladders import Setting, widths

if TYPE_CHECKING:
    from typing_extensions import Self

Floats = NDArray[np.float32]


class Adapter:
    """An index of some library. Write `build` and `search`; the rest has defaults.

    A contestant of your own is a class like this, given as `module:Class`:

    >>> class Scan(Adapter):
    ...     name = "numpy"
    ...     def build(self, vectors, metric, threads):
    ...         self.vectors = vectors
    ...     def search(self, queries, k):
    ...         scores = queries @ self.vectors.T
    ...         ids = numpy.argsort(-scores, axis=1)[:, :k]
    ...         return ids, numpy.take_along_axis(scores, ids, axis=1)

    Rows are numbered from 0 in the order of `vectors`. Constructors take keywords only, what makes
    the index goes into `settings`, and `module` and `package` tell what has to be installed.
    """

    name = "?"
    family = "peer"
    codec: str | None = None
    module: ClassVar[str] = ""  # what has to be importable
    package: ClassVar[str] = ""  # what pip calls it
    unit_vectors: ClassVar[bool] = False  # cosine is the inner product of vectors of length 1
    concurrent: ClassVar[bool] = True  # several threads may search at once
    batched: ClassVar[bool] = True  # it takes many queries in a call, for all of its threads
    apart = False  # it may take the process down: it gets one of its own, as users' classes do
    settings: dict[str, Any]

    def __new__(cls, *_: Any, **__: Any) -> "Self":
        made = super().__new__(cls)
        made.settings = {}  # also where a subclass does not call our __init__
        return made

    def ladder(self, k: int, rows: int) -> list[Setting]:
        """The settings to sweep, from fast to thorough."""
        return [{"ef": width} for width in widths(k)]

    def prepare(self, vectors: Floats, metric: str) -> Floats:
        """Vectors in the form that the index wants; this is not timed."""
        return unit(vectors) if self.unit_vectors and metric == "cosine" else vectors

    def prepare_queries(self, queries: Floats, metric: str) -> Floats:
        """Queries in the form that the index wants; this is not timed."""
        return self.prepare(queries, metric)

    def build(self, vectors: Floats, metric: str, threads: int) -> None:
        """Makes the index; this is timed."""
        raise NotImplementedError

    def set(self, setting: Setting, k: int, threads: int) -> None:
        """Gets ready to search with a setting, on so many threads; this is not timed."""

    def search(self, queries: Floats, k: int) -> Any:
        """Answers queries, with as little around it as there can be: by (ids, scores) or the like.

        Ids are -1 where there are fewer than k.
        """
        raise NotImplementedError

    def search_unseen(self, queries: Floats, k: int, seen: Any) -> Any | None:
        """Answers each query without the ids on its list, `seen` being (indptr, ids).

        None, as here, if that takes more than one call: then more are asked for, and seen ones are
        dropped.
        """
        return None

    def ids(self, answer: Any) -> Any:
        """The ids of an answer, a row for each query."""
        return answer[0]

    def scores(self, answer: Any) -> Any:
        """The scores or distances of an answer, if there are any: they are looked over."""
        return answer[1]

    def memory(self) -> int | None:
        """Bytes that the index holds in memory by its own account; None: it does not tell."""
        return None

    def file_bytes(self) -> int | None:
        """Bytes of the index as it is saved; None: `save`, where it is there, shows them."""
        return None

    def save(self, path: Path) -> None:
        """Writes the index to a new path, for the processes that share it."""
        raise NotImplementedError(f"{self.name} has no adapter for saved indexes")

    def load(self, path: Path, metric: str, dim: int, rows: int) -> None:
        """Takes up, mapped if possible, what another process has saved."""
        raise NotImplementedError(f"{self.name} has no adapter for saved indexes")

    @property
    def shared(self) -> bool:
        """Whether `save` and `load` are there."""
        return type(self).load is not Adapter.load

    def close(self) -> None:
        """Lets go of the index, and of what else was made for it."""

    def forget(self) -> None:
        """Begins to count hops and distances anew."""

    def counts(self, answers: list[Any]) -> tuple[int, int] | None:
        """Hops and distances of these answers, the only ones since `forget`; None: not known."""
        return None


def unit(vectors: Floats) -> Floats:
    """Vectors of length 1; zero stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms == 0, 1, norms)

"""What the parts of a search ask of the index."""

from collections.abc import Callable
from typing import Any, Protocol

from vecq.search.result import Result


class Searchable(Protocol):
    """An index."""

    _handle: Any
    _dim: int

    def __len__(self) -> int: ...

    @property
    def search(self) -> Callable[..., Result]: ...

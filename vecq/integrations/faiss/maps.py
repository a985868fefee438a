"""IndexIDMap and IndexIDMap2 of faiss."""

from typing import Any

from numpy.typing import ArrayLike

from vecq.core.arguments import type_of
from vecq.core.errors import ArgumentError
from vecq.integrations.faiss.index import IndexHNSWFlat


class IndexIDMap:
    """Index with own ids. Indexes of vecq have ids already, so calls are passed on."""

    def __init__(self, index: IndexHNSWFlat) -> None:
        if not isinstance(index, IndexHNSWFlat):
            raise ArgumentError(
                f"index is {type_of(index)}, expected an IndexHNSWFlat or IndexHNSWSQ",
                "index",
            )
        self.index = index

    def add(self, x: ArrayLike) -> None:
        raise RuntimeError("add does not make sense with IndexIDMap, use add_with_ids")

    def __repr__(self) -> str:
        return f"<vecq.integrations.faiss.{type(self).__name__} over {self.index!r}>"

    def __getattr__(self, name: str) -> Any:
        if name == "index":  # while it is being unpickled
            raise AttributeError(name)
        return getattr(self.index, name)


class IndexIDMap2(IndexIDMap):
    """The same as IndexIDMap, which can reconstruct vectors as well."""

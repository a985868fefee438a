"""Statistics of an index: layers, links and bytes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vecq._native import ffi, lib
from vecq.core.errors import call
from vecq.core.native_index import NativeIndex
from vecq.core.structs import new_struct


@dataclass(frozen=True)
class IndexStats:
    """Statistics of the whole graph. All sizes in bytes are totals of all items.

    Attributes:
        rows: Number of items.
        layers: Number of items on each layer, layer 0 first.
        degrees: Number of items with 0, 1, 2, ... links on layer 0.
        unreachable: Number of items that no walk reaches.
        kept_out: Number of items kept out of the graph because their inner products are all but
            zero.
        free_slots: Number of slots of removed items, for items to come.
        clipped: Share of the recently added values beyond the range of a shared scale.
        code_bytes: Bytes of all codes and their constants.
        link_bytes: Bytes of all links.
        id_bytes: Bytes of all ids.
        rerank_bytes: Bytes of the rerank store.
        attribute_bytes: Bytes of all attributes.
        cells: Number of cells, which `vecq.Index.partition` makes.
        cell_bytes: Bytes of all cells.
    """

    rows: int
    layers: tuple[int, ...]
    degrees: NDArray[np.int64]
    unreachable: int
    kept_out: int
    free_slots: int
    clipped: float
    code_bytes: int
    link_bytes: int
    id_bytes: int
    rerank_bytes: int
    attribute_bytes: int = 0
    cells: int = 0
    cell_bytes: int = 0

    @property
    def bytes(self) -> int:
        """Bytes of codes, links, ids, rerank codes, attributes and cells, in all."""
        graph = self.code_bytes + self.link_bytes + self.id_bytes
        return graph + self.rerank_bytes + self.attribute_bytes + self.cell_bytes

    @property
    def mean_degree(self) -> float:
        """Mean number of links per item on layer 0."""
        return float(self.degrees @ np.arange(len(self.degrees))) / max(self.rows, 1)

    def __str__(self) -> str:
        layers = ", ".join(f"{count:,}" for count in self.layers)
        return (
            f"{self.rows:,} items, on layers of {layers}; {self.kept_out:,} kept out of the graph\n"
            f"{self.mean_degree:.1f} links per item, at most {max(len(self.degrees) - 1, 0)}; "
            f"{self.unreachable:,} items unreachable\n"
            f"{self.bytes:,} bytes, {self.bytes / max(self.rows, 1):.0f} per item; in all: "
            f"codes {self.code_bytes:,}, links {self.link_bytes:,}, ids {self.id_bytes:,}, "
            f"rerank codes {self.rerank_bytes:,}, attributes {self.attribute_bytes:,}, "
            f"{self.cells:,} cells {self.cell_bytes:,}"
        )


def stats(native: NativeIndex) -> IndexStats:
    """Read the statistics; this visits the whole graph."""
    found, clipped = new_struct("vecq_index_stats"), new_struct("vecq_clipped")
    call(lib.vecq_index_get_stats, native.handle, found)
    call(lib.vecq_index_get_clipped, native.handle, clipped)
    degrees = np.array(ffi.unpack(found.degrees, len(found.degrees)), np.int64)
    return IndexStats(
        rows=found.rows,
        layers=tuple(found.layer_rows[0 : found.layers]),
        degrees=np.trim_zeros(degrees, "b"),
        unreachable=found.unreachable,
        kept_out=found.kept_out,
        free_slots=found.free_slots,
        clipped=clipped.recent,
        code_bytes=found.code_bytes,
        link_bytes=found.link_bytes,
        id_bytes=found.id_bytes,
        rerank_bytes=found.rerank_bytes,
        attribute_bytes=found.attribute_bytes,
        cells=found.cells,
        cell_bytes=found.cell_bytes,
    )

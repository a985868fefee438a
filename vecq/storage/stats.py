"""What an index holds: layers, links, and bytes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class IndexStats:
    """An index looked over."""

    rows: int
    layers: tuple[int, ...]  # items on each, layer 0 first
    degrees: NDArray[np.int64]  # how many items have 0, 1, 2, ... links on layer 0
    unreachable: int  # items that no walk can come to
    kept_out: int  # items left out of the graph: their inner products are all but zero
    free_slots: int  # places that removed items left, for items to come
    clipped: float  # share of the values added lately beyond the range of a shared scale
    code_bytes: int
    link_bytes: int
    id_bytes: int
    rerank_bytes: int

    @property
    def bytes(self) -> int:
        return self.code_bytes + self.link_bytes + self.id_bytes + self.rerank_bytes

    @property
    def mean_degree(self) -> float:
        return float(self.degrees @ np.arange(len(self.degrees))) / max(self.rows, 1)

    def __str__(self) -> str:
        layers = ", ".join(f"{count:,}" for count in self.layers)
        return (
            f"{self.rows:,} items, on layers of {layers}; {self.kept_out:,} aside\n"
            f"{self.mean_degree:.1f} links per item, at most {max(len(self.degrees) - 1, 0)}; "
            f"{self.unreachable:,} items unreachable\n"
            f"{self.bytes / max(self.rows, 1):.0f} bytes per item: "
            f"codes {self.code_bytes:,}, links {self.link_bytes:,}, ids {self.id_bytes:,}, "
            f"rerank {self.rerank_bytes:,}"
        )

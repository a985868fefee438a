"""A native index with what Python knows of it and the locks of its changes and saves.

`vecq.Index` owns one and passes it to the functions of search, updates and storage. Searches take
no lock here: native code synchronizes them with changes.
"""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq._native import ffi, lib
from vecq.core.arrays import pointer
from vecq.core.errors import ArgumentError, call
from vecq.quantization.codec import Codec
from vecq.quantization.metric import Metric


class NativeIndex:
    """The handle of an index, its fixed settings and its locks."""

    def __init__(
        self,
        handle: Any,
        *,
        dim: int,
        metric: Metric,
        codec: Codec,
        rerank_codec: Codec | None,
        m: int,
        ef_construction: int,
    ) -> None:
        self._handle = handle
        self.dim, self.metric = dim, metric
        self.codec, self.rerank_codec = codec, rerank_codec
        self.m, self.ef_construction = m, ef_construction
        self.changing, self.saving = threading.RLock(), threading.RLock()
        self.busy = False  # a change runs; counts only for the thread that holds `changing`
        self.texts: dict[str, list[str]] = {}  # of attributes, as far as they were read
        self.warned = False  # that values lie beyond the codec's range
        id_type = ffi.new("int32_t *")
        call(lib.vecq_index_get_id_type, handle, id_type)
        self.has_names = id_type[0] == lib.VECQ_ID_STRING  # ids are strings
        # Whether the type of ids is fixed; otherwise the first ids decide it.
        self.has_id_type = self.has_names

    @property
    def handle(self) -> Any:
        """The native handle.

        Raises:
            ArgumentError: The index is closed.
        """
        if self._handle is None:
            raise ArgumentError("index is closed: open or build it again", "index")
        return self._handle

    @property
    def closed(self) -> bool:
        """Whether the handle was dropped."""
        return self._handle is None

    def close(self) -> None:
        """Drop the handle. Native memory is freed once no call and no filter uses it."""
        self._handle = None

    def __len__(self) -> int:
        size = ffi.new("size_t *")
        call(lib.vecq_index_size, self.handle, size)
        return int(size[0])

    def use_names(self, names: bool) -> None:
        """Choose between string and integer ids of an index without items."""
        kind = lib.VECQ_ID_STRING if names else lib.VECQ_ID_INT64
        call(lib.vecq_index_set_id_type, self.handle, kind)
        self.has_names = names

    def contains(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether there is an item for each id."""
        held = np.empty(len(ids), np.uint8)
        call(
            lib.vecq_index_contains,
            *(self.handle, pointer(ids, "int64_t[]"), len(ids), pointer(held, "uint8_t[]")),
        )
        return held.view(np.bool_)

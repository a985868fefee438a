"""New indexes: checks the settings and opens a native index without items."""

from collections.abc import Mapping
from typing import Literal

from vecq._native import ffi, lib
from vecq.core.arguments import choose, whole
from vecq.core.errors import call
from vecq.core.native_index import NativeIndex
from vecq.core.structs import new_struct
from vecq.quantization.codec import Codec, native_codec
from vecq.quantization.metric import METRICS, as_metric
from vecq.search.attributes import AttributeKind, set_schema

IdType = Literal["int64", "str"]
Link = Literal["auto", "metric", "cosine", "moebius", "layered"]

ID_TYPES: dict[str, int] = {"int64": lib.VECQ_ID_INT64, "str": lib.VECQ_ID_STRING}
LINKS: dict[str, int] = {
    "auto": lib.VECQ_LINK_AUTO,
    "metric": lib.VECQ_LINK_METRIC,
    "cosine": lib.VECQ_LINK_COSINE,
    "moebius": lib.VECQ_LINK_MOEBIUS,
    "layered": lib.VECQ_LINK_LAYERED,
}


def open_new(
    dim: int,
    metric: str,
    codec: str | Codec,
    m: int,
    ef_construction: int,
    seed: int,
    link: str,
    rerank_codec: str | Codec | None,
    *,
    attributes: Mapping[str, AttributeKind] | None,
    id_type: str | None,
) -> NativeIndex:
    """Open an index without items; `vecq.Index` documents the settings."""
    dim, found = whole(dim, "dim", 1, 65535), as_metric(metric)
    main = Codec.of(codec, metric=found)
    rerank = None
    if rerank_codec is not None:
        centering = None if rerank_codec == "int16" else found  # 16 bits need no center
        rerank = Codec.of(rerank_codec, "rerank_codec", metric=centering)
    options = new_struct("vecq_index_options")
    options.metric = METRICS[found]
    options.link = choose(LINKS, link, "link")
    options.m = whole(m, "m", 2, 256)
    options.ef_construction = whole(ef_construction, "ef_construction", 1, 100_000)
    options.seed = whole(seed, "seed", 0, 2**64 - 1)
    schema = set_schema(options, attributes)
    own_type = None if id_type is None else choose(ID_TYPES, id_type, "id_type")
    slot = ffi.new("vecq_index **")
    call(
        lib.vecq_index_open,
        *(options, native_codec(main, dim)),
        *(ffi.NULL if rerank is None else native_codec(rerank, dim, "rerank_codec"), slot),
    )
    del schema  # borrowed until here
    native = NativeIndex(
        ffi.gc(slot[0], lib.vecq_index_close),
        dim=dim,
        metric=found,
        codec=main,
        rerank_codec=rerank,
        m=options.m,
        ef_construction=options.ef_construction,
    )
    if own_type is not None:
        native.use_names(own_type == lib.VECQ_ID_STRING)
        native.has_id_type = True
    return native

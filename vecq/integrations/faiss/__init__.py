"""The part of faiss' Python interface that services with an HNSW index use, over indexes of vecq.

    import vecq.integrations.faiss as faiss

Unlike those of faiss, these indexes also take ids of their own and remove vectors, without an
IndexIDMap around them. Files are faiss' own: either reads what the other writes.

>>> index = vecq.integrations.faiss.IndexHNSWFlat(2, 16)
>>> index.add(numpy.array([[0, 0], [3, 4]], "float32"))
>>> index.search(numpy.array([[0, 0]], "float32"), 2)
(array([[ 0., 25.]], dtype=float32), array([[0, 1]]))
"""

from vecq.integrations.faiss.files import (
    deserialize_index,
    read_index,
    serialize_index,
    write_index,
)
from vecq.integrations.faiss.index import (
    METRIC_INNER_PRODUCT,
    METRIC_L2,
    IndexHNSWFlat,
    IndexHNSWSQ,
    ScalarQuantizer,
)
from vecq.integrations.faiss.maps import IndexIDMap, IndexIDMap2
from vecq.integrations.faiss.selectors import (
    IDSelector,
    IDSelectorBatch,
    IDSelectorNot,
    IDSelectorRange,
)
from vecq.integrations.faiss.settings import SearchParametersHNSW, omp_set_num_threads
from vecq.integrations.faiss.vectors import normalize_L2

__all__ = [
    "METRIC_INNER_PRODUCT",
    "METRIC_L2",
    "IDSelector",
    "IDSelectorBatch",
    "IDSelectorNot",
    "IDSelectorRange",
    "IndexHNSWFlat",
    "IndexHNSWSQ",
    "IndexIDMap",
    "IndexIDMap2",
    "ScalarQuantizer",
    "SearchParametersHNSW",
    "deserialize_index",
    "normalize_L2",
    "omp_set_num_threads",
    "read_index",
    "serialize_index",
    "write_index",
]

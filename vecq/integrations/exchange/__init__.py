"""Imports HNSW indexes of hnswlib and faiss with their graphs, and exports to them.

>>> import faiss
>>> theirs = faiss.IndexHNSWFlat(16, 8)
>>> theirs.add(numpy.random.default_rng(0).standard_normal((1000, 16), dtype="float32"))
>>> vecq.from_faiss(theirs)
<vecq.Index of 1,000 x 16 int8, l2, m=8>
"""

from vecq.integrations.exchange.faiss import from_faiss
from vecq.integrations.exchange.hnswlib import from_hnswlib

__all__ = ["from_faiss", "from_hnswlib"]

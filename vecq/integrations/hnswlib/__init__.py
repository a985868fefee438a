"""Drop-in replacement for hnswlib 0.8, over indexes of vecq.

    import vecq.integrations.hnswlib as hnswlib

Names, arguments, shapes, distances and errors are hnswlib's, and so are the files: either reads
what the other saves. Vectors are kept as float32, as hnswlib does; `codec="int8"` is the one
argument that is added, and makes them codes. What crashes hnswlib, such as searching an index that
was not begun, raises RuntimeError.

>>> index = vecq.integrations.hnswlib.Index(space="l2", dim=2)
>>> index.init_index(max_elements=10)
>>> index.add_items([[0, 0], [3, 4]], [7, 9])
>>> labels, distances = index.knn_query([0, 0], k=2)
>>> labels, distances
(array([[7, 9]], dtype=uint64), array([[ 0., 25.]], dtype=float32))
"""

from vecq.integrations.hnswlib.brute import BFIndex
from vecq.integrations.hnswlib.index import Index

__all__ = ["BFIndex", "Index"]

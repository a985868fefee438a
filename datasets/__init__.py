"""Data sets: readers, writers, downloads, generators and ground truth.

>>> from vecq import datasets
>>> data = datasets.load("recsys-demo")
>>> datasets.save(data, "demo.hdf5")
"""

from vecq.datasets.dataset import Csr, Dataset
from vecq.datasets.downloading import download
from vecq.datasets.entry import Entry, cache
from vecq.datasets.files import format_of, load, save
from vecq.datasets.hdf5 import read_hdf5
from vecq.datasets.matrices import SUFFIXES as MATRIX_SUFFIXES
from vecq.datasets.matrices import read_matrix, write_blocks, write_matrix
from vecq.datasets.population import recommendations, write_recommendations
from vecq.datasets.registry import ENTRIES, NAMES, find
from vecq.datasets.synthetic import clustered, heavy_tailed
from vecq.datasets.truth import with_truth

__all__ = [
    "ENTRIES",
    "MATRIX_SUFFIXES",
    "NAMES",
    "Csr",
    "Dataset",
    "Entry",
    "cache",
    "clustered",
    "download",
    "find",
    "format_of",
    "heavy_tailed",
    "load",
    "read_hdf5",
    "read_matrix",
    "recommendations",
    "save",
    "with_truth",
    "write_blocks",
    "write_matrix",
    "write_recommendations",
]

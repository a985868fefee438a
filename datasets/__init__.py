"""Data to build and measure on: readers and generators."""

from vecq.datasets.hdf5 import Dataset, read_hdf5
from vecq.datasets.synthetic import heavy_tailed

__all__ = ["Dataset", "heavy_tailed", "read_hdf5"]

"""The HDF5 layout of ann-benchmarks: train, test, neighbors, distances, attribute `distance`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

METRICS = {"ip": "ip", "dot": "ip", "angular": "cosine", "cosine": "cosine", "euclidean": "l2"}


@dataclass(frozen=True)
class Dataset:
    """Vectors to search, queries, and the metric they are meant for."""

    name: str
    metric: str
    train: NDArray[np.float32]
    test: NDArray[np.float32]


def read_hdf5(path: str | Path) -> Dataset:
    """Reads a file in the layout of ann-benchmarks; values of any type become float32.

    >>> read_hdf5("glove-100-angular.hdf5").metric
    'cosine'
    """
    import h5py

    path = Path(path)
    with h5py.File(path) as file:
        for name in ("train", "test"):
            if name not in file:
                raise ValueError(f"{path} has no data set {name!r}")
        distance = file.attrs.get("distance")
        if distance not in METRICS:
            expected = ", ".join(METRICS)
            raise ValueError(f"{path} has attribute distance = {distance!r}, expected {expected}")
        train, test = (file[name].astype(np.float32)[:] for name in ("train", "test"))
    return Dataset(path.stem, METRICS[distance], train, test)

"""The HDF5 layout of ann-benchmarks: train, test, neighbors, distances, attribute `distance`.

Recommendations add `seen_indptr`, `seen_indices`, `heldout_indptr` and `heldout_indices`.
"""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from vecq import DatasetError
from vecq.datasets.dataset import ARRAYS, Dataset
from vecq.datasets.paths import reading, require, writing

METRICS = {
    "ip": "ip",
    "dot": "ip",
    "angular": "cosine",
    "cosine": "cosine",
    "euclidean": "l2",
    "l2": "l2",
}
DISTANCES = {"ip": "ip", "cosine": "angular", "l2": "euclidean"}


def read_hdf5(path: str | Path) -> Dataset:
    """Reads a file in the layout of ann-benchmarks; values of any type become float32.

    >>> read_hdf5("glove-100-angular.hdf5").metric
    'cosine'
    """
    h5py = require("h5py", "data", "reading HDF5")
    path = Path(path)
    with reading(path), h5py.File(path) as file:
        metric = _metric(file.attrs.get("distance"))
        arrays = {name: _values(file, name) for name in ARRAYS if name in file}
        return Dataset.of(path.stem, metric, arrays)


def write_hdf5(dataset: Dataset, path: str | Path) -> None:
    """Writes a file in the layout of ann-benchmarks, all of it or none."""
    h5py = require("h5py", "data", "writing HDF5")
    with writing(Path(path)) as part, h5py.File(part, "w") as file:
        file.attrs["distance"] = DISTANCES[dataset.metric]
        for name, values in dataset.arrays().items():
            file[name] = values


def _metric(distance: Any) -> str:
    name = distance.decode() if isinstance(distance, bytes) else distance
    if isinstance(name, str) and name in METRICS:
        return METRICS[name]
    raise DatasetError(
        f"attribute distance is {distance!r}, expected one of {', '.join(METRICS)}", "distance"
    )


def _values(file: Any, name: str) -> NDArray[Any]:
    try:
        return file[name][:]
    except (AttributeError, OSError, TypeError, ValueError) as error:
        raise DatasetError(f"{name} can't be read: {error}", name) from error

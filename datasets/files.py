"""Load and save data sets, by name or by the suffix of a file."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq import ArgumentError, DatasetError
from vecq.core.arguments import whole
from vecq.core.progress import Progress
from vecq.datasets import registry
from vecq.datasets.checks import check_finite
from vecq.datasets.dataset import METRICS, Dataset, as_float32
from vecq.datasets.folders import read_folder, write_folder
from vecq.datasets.hdf5 import read_hdf5, write_hdf5
from vecq.datasets.matrices import SUFFIXES, read_matrix, unknown
from vecq.datasets.npz import read_npz, write_npz
from vecq.datasets.paths import reading

Queries = str | Path | NDArray[Any]

HDF5 = (".hdf5", ".h5")
# The share of vectors held out as queries if there are none, and the most of them.
SHARE, MOST = 0.1, 1000


def load(
    source: str | Path,
    queries: Queries | None = None,
    metric: str | None = None,
    *,
    rows: int | None = None,
    column: str | None = None,
    seed: int = 0,
    progress: Progress = None,
) -> Dataset:
    """Load a data set by its name, from a file, or from a folder.

    Args:
        source: A name that `vecq data list` shows; a .hdf5, .h5 or .npz file; a folder; or a file
            of vectors alone: .npy, .fvecs, .fbin, .parquet, ...
        queries: Vectors, a file of them, or a data set whose queries replace those of `source`.
            Default: those of `source`; of vectors alone, a random tenth, at most 1,000.
        metric: "ip", "cosine" or "l2". Default: the metric of `source`, or "ip".
        rows: Use only the first `rows` vectors. Default: all.
        column: The column of vectors in Parquet and Arrow files. Default: the only one.
        seed: Of the random choice of queries. Default: 0.
        progress: Shows progress of downloads, as in `vecq.Index.add`. Default: None.

    Returns:
        The data set, without neighbors and lists that no longer fit.

    Raises:
        ArgumentError: The source is unknown, or an argument is out of range.
        DatasetError: A file is missing, damaged, or does not fit.

    >>> load("recsys-demo")
    <vecq.datasets.Dataset recsys-demo: 50,000 x 64, 2,000 queries, ip, neighbors, ...>
    >>> load("items.npy", queries="users.npy", metric="ip")
    """
    if metric is not None and metric not in METRICS:
        raise ArgumentError(f"metric is {metric!r}, expected one of {', '.join(METRICS)}", "metric")
    path = Path(source)
    if path.suffix in SUFFIXES:
        data = _from_vectors(path, queries, metric or "ip", column, seed)
    else:
        data = _read(source, metric, progress)
        if queries is not None:
            test = _vectors(queries, column)
            with reading(path):
                test = as_float32("queries", test)
                data = Dataset(data.name, data.metric, data.train, test).check()
    if metric is not None and metric != data.metric:
        data = dataclasses.replace(data, metric=metric, neighbors=None, distances=None)
    if rows is None or whole(rows, "rows", 1, len(data.train)) == len(data.train):
        return data
    return Dataset(data.name, data.metric, data.train[:rows], data.test)


def save(dataset: Dataset, path: str | Path, vectors: str = "npy") -> None:
    """Save a data set as a .hdf5, .h5 or .npz file, or as a folder, by the suffix of the path.

    Args:
        dataset: The data set.
        path: The file or folder; one that exists is replaced.
        vectors: The format of vectors in a folder: "npy", "fbin", "fvecs", "parquet", ...
            Default: "npy".

    Raises:
        ArgumentError: The suffix or the format is unknown.
        DatasetError: The path can't be written.

    >>> save(dataset, "items.hdf5")
    >>> save(dataset, "items", vectors="fbin")
    """
    path = Path(path)
    kind = format_of(path)
    if kind == "hdf5":
        write_hdf5(dataset, path)
    elif kind == "npz":
        write_npz(dataset, path)
    else:
        write_folder(dataset, path, vectors)


def format_of(path: str | Path) -> str:
    """Return the format of a path by its suffix: "hdf5", "npz" or "folder"."""
    path = Path(path)
    if path.suffix in HDF5:
        return "hdf5"
    if path.suffix == ".npz":
        return "npz"
    if path.suffix == "" or path.is_dir():
        return "folder"
    raise ArgumentError(f"{unknown(path, (*HDF5, '.npz'))}, or none, for a folder", "path")


def _read(source: str | Path, metric: str | None, progress: Progress) -> Dataset:
    """Read a data set that has queries."""
    if isinstance(source, str) and source in registry.NAMES:
        return registry.find(source).load(progress)
    path = Path(source)
    if path.suffix in HDF5:
        return read_hdf5(path)
    if path.suffix == ".npz":
        return read_npz(path, metric)
    if path.is_dir():
        return read_folder(path, metric)
    if path.suffix == "":
        raise ArgumentError(
            f"source is {str(path)!r}, expected a file, a folder, or one of "
            f"{', '.join(registry.NAMES)}",
            "source",
        )
    raise ArgumentError(f"source: {unknown(path, (*HDF5, '.npz', *SUFFIXES))}", "source")


def _from_vectors(
    path: Path, queries: Queries | None, metric: str, column: str | None, seed: int
) -> Dataset:
    """Make a data set of a file of vectors; without queries, some of them become queries."""
    vectors = read_matrix(path, column)
    test = None if queries is None else _vectors(queries, column)
    with reading(path):
        check_finite("vectors", vectors)  # before rows are renumbered
        if test is not None:
            return Dataset.of(path.stem, metric, {"train": vectors, "test": test})
        if len(vectors) < 2:
            raise DatasetError(f"has {len(vectors)} vectors, expected 2 or more", "queries")
        count = min(MOST, max(1, int(SHARE * len(vectors))))
        held = np.zeros(len(vectors), bool)
        held[np.random.default_rng(seed).choice(len(vectors), count, replace=False)] = True
        arrays = {"train": vectors[~held], "test": vectors[held]}
        return Dataset.of(path.stem, metric, arrays)


def _vectors(queries: Queries, column: str | None) -> NDArray[Any]:
    if not isinstance(queries, str | Path):
        return np.atleast_2d(np.asarray(queries))
    if Path(queries).suffix in SUFFIXES:
        return read_matrix(queries, column)
    return _read(queries, None, None).test

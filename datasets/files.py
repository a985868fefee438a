"""Loads and saves data sets, by name or by what a file is called."""

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
# Of vectors that come without queries, this share is held out, but not more than so many.
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
    """Loads a data set by its name, from a file, or from a folder.

    Args:
        source: a name, as `vecq data list` shows them; a .hdf5, .h5 or .npz file; a folder; or a
            file of vectors alone: .npy, .fvecs, .fbin, .parquet, ...
        queries: vectors, a file of them, or a data set whose queries are taken, in place of those
            in `source`. Of vectors alone, one in ten but at most 1,000 are held out by default.
        metric: "ip", "cosine" or "l2", in place of what `source` says; "ip" where nothing says.
        rows: only the first so many vectors.
        column: of Parquet and Arrow files, the one that holds vectors.
        seed: of the choice of queries.
        progress: of a download; as `vecq.Index.add` has it.

    What is known of the right answers is left out where it no longer fits.

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
    """Saves a data set as a .hdf5, .h5 or .npz file, or as a folder, by the suffix of the path.

    Args:
        vectors: the format of vectors in a folder: "npy", "fbin", "fvecs", "parquet", ...

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
    """What a data set that is saved there becomes: "hdf5", "npz" or "folder"."""
    path = Path(path)
    if path.suffix in HDF5:
        return "hdf5"
    if path.suffix == ".npz":
        return "npz"
    if path.suffix == "" or path.is_dir():
        return "folder"
    raise ArgumentError(f"{unknown(path, (*HDF5, '.npz'))}, or none, for a folder", "path")


def _read(source: str | Path, metric: str | None, progress: Progress) -> Dataset:
    """A data set that has queries of its own."""
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
            f"source is {str(path)!r}, but there is no folder or data set of that name; the names "
            f"are {', '.join(registry.NAMES)}",
            "source",
        )
    raise ArgumentError(f"source: {unknown(path, (*HDF5, '.npz', *SUFFIXES))}", "source")


def _from_vectors(
    path: Path, queries: Queries | None, metric: str, column: str | None, seed: int
) -> Dataset:
    """A data set of a file of vectors, of which some become the queries if there are no others."""
    vectors = read_matrix(path, column)
    test = None if queries is None else _vectors(queries, column)
    with reading(path):
        check_finite("vectors", vectors)  # here rows have the numbers that they have in the file
        if test is not None:
            return Dataset.of(path.stem, metric, {"train": vectors, "test": test})
        if len(vectors) < 2:
            raise DatasetError(f"has {len(vectors)} vectors, none to spare for queries", "queries")
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

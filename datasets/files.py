"""Loads and saves data sets, by name or by what a file is called."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq import ArgumentError, DatasetError
from vecq.arguments import whole
from vecq.datasets import registry
from vecq.datasets.dataset import METRICS, Dataset, as_float32
from vecq.datasets.folders import read_folder, write_folder
from vecq.datasets.hdf5 import read_hdf5, write_hdf5
from vecq.datasets.matrices import SUFFIXES, read_matrix, unknown
from vecq.datasets.npz import read_npz, write_npz
from vecq.datasets.paths import reading
from vecq.progress import Progress

HDF5 = (".hdf5", ".h5")
# Of vectors that come without queries, this share is held out, but not more than so many.
SHARE, MOST = 0.1, 1000


def load(
    source: str | Path,
    queries: str | Path | NDArray[Any] | None = None,
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
        queries: vectors, or a file of them, that take the place of those in `source`. Of vectors
            alone, one in ten but at most 1,000 are held out as queries by default.
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
    if isinstance(source, str) and source in registry.NAMES:
        data = registry.find(source).load(progress)
    else:
        data = _read(Path(source), queries, metric, column, seed)
    if metric is not None and metric != data.metric:
        data = dataclasses.replace(data, metric=metric, neighbors=None, distances=None)
    if queries is not None:
        data = _with_queries(data, queries, column)
    return data if rows is None else _first(data, whole(rows, "rows", 1, len(data.train)))


def save(dataset: Dataset, path: str | Path, vectors: str = "npy") -> None:
    """Saves a data set as a .hdf5, .h5 or .npz file, or as a folder, by the suffix of the path.

    Args:
        vectors: the format of vectors in a folder: "npy", "fbin", "fvecs", "parquet", ...

    >>> save(dataset, "items.hdf5")
    >>> save(dataset, "items", vectors="fbin")
    """
    path = Path(path)
    if path.suffix in HDF5:
        write_hdf5(dataset, path)
    elif path.suffix == ".npz":
        write_npz(dataset, path)
    elif path.suffix == "" or path.is_dir():
        write_folder(dataset, path, vectors)
    else:
        raise ArgumentError(f"{unknown(path, (*HDF5, '.npz'))}, or none, for a folder", "path")


def _read(
    path: Path,
    queries: Any,
    metric: str | None,
    column: str | None,
    seed: int,
) -> Dataset:
    if path.suffix in HDF5:
        return read_hdf5(path)
    if path.suffix == ".npz":
        return read_npz(path, metric)
    if path.is_dir():
        return read_folder(path, metric)
    if path.suffix not in SUFFIXES:
        raise ArgumentError(_no_such(path), "source")
    vectors = read_matrix(path, column)
    with reading(path):
        if queries is not None:
            held = np.arange(1)  # takes the place until the queries are read
            return Dataset.of(path.stem, metric or "ip", {"train": vectors, "test": vectors[held]})
        return _hold_out(path.stem, metric or "ip", as_float32("train", vectors), seed)


def _no_such(path: Path) -> str:
    if path.suffix == "" and not path.exists():
        return (
            f"source is {str(path)!r}, but there is no folder or data set of that name; the names "
            f"are {', '.join(registry.NAMES)}"
        )
    return unknown(path, (*HDF5, ".npz", *SUFFIXES))


def _hold_out(name: str, metric: str, vectors: NDArray[np.float32], seed: int) -> Dataset:
    if len(vectors) < 2:
        raise DatasetError(f"has {len(vectors)} vectors, and none to spare for queries", "queries")
    count = min(MOST, max(1, int(SHARE * len(vectors))))
    held = np.zeros(len(vectors), bool)
    held[np.random.default_rng(seed).choice(len(vectors), count, replace=False)] = True
    return Dataset.of(name, metric, {"train": vectors[~held], "test": vectors[held]})


def _with_queries(data: Dataset, queries: Any, column: str | None) -> Dataset:
    """The data set with other queries, and nothing that is known about the old ones."""
    if isinstance(queries, str | Path):
        found, name = read_matrix(queries, column), f"queries {queries}"
    else:
        found, name = np.atleast_2d(np.asarray(queries)), "queries"
    dim = data.train.shape[1]
    if found.ndim != 2 or found.shape[1] != dim:
        raise DatasetError(f"{name} has shape {found.shape}, but train has dim {dim}", "test")
    test = as_float32("queries", found)
    return Dataset(data.name, data.metric, data.train, test).check()


def _first(data: Dataset, rows: int) -> Dataset:
    if rows == len(data.train):
        return data
    return Dataset(data.name, data.metric, data.train[:rows], data.test)

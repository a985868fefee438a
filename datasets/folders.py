"""A data set as a folder: one memory-mapped file per array.

vecq writes train, test, neighbors, ... and dataset.json with the metric. It also reads the names of
other collections: sift_base.fvecs, query.public.10K.u8bin, ...
"""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq import ArgumentError, DatasetError
from vecq.core.json_values import parsed
from vecq.datasets import bins
from vecq.datasets.dataset import ARRAYS, MATRICES, METRICS, Dataset
from vecq.datasets.matrices import SUFFIXES, read_matrix, write_matrix
from vecq.datasets.npy import map_npy
from vecq.datasets.paths import reading, writing

ABOUT = "dataset.json"
# Parts of file names, in lower case, that other collections use for an array.
ALIASES = {
    "train": ("base",),
    "test": ("query", "queries"),
    "neighbors": ("groundtruth", "gt"),
}


def read_folder(path: str | Path, metric: str | None = None) -> Dataset:
    """Read a folder; float32 stays mapped, other types are converted in memory.

    Args:
        path: The folder.
        metric: The metric if there is no dataset.json. Default: "ip".

    Returns:
        The data set.

    Raises:
        DatasetError: A file is missing, ambiguous or damaged.

    >>> read_folder("sift", metric="l2").name
    'sift'
    """
    path = Path(path)
    about = _about(path)
    files = {name: file for name in ARRAYS if (file := _find(path, name)) is not None}
    for field in MATRICES:
        if field not in files:
            raise DatasetError(
                f"{path}: {field} is missing: expected a file with {field} or "
                f"{ALIASES[field][0]} in its name, and one of {', '.join(SUFFIXES)}",
                field,
            )
    arrays: dict[str, NDArray[Any]] = {}
    for name, file in files.items():
        arrays |= _read(name, file)
    with reading(path):
        name = str(about.get("name", path.resolve().name))
        return Dataset.of(name, about.get("metric") or metric or "ip", arrays)


def write_folder(dataset: Dataset, path: str | Path, vectors: str = "npy") -> None:
    """Write a folder; it replaces a data set that exists there.

    Args:
        dataset: The data set.
        path: The folder.
        vectors: The format of train and test: "npy", "fbin", "fvecs", "parquet", ...
            Default: "npy".
    """
    path = Path(path)
    if f".{vectors}" not in SUFFIXES:
        expected = ", ".join(suffix[1:] for suffix in SUFFIXES)
        raise ArgumentError(f"vectors is {vectors!r}, expected one of {expected}", "vectors")
    clear_folder(path)
    fill_folder(dataset, path, vectors)


def clear_folder(path: Path) -> None:
    """Remove the files of a data set that vecq wrote, and nothing else."""
    if not (path / ABOUT).exists():
        return
    (path / ABOUT).unlink()
    for file in [path / f"{name}{suffix}" for name in ARRAYS for suffix in SUFFIXES]:
        file.unlink(missing_ok=True)


def fill_folder(dataset: Dataset, path: Path, vectors: str, *, skip: Collection[str] = ()) -> None:
    """Write all arrays except `skip`, then dataset.json, which marks a complete folder."""
    for name, array in dataset.arrays().items():
        if name in skip:
            continue
        if name in MATRICES:
            write_matrix(path / f"{name}.{vectors}", array)
        else:
            with writing(path / f"{name}.npy") as part, part.open("wb") as file:
                np.save(file, array)
    write_about(path, dataset.name, dataset.metric)


def write_about(path: Path, name: str, metric: str) -> None:
    """Write dataset.json with name and metric."""
    with writing(path / ABOUT) as part:
        part.write_text(json.dumps({"name": name, "metric": metric}) + "\n")


def _about(path: Path) -> dict[str, Any]:
    if not path.is_dir():
        raise DatasetError(f"{path}: no such folder")
    file = path / ABOUT
    if not file.exists():
        return {}
    with reading(file):
        about = parsed(file.read_text())
        if not isinstance(about, dict) or about.get("metric") not in METRICS:
            raise DatasetError(f"metric is not one of {', '.join(METRICS)}", "metric")
    return about


def _find(path: Path, name: str) -> Path | None:
    """Return the file of an array: the one of its name, or the only one with an alias."""
    files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
    chosen = [file for file in files if file.name == f"{name}{file.suffix}"]
    if not chosen:
        words = ALIASES.get(name, ())
        whole = (".ibin", ".ivecs")
        chosen = [
            file
            for file in files
            if any(word in file.stem.lower() for word in words)
            and (file.suffix in whole) == (name == "neighbors")
        ]
    if len(chosen) > 1:
        names = ", ".join(file.name for file in chosen)
        raise DatasetError(f"{path}: several files look like {name}: {names}", name)
    return chosen[0] if chosen else None


def _read(name: str, file: Path) -> dict[str, NDArray[Any]]:
    if name == "neighbors" and file.suffix == ".ibin":
        with reading(file):
            return bins.read_truth(file)
    if name in (*MATRICES, "neighbors", "distances"):
        return {name: read_matrix(file)}
    with reading(file):
        return {name: map_npy(file)}

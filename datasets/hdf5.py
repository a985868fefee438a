"""The HDF5 layout of ann-benchmarks: train, test, neighbors, distances, attribute `distance`.

Recommendation data adds `seen_indptr`, `seen_indices`, `heldout_indptr` and `heldout_indices`.
All arrays must lie within the file: HDF5 can name other files to read values from, and a data set
that was downloaded must not choose which files of its user are read.
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
# HDF5's own limit to the soft links that one name may lead through.
MAX_LINKS = 16
# All that h5py raises for damaged files.
DAMAGE = (AttributeError, KeyError, MemoryError, OSError, RuntimeError, TypeError, ValueError)


def read_hdf5(path: str | Path) -> Dataset:
    """Read a file in the layout of ann-benchmarks; values of any type become float32.

    Args:
        path: The file.

    Returns:
        The data set, in memory.

    Raises:
        DatasetError: The file is damaged, refers to other files, or its arrays do not fit together.
        UnsupportedError: h5py is not installed.

    >>> read_hdf5("glove-100-angular.hdf5").metric
    'cosine'
    """
    h5py = require("h5py", "data", "reading HDF5")
    path = Path(path)
    with reading(path), h5py.File(path, "r") as file:
        metric = _metric(_attribute(file))
        arrays = {name: _values(h5py, file, name) for name in ARRAYS if _has(file, name)}
        return Dataset.of(path.stem, metric, arrays)


def write_hdf5(dataset: Dataset, path: str | Path) -> None:
    """Write a file in the layout of ann-benchmarks, all of it or nothing."""
    h5py = require("h5py", "data", "writing HDF5")
    with writing(Path(path)) as part, h5py.File(part, "w") as file:
        file.attrs["distance"] = DISTANCES[dataset.metric]
        for name, values in dataset.arrays().items():
            file[name] = values


def _attribute(file: Any) -> Any:
    try:
        return file.attrs.get("distance")
    except DAMAGE as error:
        raise DatasetError(f"attribute distance can't be read: {error}", "distance") from error


def _metric(distance: Any) -> str:
    name = distance.decode(errors="replace") if isinstance(distance, bytes) else distance
    if isinstance(name, str) and name in METRICS:
        return METRICS[name]
    raise DatasetError(
        f"attribute distance is {distance!r}, expected one of {', '.join(METRICS)}", "distance"
    )


def _has(file: Any, name: str) -> bool:
    """Whether there is a link of the name, wherever it leads."""
    try:
        return bool(file.id.links.exists(name.encode()))
    except DAMAGE as error:
        raise DatasetError(f"{name} can't be looked up: {error}", name) from error


def _values(h5py: Any, file: Any, name: str) -> NDArray[Any]:
    try:
        found = file[_target(h5py, file, name)]
        if not isinstance(found, h5py.Dataset):
            raise DatasetError(f"{name} can't be read: it is a group, expected an array", name)
        if found.external or found.is_virtual:
            kind = "external storage" if found.external else "a virtual layout"
            raise DatasetError(
                f"{name} has {kind}, which reads other files: expected values within this file",
                name,
            )
        if found.shape is None:
            raise DatasetError(f"{name} is null, expected an array of numbers", name)
        return found[:]  # type: ignore[no-any-return]
    except DatasetError:
        raise
    except DAMAGE as error:
        raise DatasetError(f"{name} can't be read: {error}", name) from error


def _target(h5py: Any, file: Any, name: str) -> bytes:
    """Follow soft links; refuse links to other files before HDF5 opens these."""
    group, parts, links = file.id, [name.encode()], 0
    walked: list[bytes] = []
    while parts:
        part = parts.pop(0)
        if not group.links.exists(part):
            where = b"/".join([*walked, part]).decode(errors="replace")
            raise DatasetError(f"{name} is a link to {where}, which does not exist", name)
        kind = group.links.get_info(part).type
        if kind == h5py.h5l.TYPE_EXTERNAL:
            other = group.links.get_val(part)[0].decode(errors="replace")
            raise DatasetError(
                f"{name} is a link to the file {other}, expected an array within this file", name
            )
        if kind == h5py.h5l.TYPE_SOFT:
            links += 1
            if links > MAX_LINKS:
                raise DatasetError(f"{name} is a link that leads back to itself", name)
            target = group.links.get_val(part)
            if target.startswith(b"/"):
                group, walked = file.id, []
            parts[:0] = [step for step in target.split(b"/") if step not in (b"", b".")]
            continue
        walked.append(part)
        if parts:
            group = h5py.h5g.open(group, part)
    return b"/" + b"/".join(walked)

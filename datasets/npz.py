"""A data set in one .npz file: train, test, neighbors, ... and `metric`."""

import lzma
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq import DatasetError
from vecq.datasets.dataset import ARRAYS, Dataset
from vecq.datasets.npy import read_npy
from vecq.datasets.paths import reading, writing


def read_npz(path: str | Path, metric: str | None = None) -> Dataset:
    """Read a data set from a .npz file that has at least train and test.

    Args:
        path: The file.
        metric: The metric if the file does not state one. Default: "ip".

    Returns:
        The data set, in memory.

    Raises:
        DatasetError: The file is damaged, encrypted, or its arrays do not fit together.

    >>> read_npz("items.npz").train.shape
    (50000, 64)
    """
    path = Path(path)
    with reading(path):
        arrays = _members(path, ("metric", *ARRAYS))
        stated = arrays.pop("metric", None)
        return Dataset.of(path.stem, metric or "ip" if stated is None else str(stated), arrays)


def write_npz(dataset: Dataset, path: str | Path) -> None:
    """Write a data set to a .npz file, all of it or nothing."""
    with writing(Path(path)) as part, part.open("wb") as file:
        arrays: dict[str, Any] = dataset.arrays()
        np.savez(file, metric=np.array(dataset.metric), **arrays)


def _members(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Read the arrays of these names, as far as the archive has them."""
    try:
        with zipfile.ZipFile(path) as archive:
            present = set(archive.namelist())
            return {name: _member(archive, name) for name in names if f"{name}.npy" in present}
    except zipfile.BadZipFile as error:
        raise DatasetError(f"is no .npz file, or is truncated: {error}") from error


def _member(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    info = archive.getinfo(f"{name}.npy")
    if info.flag_bits & 1:
        raise DatasetError(f"{name} is encrypted, expected an archive without password", name)
    try:
        with archive.open(info) as file:
            return read_npy(file)
    except DatasetError as error:
        raise DatasetError(f"{name} {error}", name) from None
    except NotImplementedError as error:
        raise DatasetError(
            f"{name} is compressed by method {info.compress_type}, expected stored or deflated: "
            f"{error}",
            name,
        ) from error
    except (zlib.error, lzma.LZMAError, RuntimeError, MemoryError) as error:
        raise DatasetError(f"{name} can't be decompressed: {error!r}", name) from error

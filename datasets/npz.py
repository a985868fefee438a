"""A data set in one .npz file: train, test, neighbors, ... and `metric`."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from vecq import DatasetError
from vecq.datasets.dataset import ARRAYS, Dataset
from vecq.datasets.paths import reading, writing


def read_npz(path: str | Path, metric: str | None = None) -> Dataset:
    """Reads a file that has at least train and test.

    Args:
        metric: where the file doesn't tell; "ip" by default.

    >>> read_npz("items.npz").train.shape
    (50000, 64)
    """
    path = Path(path)
    with reading(path):
        if path.exists() and not zipfile.is_zipfile(path):
            raise DatasetError("is no .npz file, or is truncated")
        try:
            # Opened here: numpy leaves a file open that turns out to be broken.
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                told = str(file["metric"]) if "metric" in file else None
                arrays = {name: file[name] for name in ARRAYS if name in file}
        except (zipfile.BadZipFile, zlib.error, TypeError) as error:
            raise DatasetError(f"can't be read: {error}") from error
        return Dataset.of(path.stem, told or metric or "ip", arrays)


def write_npz(dataset: Dataset, path: str | Path) -> None:
    """Writes a file, all of it or none."""
    with writing(Path(path)) as part, part.open("wb") as file:
        np.savez(file, metric=np.array(dataset.metric), **dataset.arrays())

"""A named data set: its description, source and place in the cache."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vecq import ArgumentError, DatasetError
from vecq.core.progress import Progress
from vecq.datasets.dataset import Dataset
from vecq.datasets.downloading import download
from vecq.datasets.folders import read_folder, write_about
from vecq.datasets.hdf5 import read_hdf5


@dataclass(frozen=True)
class Remote:
    """A file to download; with `rows`, only the first rows of it."""

    address: str
    size: int | None = None
    sha256: str | None = None
    rows: int | None = None

    def get(self, path: Path, progress: Progress = None) -> Path:
        """Download it, unless the file exists already, possibly placed there by hand."""
        if path.exists():
            found = path.stat().st_size
            if self.size is not None and found != self.size:
                raise DatasetError(
                    f"{path}: has {found:,} bytes, expected {self.size:,}: remove it to "
                    f"download it again",
                    "size",
                )
            return path
        arriving = path if self.rows is None else path.with_name(f"{path.name}.head")
        download(
            *(self.address, arriving),
            size=self.size,
            sha256=self.sha256,
            head=self.rows is not None,
            progress=progress,
        )
        if self.rows is not None:
            with arriving.open("r+b") as file:
                file.write(np.array(self.rows, "<u4").tobytes())
            arriving.replace(path)
        return path


@dataclass(frozen=True)
class Entry:
    """A named data set: its description and source."""

    name: str
    about: str
    metric: str
    rows: int
    dim: int
    queries: int
    home: str
    license: str | None = None  # as stated on its home page
    files: tuple[tuple[str, Remote], ...] = ()
    make: Callable[[], Dataset] | None = None

    @property
    def path(self) -> Path:
        """Its place in the cache: a file, or a folder of several."""
        return cache() / (self.files[0][0] if len(self.files) == 1 else self.name)

    @property
    def size(self) -> int | None:
        """The bytes of all files whose size is known."""
        return sum(remote.size or 0 for _, remote in self.files) or None

    @property
    def checked(self) -> str:
        """How downloads of all files are verified: "sha256", "size" or ""."""
        remotes = [remote for _, remote in self.files]
        if remotes and all(remote.sha256 for remote in remotes):
            return "sha256"
        return "size" if remotes and all(remote.size for remote in remotes) else ""

    @property
    def here(self) -> bool:
        """Whether all files are in the cache."""
        return all(path.exists() for path, _ in self._parts())

    def get(self, progress: Progress = None) -> Path:
        """Download the missing files, and return the path of the data set."""
        if not self.files:
            raise ArgumentError(
                f"name is {self.name!r}, which is generated: there is nothing to download", "name"
            )
        for path, remote in self._parts():
            remote.get(path, progress)
        if len(self.files) > 1:
            write_about(self.path, self.name, self.metric)
        return self.path

    def _parts(self) -> list[tuple[Path, Remote]]:
        folder = self.path.parent if len(self.files) == 1 else self.path
        return [(folder / name, remote) for name, remote in self.files]

    def load(self, progress: Progress = None) -> Dataset:
        """Generate the data set, or read it after downloading missing files."""
        if self.make is not None:
            return self.make()
        path = self.get(progress)
        return read_folder(path) if path.is_dir() else read_hdf5(path)


def cache() -> Path:
    """Return the folder of downloads: $VECQ_DATA, or vecq/datasets in the user's cache."""
    chosen = os.environ.get("VECQ_DATA")
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    path = Path(chosen) if chosen else Path(caches) / "vecq" / "datasets"
    try:
        return path.expanduser()
    except RuntimeError as error:  # an unknown user, or one without a home
        raise DatasetError(
            f"VECQ_DATA is {chosen!r}, and {path} can't be resolved: {error}", "VECQ_DATA"
        ) from None

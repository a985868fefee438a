"""Versions that a service has open: the current one, and those that were asked for lately.

A reader takes one version and answers from it alone, so no answer mixes two. A version that cannot
be opened never becomes current: the service stays with the one before.
"""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vecq.core.errors import VecqError
from vecq.sharding.manifest import CURRENT, FolderPath, read_manifest
from vecq.sharding.sharded_index import ShardedIndex

OPEN = 2  # the current version and the one before


class Versions:
    """Opens the versions of an index folder as they are published.

    Args:
        folder: The index folder.
        part: Number of a part, and how many parts there are: part i of n opens shards i, i + n,
            i + 2 n and so on. Default: (0, 1), all shards.
        refresh_s: Seconds between two looks at the manifest. Default: 1.
        **options: Arguments of `ShardedIndex`.
    """

    def __init__(
        self,
        folder: FolderPath,
        *,
        part: tuple[int, int] = (0, 1),
        refresh_s: float = 1.0,
        **options: Any,
    ) -> None:
        self._folder, self._part, self._options = Path(folder), part, options
        self._refresh_s, self._next_look = refresh_s, 0.0
        self._lock = threading.Lock()
        self._seen: object = None
        self._open: dict[int, ShardedIndex] = {}
        self._generation = 0
        self.problem = ""  # why the newest version is not current; empty if it is

    def current(self) -> ShardedIndex:
        """Return the current version, opened if it is new.

        Raises:
            VecqError: No version can be opened.
        """
        with self._lock:
            if time.monotonic() >= self._next_look:
                self._look()
                self._next_look = time.monotonic() + self._refresh_s
            return self._open[self._generation]

    def at(self, generation: int) -> ShardedIndex:
        """Return a version, opened if it is not open.

        Raises:
            VecqError: It cannot be opened.
        """
        with self._lock:
            return self._opened(generation)

    def _look(self) -> None:
        """Make the version of the manifest current, if the manifest has changed."""
        try:
            status = (self._folder / CURRENT).stat()
            seen = status.st_ino, status.st_mtime_ns, status.st_size
            if seen != self._seen:
                self._generation = self._opened(None).manifest.generation
                self._seen, self.problem = seen, ""
        except (OSError, VecqError) as error:
            self.problem = str(error)
            if not self._open:
                raise

    def _opened(self, generation: int | None) -> ShardedIndex:
        if generation is None:
            generation = read_manifest(self._folder).generation
        if generation not in self._open:
            count = len(read_manifest(self._folder, generation).shards)
            numbers: Sequence[int] = range(count)[self._part[0] :: self._part[1]]
            found = ShardedIndex(self._folder, generation, shards=numbers, **self._options)
            while len(self._open) >= OPEN:
                # Searches that still use it keep it open: it closes with its last reference.
                others = [one for one in self._open if one != self._generation]
                del self._open[min(others, default=self._generation)]
            self._open[generation] = found
        return self._open[generation]

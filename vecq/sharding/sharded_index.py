"""Search over the shards of a manifest, in one process or one shard at a time."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arguments import MOST, type_of, whole
from vecq.core.arrays import as_vectors
from vecq.core.errors import ArgumentError
from vecq.index import Index
from vecq.search.groups import Groups
from vecq.search.result import Result
from vecq.sharding.build import require_match
from vecq.sharding.groups import ShardedGroups
from vecq.sharding.manifest import FolderPath, Shard, read_manifest
from vecq.sharding.merging import merge

Verify = Literal["header", "full"]
OPEN = 256  # shards that a process keeps open for search_shard


def open_shard(folder: FolderPath, shard: Shard, verify: Verify = "header") -> Index:
    """Open the file of a shard, checked against its entry in the manifest.

    Args:
        folder: The index folder.
        shard: The entry.
        verify: "header" compares the section table, "full" also reads the file and compares the
            checksums of its sections. Default: "header".

    Raises:
        FileError: The file cannot be read.
        CorruptFileError: It is damaged, or another file.
    """
    path = Path(folder) / shard.name
    require_match(path, shard)
    return Index.open(path, verify=verify, progress=False)


def search_shard(
    folder: str,
    shard: Shard,
    queries: NDArray[Any],
    k: int,
    *,
    verify: Verify = "header",
    **options: Any,
) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """Search one shard; for engines that call a function per shard and `merge` the results.

    A process opens a shard once and keeps it.

    Args:
        folder: The index folder.
        shard: The entry of the manifest.
        queries: One query per row.
        k: Number of results per query.
        verify: As in `open_shard`. Default: "header".
        **options: Options of `vecq.Index.search`.

    Returns:
        Ids and scores, a row for each query.
    """
    found = _opened(str(folder), shard, verify).search(queries, k, **options)
    return found.ids, found.scores


@lru_cache(OPEN)
def _opened(folder: str, shard: Shard, verify: Verify) -> Index:
    return open_shard(folder, shard, verify)


class ShardedIndex:
    """All shards of one version of an index folder, or some of them, searched as one index.

    Files are mapped: processes of one machine share one copy in the page cache.

    Args:
        folder: The index folder.
        generation: The version. Default: the current one.
        shards: Numbers of the shards to open. Default: all.
        verify: As in `open_shard`. Default: "header".

    Raises:
        ArgumentError: A shard number is out of range.
        FileError: A file cannot be read.
        CorruptFileError: A file is damaged.
        UnsupportedError: A newer release wrote the manifest.
    """

    def __init__(
        self,
        folder: FolderPath,
        generation: int | None = None,
        *,
        shards: Sequence[int] | None = None,
        verify: Verify = "header",
    ) -> None:
        self.manifest = read_manifest(folder, generation)
        count = len(self.manifest.shards)
        numbers = range(count) if shards is None else shards
        entries = [self.manifest.shards[whole(one, "shards", 0, count - 1)] for one in numbers]
        self._indexes = [open_shard(folder, entry, verify) for entry in entries]
        self._groups: tuple[ShardedGroups | None, list[Groups]] = None, []

    @property
    def dim(self) -> int:
        """Number of dimensions."""
        return self.manifest.dim

    def search(self, queries: ArrayLike, k: int, **options: Any) -> Result:
        """Find the k best items of the open shards for each query.

        Each shard is searched with the same options, so the effort is that of one index times the
        number of shards.

        Args:
            queries: One query per row; a vector is one query.
            k: Number of results per query.
            **options: Options of `vecq.Index.search`, except `explain` and, with several shards,
                `diversity`. `allow` and `deny` are ids; `group_by` is a `ShardedGroups`.

        Returns:
            Ids and scores, best first.

        Raises:
            ArgumentError: An option is wrong.
        """
        rows = as_vectors(queries, "queries", self.dim)
        wanted = whole(k, "k", 1, MOST)
        self._refuse(options)
        groups, found = options.pop("group_by", None), []
        for index, part in zip(self._indexes, self._parts(groups), strict=True):
            found.append(index.search(rows, wanted, group_by=part, **options))
        if len(found) == 1:
            return found[0]
        parts = [(one.ids, one.scores) for one in found]
        if not parts:
            ids = np.empty((len(rows), 0), object if self.manifest.id_type == "str" else np.int64)
            parts = [(ids, np.empty(ids.shape, np.float32))]
        per_group = options.get("per_group") or 1
        best = merge(parts, wanted, group_by=groups, per_group=per_group)
        hops, scored = sum(one.hops for one in found), sum(one.n_scored for one in found)
        return Result(*best, hops, scored)

    def _refuse(self, options: dict[str, Any]) -> None:
        """Refuse options that have no meaning, or another one, for several shards."""
        for name in ("allow", "deny"):
            _refuse_places(options.get(name), name)
        if "explain" in options:
            raise ArgumentError("explain can't be given: each shard has a plan", "explain")
        groups = options.get("group_by")
        if groups is not None and not isinstance(groups, ShardedGroups):
            raise ArgumentError(
                f"group_by is {type_of(groups)}, expected a vecq.sharding.ShardedGroups",
                "group_by",
            )
        if options.get("diversity") and len(self.manifest.shards) > 1:
            raise ArgumentError(
                "diversity is given, but items of different shards are not compared: build one "
                "shard, or diversify the results",
                "diversity",
            )

    def _parts(self, groups: ShardedGroups | None) -> Sequence[Groups | None]:
        """Return the groups for each shard, which the next search uses again."""
        if groups is None:
            return [None] * len(self._indexes)
        last, parts = self._groups
        if groups is not last:
            parts = [Groups(index, groups.ids, groups.groups) for index in self._indexes]
            self._groups = groups, parts
        return parts

    def close(self) -> None:
        """Close all shards."""
        for index in self._indexes:
            index.close()

    def __len__(self) -> int:
        return sum(len(index) for index in self._indexes)

    def __enter__(self) -> "ShardedIndex":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"<vecq.sharding.ShardedIndex of {len(self):,} x {self.dim} in {len(self._indexes)} "
            f"shards, generation {self.manifest.generation}>"
        )


def _refuse_places(given: Any, name: str) -> None:
    """Masks and filters belong to one index: only ids mean the same in every shard."""
    if given is None:
        return
    if type(given).__name__ == "Filter" or np.asarray(given).dtype == bool:
        raise ArgumentError(f"{name} is a mask or a filter of one index, expected ids", name)

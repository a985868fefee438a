"""Batch search on Ray: users stream through actors that hold the index, or groups of shards."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from vecq.core.arguments import MOST, type_of, whole
from vecq.core.errors import ArgumentError
from vecq.integrations.ray.cluster import plain_errors, ray_module
from vecq.integrations.ray.columns import list_column, lists_of, require_columns, vectors_of
from vecq.search.result import Result
from vecq.sharding.manifest import FolderPath, Manifest, read_manifest
from vecq.sharding.merging import merge
from vecq.sharding.sharded_index import ShardedIndex, Verify

MEMORY_SHARE = 0.7  # of the smallest node's memory that an index may take


def search(
    users_dataset: Any,
    path: FolderPath,
    k: int,
    *,
    id_column: str = "id",
    vector_column: str = "vector",
    exclude_column: str | None = None,
    where: Any = None,
    generation: int | None = None,
    groups: int | Literal["auto"] = "auto",
    workers: int | None = None,
    threads: int = 1,
    batch_rows: int = 1024,
    verify: Verify = "full",
    **options: Any,
) -> Any:
    """Find the k best items for each user of a Ray data set.

    Users stream through a pool of actors. Files are mapped, so the actors of a node share one copy
    in its page cache. If the index fits into every node, each actor has all of it; otherwise the
    shards are split into groups, an actor holds each group, and the results are merged exactly.

    Args:
        users_dataset: A `ray.data.Dataset` of users.
        path: The index folder.
        k: Number of results per user.
        id_column: Name of the users' ids. Default: "id".
        vector_column: Name of the users' vectors; a user without one gets no results. Default:
            "vector".
        exclude_column: Name of lists of ids that a user must not get. Default: None.
        where: Condition on the attributes of all users' results, as in `vecq.Index.search`.
            Default: None.
        generation: The version to search. Default: the current one when `search` is called.
        groups: Number of groups that the shards are split into; 1 for all shards in each actor.
            Default: "auto", by the memory of the smallest node.
        workers: Number of actors that users stream through. Default: one per `threads` CPUs.
        threads: Threads and CPUs of each actor. Default: 1.
        batch_rows: Users per call. Default: 1,024.
        verify: As in `vecq.sharding.open_shard`, for each actor. Default: "full".
        **options: Options of `vecq.sharding.ShardedIndex.search`, the same for all users, such as
            `ef`, `plan`, `allow`, `bias_weight` or `group_by`.

    Returns:
        A data set: the users' other columns, and lists `ids` and `scores`, best first.

    Raises:
        ArgumentError: An argument is wrong, or a column is missing.
        FileError: There is no index, or a shard is missing.
        CorruptFileError: A shard is damaged. Ray raises its own error around this one if an actor
            finds the damage, when the data set runs.
        UnsupportedError: Ray is not installed, or a newer release wrote the index.
    """
    ray = ray_module()
    threads = whole(threads, "threads", 1, 1024)
    options |= {"threads": threads} | ({} if where is None else {"where": where})
    manifest = read_manifest(path, generation)
    _try_options(path, manifest, k, options)
    names = {"id_column": id_column, "vector_column": vector_column}
    if exclude_column is not None:
        names["exclude_column"] = exclude_column
    require_columns(users_dataset, names)
    count = _groups(ray, manifest, groups)
    index = {"folder": str(path), "generation": manifest.generation, "verify": verify}
    cores = int(ray.cluster_resources().get("CPU", 1))
    if count == 1:
        searcher: Any = WholeIndex
        arguments = {**index, "k": k, "names": names, "options": options}
    else:
        # Groups stay until the data set is dropped. The CPUs are those of the routers, which wait
        # for groups: after the loss of a node, groups and routers fit into what is left.
        group = ray.remote(
            num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy="SPREAD"
        )(ShardGroup)
        actors = [
            group.remote(**index, part=(part, count), k=k, options=options) for part in range(count)
        ]
        searcher = Router
        arguments = {"actors": actors, "k": k, "names": names, "options": options}
    pool = whole(workers, "workers", 1, 9999) if workers else max(1, cores // threads)
    return users_dataset.map_batches(
        searcher,
        batch_size=whole(batch_rows, "batch_rows", 1, 1 << 20),
        batch_format="pyarrow",
        fn_constructor_kwargs=arguments,
        num_cpus=threads,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=pool),
    )


class UserBatch:
    """The users of one Arrow table."""

    def __init__(self, table: Any, names: dict[str, str], dim: int, strings: bool) -> None:
        self._table, self._names, self._strings = table, names, strings
        self.vectors, self._present = vectors_of(table, names["vector_column"], dim)
        self.exclude = None
        if "exclude_column" in names:
            offsets, ids = lists_of(table, names["exclude_column"], strings)
            self.exclude = _rows_of(offsets, ids, self._present)

    def with_results(self, found: Result | None) -> Any:
        """Return the other columns with the results; users without a vector have none."""
        width = 0 if found is None else found.ids.shape[1]
        shape = len(self._present), width
        ids = np.empty(shape, object if self._strings else np.int64)
        scores = np.empty(shape, np.float32)
        counts = np.zeros(len(self._present), np.int64)
        if found is not None:
            ids[self._present], scores[self._present] = found.ids, found.scores
            counts[self._present] = found.counts
        left_out = {name for key, name in self._names.items() if key != "id_column"}
        kept = [name for name in self._table.column_names if name not in left_out]
        table = self._table.select(kept)
        table = table.append_column("ids", list_column(ids, counts))
        return table.append_column("scores", list_column(scores, counts))


class WholeIndex:
    """Actor that holds all shards and searches for batches of users."""

    def __init__(
        self,
        folder: str,
        generation: int,
        verify: Verify,
        k: int,
        names: dict[str, str],
        options: dict[str, Any],
    ) -> None:
        self._index = ShardedIndex(folder, generation, verify=verify)
        self._strings = self._index.manifest.id_type == "str"
        self._k, self._names, self._options = k, names, options

    def __call__(self, table: Any) -> Any:
        batch = UserBatch(table, self._names, self._index.dim, self._strings)
        if len(batch.vectors) == 0:
            return batch.with_results(None)
        found = self._index.search(batch.vectors, self._k, exclude=batch.exclude, **self._options)
        return batch.with_results(found)


class ShardGroup:
    """Actor that holds some shards."""

    def __init__(
        self,
        folder: str,
        generation: int,
        verify: Verify,
        part: tuple[int, int],
        k: int,
        options: dict[str, Any],
    ) -> None:
        count = len(read_manifest(folder, generation).shards)
        numbers = range(count)[part[0] :: part[1]]
        self._index = ShardedIndex(folder, generation, shards=numbers, verify=verify)
        self._k, self._options = k, options

    def manifest(self) -> Manifest:
        return self._index.manifest

    def search(self, vectors: Any, exclude: Any) -> Any:
        found = self._index.search(vectors, self._k, exclude=exclude, **self._options)
        return found.ids, found.scores


class Router:
    """Actor that asks all groups of shards and merges their results."""

    def __init__(
        self, actors: list[Any], k: int, names: dict[str, str], options: dict[str, Any]
    ) -> None:
        self._ray = ray_module()
        self._actors, self._k, self._names = actors, k, names
        self._group_by, self._per_group = options.get("group_by"), options.get("per_group") or 1
        manifest: Manifest = self._ray.get(actors[0].manifest.remote())
        self._dim, self._strings = manifest.dim, manifest.id_type == "str"

    def __call__(self, table: Any) -> Any:
        batch = UserBatch(table, self._names, self._dim, self._strings)
        if len(batch.vectors) == 0:
            return batch.with_results(None)
        queries = self._ray.put(batch.vectors)
        with plain_errors():
            parts = self._ray.get(
                [one.search.remote(queries, batch.exclude) for one in self._actors]
            )
        best = merge(parts, self._k, group_by=self._group_by, per_group=self._per_group)
        return batch.with_results(Result(*best))


def _rows_of(offsets: Any, ids: Any, present: Any) -> tuple[Any, Any]:
    """Return the lists of some rows."""
    if present.all():
        return offsets, ids
    lengths = np.diff(offsets)
    kept = np.repeat(present, lengths)
    return np.concatenate([[0], np.cumsum(lengths[present])]), ids[kept]


def _try_options(path: FolderPath, manifest: Manifest, k: int, options: dict[str, Any]) -> None:
    """Refuse wrong options here, where the traceback is the caller's, and not in each actor."""
    whole(k, "k", 1, MOST)
    for name in ("exclude", "where", "bias_weight"):
        given = options.get(name)
        if name == "exclude" and given is not None:
            raise ArgumentError("exclude is given, expected exclude_column", "exclude")
        if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str):
            raise ArgumentError(f"{name} is {type_of(given)}, expected one for all users", name)
    with ShardedIndex(path, manifest.generation, shards=[0]) as index:
        try:
            index.search(np.zeros((1, manifest.dim), np.float32), 1, **options)
        except TypeError as error:
            raise ArgumentError(f"options: {error}", "options") from None


def _groups(ray: Any, manifest: Manifest, groups: int | str) -> int:
    if groups != "auto":
        return whole(groups, "groups", 1, len(manifest.shards))
    memories = [
        node["Resources"]["memory"]
        for node in ray.nodes()
        if node["Alive"] and "memory" in node["Resources"]
    ]
    least = MEMORY_SHARE * min(memories, default=float("inf"))
    return min(len(manifest.shards), max(1, int(-(-manifest.bytes // least))))

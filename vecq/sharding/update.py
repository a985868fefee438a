"""Updates: upserts and removals routed to their shards, as a new version of the folder."""

import uuid
from pathlib import Path

import numpy as np

from vecq.core.errors import ArgumentError
from vecq.index import Index
from vecq.sharding.assignment import Numbers
from vecq.sharding.build import BuildPlan, ShardTask, prepare_staging, require_match, save_shard
from vecq.sharding.manifest import FolderPath, Manifest, Shard, next_generation, read_manifest
from vecq.sharding.spool import SpoolReader


def start_update(folder: FolderPath, id_column: str = "id") -> tuple[BuildPlan, Manifest]:
    """Plan a new version of a folder. Call it under the folder's lock.

    Args:
        folder: The index folder.
        id_column: Name of the ids, for messages. Default: "id".

    Returns:
        The plan, and the manifest of the current version.

    Raises:
        FileError: The folder holds no index.
    """
    manifest = read_manifest(folder)
    plan = BuildPlan(
        folder=str(folder),
        generation=next_generation(folder),
        token=uuid.uuid4().hex[:8],
        identity="",
        dim=manifest.dim,
        metric=manifest.metric,
        shards=len(manifest.shards),
        assignment=manifest.assignment,
        codec=manifest.codec,
        settings=manifest.settings,
        id_column=id_column,
    )
    prepare_staging(plan)
    return plan, manifest


def update_shard(task: ShardTask, shard: Shard) -> Shard:
    """Apply the changes of one shard to a copy of its file.

    Args:
        task: The changes: spool files, and the plan.
        shard: The entry of the current version.

    Returns:
        The new entry; the same one if nothing changes.

    Raises:
        ArgumentError: An id is changed twice.
        CorruptFileError: The file of the shard is damaged.
    """
    plan = task.plan
    readers = [SpoolReader(Path(plan.spool) / name, task.number) for name in task.spools]
    none = np.empty(0, np.int64)
    ids = np.concatenate([*(reader.ids() for reader in readers), none])
    gone = _removed_ids(plan, readers)
    moved = np.concatenate([*(reader.all_ids() for reader in readers), none])
    by_hash = plan.assignment["kind"] == "hash"
    _refuse_repeated(np.concatenate([ids if by_hash else moved, gone]), plan.id_column)
    path = plan.home / shard.name
    require_match(path, shard)
    with Index.open(path, writable=True, verify="full", progress=False) as index:
        if not by_hash:  # an item whose vector moved may have another shard now
            gone = np.union1d(gone, np.setdiff1d(moved, ids))
        present = np.intersect1d(gone, index.ids)
        if len(ids) == len(present) == 0:
            return shard
        if len(present) > 0:
            index.remove(present, progress=False)
        if len(ids) > 0:
            vectors = np.concatenate([reader.vectors() for reader in readers])
            order = np.argsort(ids)
            index.upsert(vectors[order], ids[order], threads=task.threads, progress=False)
        return save_shard(index, plan.home, plan.shard_name(task.number))


def _removed_ids(plan: BuildPlan, readers: list[SpoolReader]) -> Numbers:
    everywhere = plan.assignment["kind"] != "hash"
    found = [reader.removed(everywhere) for reader in readers]
    return np.concatenate([*found, np.empty(0, np.int64)])


def _refuse_repeated(ids: Numbers, id_column: str) -> None:
    ordered = np.sort(ids)
    same = np.flatnonzero(ordered[1:] == ordered[:-1])
    if len(same) > 0:
        raise ArgumentError(f"{id_column} has {ordered[same[0]]} more than once", id_column)

"""Updates: upserts and removals routed to their shards, as a new version of the folder."""

import uuid
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.errors import ArgumentError
from vecq.index import Index
from vecq.sharding.build import gathered, prepare_staging, require_match, save_shard
from vecq.sharding.hashes import repeated_id
from vecq.sharding.manifest import FolderPath, Manifest, Shard, next_generation, read_manifest
from vecq.sharding.plan import BuildPlan, ShardTask
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
    readers = [SpoolReader(plan, name, task.number) for name in task.spools]
    by_hash = plan.assignment["kind"] == "hash"
    ids = _joined(reader.ids() for reader in readers)
    moved = ids if by_hash else _joined(reader.all_ids() for reader in readers)
    gone = _joined(reader.removed(everywhere=not by_hash) for reader in readers)
    twice = repeated_id(_joined([moved, gone]))
    if twice is not None:
        raise ArgumentError(f"{plan.id_column} has {twice} more than once", plan.id_column)
    path = plan.home / shard.name
    require_match(path, shard)
    with Index.open(path, writable=True, verify="full", progress=False) as index:
        # An item whose vector moved may have another shard now.
        away = {*gone.tolist(), *moved.tolist()} - set(ids.tolist())
        present = sorted(one for one in away if one in index)
        if len(ids) == len(present) == 0:
            return shard
        if present:
            index.remove(present, progress=False)
        if len(ids) > 0:
            index.upsert(**gathered(task), threads=task.threads, progress=False)
        return save_shard(index, plan.home, plan.shard_name(task.number))


def _joined(parts: Iterable[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate([*parts, np.empty(0, np.int64)])

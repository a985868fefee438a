"""Updates on Ray: changes are sorted by shard in parallel, then a task updates each shard."""

import shutil
from pathlib import Path
from typing import Any

from vecq.core.arguments import whole
from vecq.core.progress import Progress, Report
from vecq.integrations.ray.build_job import item_columns, shard_tasks, spool_dataset
from vecq.integrations.ray.cluster import plain_errors, ray_module, run_tasks
from vecq.sharding.build import STAGING, finish
from vecq.sharding.lock import FolderLock
from vecq.sharding.manifest import FolderPath, Manifest, read_manifest
from vecq.sharding.update import start_update, update_shard


def update(
    path: FolderPath,
    changes_dataset: Any,
    *,
    id_column: str = "id",
    vector_column: str = "vector",
    threads: int = 1,
    batch_rows: int = 65_536,
    keep: int = 2,
    task_options: dict[str, Any] | None = None,
    progress: Progress = None,
) -> Manifest:
    """Apply upserts and removals to a sharded index, as a new version of it.

    A row with a vector adds its item or replaces its vector; a row whose vector is null removes
    its item, and does nothing if there is none. Shards without changes keep their files.

    Args:
        path: The index folder.
        changes_dataset: A `ray.data.Dataset` of changes, none twice for one id.
        id_column: Name of the ids. Default: "id".
        vector_column: Name of the vectors. Default: "vector".
        threads: Threads and CPUs of each shard's task. Default: 1.
        batch_rows: Rows that a worker sorts at a time. Default: 65,536.
        keep: Number of versions to keep. Default: 2.
        task_options: Options of the tasks, as in `build`. Default: none.
        progress: As in `vecq.Index.add`, in shards.

    Returns:
        The manifest of the new version; the current one if nothing changes.

    Raises:
        ArgumentError: A column is missing, a vector is wrong, or an id appears twice.
        FileError: There is no index, or another build or update uses the folder.
        CorruptFileError: A shard is damaged.
        UnsupportedError: Ray is not installed.
    """
    ray_module()
    home, threads = Path(path).resolve(), whole(threads, "threads", 1, 1024)
    whole(keep, "keep", 1, 999_999)
    read_manifest(home)
    names = {"id_column": id_column, "vector_column": vector_column}
    rows = changes_dataset.select_columns(item_columns(changes_dataset, id_column, vector_column))
    with Report(progress, 0, " shards") as report, plain_errors(), FolderLock(home, "update"):
        plan, manifest = start_update(home, id_column)
        spooled = list(spool_dataset(rows, plan, names, batch_rows, removals=True))
        tasks = shard_tasks(plan, spooled, threads)
        changed = [task for task in tasks if task.spools]
        calls = [(task, manifest.shards[task.number]) for task in changed]
        options = {"num_cpus": threads, **(task_options or {})}
        shards = list(manifest.shards)
        for task, shard in zip(
            changed, run_tasks(update_shard, calls, options, report), strict=True
        ):
            shards[task.number] = shard
        if tuple(shards) == manifest.shards:
            shutil.rmtree(home / STAGING)
            return manifest
        return finish(plan, shards, keep)

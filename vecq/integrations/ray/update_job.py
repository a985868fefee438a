"""Updates on Ray: changes are sorted by shard in parallel, then a task updates each shard."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vecq.core.arguments import whole
from vecq.core.errors import ArgumentError
from vecq.core.progress import Progress, Report
from vecq.integrations.ray.build_job import shard_tasks, spool_dataset
from vecq.integrations.ray.cluster import plain_errors, ray_module, run_tasks
from vecq.integrations.ray.columns import ItemColumns
from vecq.sharding.build import finish
from vecq.sharding.lock import FolderLock
from vecq.sharding.manifest import FolderPath, Manifest, read_manifest
from vecq.sharding.plan import STAGING
from vecq.sharding.update import start_update, update_shard


def update(
    path: FolderPath,
    changes_dataset: Any,
    *,
    id_column: str = "id",
    vector_column: str = "vector",
    bias_column: str | None = None,
    attributes: Sequence[str] | None = None,
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
        bias_column: Name of new biases. Default: none: items keep theirs, but one that moves to
            another cluster has none.
        attributes: Names of columns with new attributes; items keep the others. Default: all
            attributes of the index that are columns of the data set.
        threads: Threads and CPUs of each shard's task. Default: 1.
        batch_rows: Rows that a worker sorts at a time. Default: 65,536.
        keep: Number of versions to keep. Default: 2.
        task_options: Options of the tasks, as in `build`. Default: none.
        progress: As in `vecq.Index.add`, in shards.

    Returns:
        The manifest of the new version; the current one if nothing changes.

    Raises:
        ArgumentError: A column is missing, a vector is wrong, or an id appears twice; or the index
            is assigned by cluster, and attributes are missing.
        FileError: There is no index, or another build or update uses the folder.
        CorruptFileError: A shard is damaged.
        UnsupportedError: Ray is not installed.
    """
    ray_module()
    home, threads = Path(path).resolve(), whole(threads, "threads", 1, 1024)
    whole(keep, "keep", 1, 999_999)
    current = read_manifest(home)
    known = current.attributes
    if attributes is None:
        attributes = [name for name in changes_dataset.columns() or [] if name in known]
    columns = ItemColumns(id_column, vector_column, bias_column, tuple(attributes))
    rows = columns.selected(changes_dataset)
    if current.assignment["kind"] == "cluster" and (lost := known.keys() - {*attributes}):
        raise ArgumentError(
            f"attributes lack {', '.join(sorted(lost))}, which an item would lose when its new "
            "vector moves it to another cluster: add the columns",
            "attributes",
        )
    with Report(progress, 0, " shards") as report, plain_errors(), FolderLock(home, "update"):
        plan, manifest = start_update(home, id_column)
        spooled = list(spool_dataset(rows, plan, columns, batch_rows, removals=True))
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

"""Building on Ray: batches are sorted by shard in parallel, then a task builds each shard."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from vecq.core.arguments import whole
from vecq.core.arrays import as_floats, as_vectors
from vecq.core.errors import ArgumentError
from vecq.core.progress import Progress, Report
from vecq.integrations.ray.cluster import plain_errors, ray_module, run_tasks
from vecq.integrations.ray.columns import ItemColumns, bias_of, column, ids_of, vectors_of
from vecq.quantization.codec import SAMPLE, Codec, Kind
from vecq.quantization.metric import as_metric
from vecq.search.attributes import AttributeKind
from vecq.sharding.assignment import Assignment, ClusterAssignment, HashAssignment
from vecq.sharding.build import build_shard, find_repeated_id, finish, start_build
from vecq.sharding.hashes import Floats, id_keys, mixed
from vecq.sharding.lock import FolderLock
from vecq.sharding.manifest import FolderPath, Manifest
from vecq.sharding.plan import BuildPlan, ShardTask
from vecq.sharding.spool import Spooled, spool_rows
from vecq.storage.opening import Link

MOST_HASH = 2**64 - 1
IDS_PER_TASK = 1 << 22  # of the search for repeated ids


def build(
    dataset: Any,
    path: FolderPath,
    *,
    shards: int,
    id_column: str = "id",
    vector_column: str = "vector",
    bias_column: str | None = None,
    attributes: Mapping[str, AttributeKind] | None = None,
    metric: str = "ip",
    codec: Kind | Codec = "int8",
    rerank_codec: Kind | Codec | None = None,
    users: ArrayLike | None = None,
    assignment: Literal["hash", "cluster"] = "hash",
    m: int = 16,
    ef_construction: int = 200,
    seed: int = 0,
    link: Link = "auto",
    threads: int = 1,
    batch_rows: int = 65_536,
    keep: int = 2,
    task_options: dict[str, Any] | None = None,
    progress: Progress = None,
) -> Manifest:
    """Build a sharded index from a Ray data set.

    A worker reads one batch at a time, later one shard: rows in float32, and its index. If a worker
    or a node dies, Ray runs its tasks again. If the driver dies, call `build` again with the same
    arguments: finished shards whose rows and checksums match are not built again. A build into a
    folder that holds an index makes a new version of it; readers switch when all of it is written.

    Args:
        dataset: A `ray.data.Dataset` with a column of ids, 64-bit integers or strings, and one of
            vectors.
        path: The index folder, at the same path on all nodes. It is made if it does not exist.
        shards: Number of shards. One shard per 10 to 50 million items is usual.
        id_column: Name of the ids. Default: "id".
        vector_column: Name of the vectors: lists or tensors of floats. Default: "vector".
        bias_column: Name of the items' biases, which searches add to similarities. Default: none.
        attributes: Names and kinds of the columns to keep as attributes, by which searches filter,
            as in `vecq.Index`. Default: none.
        metric: As in `vecq.Index`. Default: "ip".
        codec: As in `vecq.Index`. A codec that needs fitting is fitted once, on a sample of 10,000
            items, and shared by all shards. Default: "int8".
        rerank_codec: As in `vecq.Index`. Default: None.
        users: Sample of query vectors, as in `vecq.Index.add`. Default: None.
        assignment: "hash" assigns items by a hash of the id, to shards of equal size; "cluster"
            assigns them to the nearest of `shards` centroids. Default: "hash".
        m: As in `vecq.Index`. Default: 16.
        ef_construction: As in `vecq.Index`. Default: 200.
        seed: As in `vecq.Index`. Default: 0.
        link: As in `vecq.Index`. Default: "auto".
        threads: Threads and CPUs of each shard's task. Default: 1.
        batch_rows: Rows that a worker sorts at a time. Default: 65,536.
        keep: Number of versions to keep, for rollbacks. Default: 2.
        task_options: Options of the tasks that build shards, such as `{"memory": 8 << 30}`.
            Default: none.
        progress: As in `vecq.Index.add`, in shards.

    Returns:
        The manifest of the new version.

    Raises:
        ArgumentError: An argument is wrong, a column is missing, an item has no vector, or an id
            appears twice.
        FileError: Another build uses the folder, or the system cannot write to it.
        UnsupportedError: Ray is not installed.
    """
    ray_module()
    count, threads = whole(shards, "shards", 1, 9999), whole(threads, "threads", 1, 1024)
    whole(keep, "keep", 1, 999_999)
    columns = ItemColumns(id_column, vector_column, bias_column, tuple(attributes or ()))
    rows, strings = columns.selected(dataset), columns.has_string_ids(dataset)
    home, found = Path(path).resolve(), as_metric(metric)
    home.mkdir(parents=True, exist_ok=True)
    with FolderLock(home, "build"), Report(progress, count, " shards") as report, plain_errors():
        codecs = {"codec": Codec.of(codec, metric=found)}
        if rerank_codec is not None:
            codecs["rerank_codec"] = Codec.of(rerank_codec, "rerank_codec")
        sample = None
        unfitted = [name for name, one in codecs.items() if one.needs_fit and one.dim is None]
        if assignment == "cluster" or unfitted:
            sample = _sample(rows, columns, strings, seed)
        for name in unfitted:
            codecs[name] = Codec(**codecs[name].settings).fit(sample)  # type: ignore[arg-type]
        dim = _dim(rows, vector_column) if sample is None else sample.shape[1]
        plan = start_build(
            home,
            dim,
            found,
            _assignment(assignment, count, sample, found, seed),
            **codecs,
            users=None if users is None else as_floats(as_vectors(users, "users", dim)),
            settings={
                "m": m,
                "ef_construction": ef_construction,
                "seed": seed,
                "link": link,
                "id_type": "str" if strings else "int64",
                "attributes": dict(attributes or {}),
            },
            id_column=id_column,
        )
        spooled = list(spool_dataset(rows, plan, columns, batch_rows, removals=False))
        options = {"num_cpus": threads, **(task_options or {})}
        if assignment == "cluster":
            _refuse_repeated_ids(plan, spooled)
        tasks = shard_tasks(plan, spooled, threads)
        built = run_tasks(build_shard, [(task,) for task in tasks], options, report)
        return finish(plan, built, keep)


def spool_dataset(
    rows: Any, plan: BuildPlan, columns: ItemColumns, batch_rows: int, *, removals: bool
) -> Iterator[Spooled]:
    """Write a data set to spool files, in parallel, and yield their records.

    Args:
        rows: The data set.
        plan: The plan.
        columns: The columns.
        batch_rows: Rows per file.
        removals: Whether a row without a vector removes its id; otherwise it is an error.
    """
    records = rows.map_batches(
        _spool_batch,
        batch_size=whole(batch_rows, "batch_rows", 1, 1 << 24),
        batch_format="pyarrow",
        fn_kwargs={"plan": plan, "columns": columns, "removals": removals},
    )
    for row in records.iter_rows():
        values = json.loads(row["record"])
        if "error" in values:
            raise ArgumentError(values["error"], values["argument"])
        yield Spooled(
            values["name"],
            np.array(values["rows"], np.int64),
            np.array(values["removed"], np.int64),
            np.array(values["content"], np.uint64),
        )


def shard_tasks(plan: BuildPlan, spooled: list[Spooled], threads: int) -> list[ShardTask]:
    """Return the task of each shard."""
    everywhere = plan.assignment["kind"] != "hash"
    tasks = []
    for number in range(plan.shards):
        rows = [int(one.rows[number]) for one in spooled]
        own = [
            one.name
            for one, count in zip(spooled, rows, strict=True)
            if count > 0 or one.removed[number] > 0 or everywhere
        ]
        content = sum(int(one.content[number]) for one in spooled) % 2**64
        tasks.append(ShardTask(plan, number, tuple(sorted(own)), sum(rows), content, threads))
    return tasks


def _spool_batch(table: Any, **options: Any) -> Any:
    """Return a record of the spool file, or of the error: Ray Data would wrap it beyond repair."""
    try:
        found = _spooled(table, **options)
    except ArgumentError as error:
        record = {"error": str(error), "argument": error.argument}
    else:
        record = {
            "name": found.name,
            "rows": found.rows.tolist(),
            "removed": found.removed.tolist(),
            "content": found.content.tolist(),
        }
    return {"record": np.array([json.dumps(record)])}


def _spooled(table: Any, plan: BuildPlan, columns: ItemColumns, removals: bool) -> Spooled:
    ids = ids_of(table, columns.id, plan.has_string_ids)
    vectors, present = vectors_of(table, columns.vector, plan.dim)
    if not removals and not present.all():
        missing = ids[~present][0]
        raise ArgumentError(
            f"vector_column has no vector for {plan.id_column} {missing}: filter such rows out",
            "vector_column",
        )
    vectors = vectors.reshape(-1, plan.dim)
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad) > 0:
        raise ArgumentError(
            f"vector_column has a value that is not finite for {plan.id_column} "
            f"{ids[present][bad[0]]}",
            "vector_column",
        )
    kept = table.filter(present)
    return spool_rows(
        plan,
        ids[present],
        vectors,
        ids[~present],
        bias=None if columns.bias is None else bias_of(kept, columns.bias),
        attributes={name: column(kept, name, "attributes") for name in columns.attributes},
    )


def _dim(rows: Any, vector_column: str) -> int:
    """Return the number of dimensions: that of the schema, or else of the first vector."""
    schema = rows.schema()
    kind = dict(zip(schema.names, schema.types, strict=True))[vector_column]
    if getattr(kind, "list_size", 0) > 0:
        return int(kind.list_size)
    for table in rows.limit(1).iter_batches(batch_format="pyarrow"):
        vectors, _ = vectors_of(table, vector_column)
        if vectors.shape[1] > 0:
            return int(vectors.shape[1])
    raise ArgumentError("dataset has no vector in its first row, expected items", "dataset")


def _sample(rows: Any, columns: ItemColumns, strings: bool, seed: int) -> Floats:
    """Return about 10,000 items, the same whatever the order: those whose hashed id is small."""
    total = rows.count()
    if total == 0:
        raise ArgumentError("dataset is empty, expected items", "dataset")
    share = min(1.0, SAMPLE / total)
    sampled = rows.select_columns([columns.id, columns.vector]).map_batches(
        _sample_batch,
        batch_format="pyarrow",
        fn_kwargs={"columns": columns, "strings": strings, "share": share, "seed": seed},
    )
    ids, vectors = [], []
    for table in sampled.iter_batches(batch_format="pyarrow"):
        ids.append(ids_of(table, columns.id, strings))
        vectors.append(vectors_of(table, columns.vector)[0])
    if not vectors or len(found := np.concatenate(vectors)) == 0:
        raise ArgumentError("dataset has no vectors to fit on, expected items", "dataset")
    return np.asarray(found[np.argsort(np.concatenate(ids))], np.float32)


def _sample_batch(table: Any, columns: ItemColumns, strings: bool, share: float, seed: int) -> Any:
    try:
        keys = id_keys(ids_of(table, columns.id, strings))
        present = vectors_of(table, columns.vector)[1]
    except ArgumentError:
        return table.slice(0, 0)  # the pass over all rows reports it
    # Shards are assigned by the hash of the id itself: the sample must not depend on it.
    chosen = mixed(mixed(keys + seed)) <= np.uint64(min(int(share * 2**64), MOST_HASH))
    return table.filter(chosen & present)


def _assignment(
    kind: str, shards: int, sample: Floats | None, metric: str, seed: int
) -> Assignment:
    if kind == "hash":
        return HashAssignment(shards)
    if kind == "cluster" and sample is not None:
        return ClusterAssignment.fit(sample, shards, metric, seed)
    raise ArgumentError(f'assignment is {kind!r}, expected "hash" or "cluster"', "assignment")


def _refuse_repeated_ids(plan: BuildPlan, spooled: list[Spooled]) -> None:
    total = sum(int(one.rows.sum()) for one in spooled)
    parts = -(-total // IDS_PER_TASK)
    names = tuple(one.name for one in spooled)
    calls = [(plan, names, part, parts) for part in range(parts)]
    for repeated in run_tasks(find_repeated_id, calls, {}, Report(False, parts)):
        if repeated is not None:
            raise ArgumentError(f"{plan.id_column} has {repeated} more than once", plan.id_column)

"""Building: a plan, a task per shard, and the publication of what they built.

Life cycle: `start_build` fixes everything that shards share and writes it down; `spool_rows` sorts
batches of rows by shard; `build_shard` builds one shard and leaves a record in staging; `finish`
publishes the manifest and removes staging. A build that died is started again with the same
arguments: shards whose record, content and checksums match are not built again.
"""

import hashlib
import json
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import vecq
from vecq.core.errors import ArgumentError, CorruptFileError, VecqError
from vecq.index import Index
from vecq.quantization.codec import Codec
from vecq.sharding.assignment import Assignment, write_assignment
from vecq.sharding.atomic import write_json
from vecq.sharding.codec_file import read_codecs, write_codecs
from vecq.sharding.hashes import Floats, id_keys, mixed, repeated_id
from vecq.sharding.manifest import (
    FolderPath,
    Manifest,
    Shard,
    next_generation,
    publish,
    remove_unused,
)
from vecq.sharding.plan import STAGING, BuildPlan, ShardTask
from vecq.sharding.spool import SpoolReader, joined_columns
from vecq.sharding.values import taken


def start_build(
    folder: FolderPath,
    dim: int,
    metric: str,
    assignment: Assignment,
    *,
    codec: Codec,
    rerank_codec: Codec | None = None,
    users: Floats | None = None,
    settings: dict[str, Any] | None = None,
    id_column: str = "id",
) -> BuildPlan:
    """Fix what all shards share, and prepare the folder. Call it under the folder's lock.

    Args:
        folder: The index folder.
        dim: Number of dimensions.
        metric: "ip", "cosine" or "l2".
        assignment: Assigns rows to shards.
        codec: The codec, fitted if it needs fitting.
        rerank_codec: The codec of the rerank store, fitted too. Default: None.
        users: Sample of query vectors that graphs are repaired for, under "ip". Default: None.
        settings: Other arguments of `vecq.Index`. Default: its defaults.
        id_column: Name of the ids, for messages. Default: "id".

    Raises:
        ArgumentError: A codec is not fitted, or settings are wrong.
    """
    codecs = {"codec": codec} | ({} if rerank_codec is None else {"rerank_codec": rerank_codec})
    for name, one in codecs.items():
        if one.needs_fit and one.dim is None:
            raise ArgumentError(
                f"{name} is not fitted: shards would fit it each to its own rows, and scores "
                f"would not merge; call {name}.fit(sample) first",
                name,
            )
    own = dict(settings or {})
    Index(dim, metric, codec, rerank_codec=rerank_codec, **own)  # refuses wrong settings
    home, token = Path(folder), uuid.uuid4().hex[:8]
    generation = next_generation(home)
    suffix = f"{generation:06}-{token}"
    (home / STAGING).mkdir(exist_ok=True)
    write_codecs(home / f"codec-{suffix}.npz", codecs)
    identity = _identity(dim, metric, codecs, own, users, assignment)
    plan = BuildPlan(
        folder=str(home),
        generation=generation,
        token=token,
        identity=identity,
        dim=dim,
        metric=metric,
        shards=assignment.shards,
        assignment=write_assignment(assignment, home, suffix),
        codec=f"codec-{suffix}.npz",
        settings=own,
        id_column=id_column,
    )
    prepare_staging(plan)
    if users is not None:
        np.save(_users_file(plan), np.asarray(users, np.float32))
    return plan


def prepare_staging(plan: BuildPlan) -> None:
    """Remove what earlier attempts left, except finished shards that this plan can use."""
    staging = plan.home / STAGING
    staging.mkdir(exist_ok=True)
    for path in staging.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix != ".json" or _record(path).get("identity") != plan.identity:
            path.unlink()
    plan.spool.mkdir()


def build_shard(task: ShardTask) -> Shard:
    """Build the index of one shard and save it, unless an earlier attempt has finished it.

    The memory is bounded by the shard: its rows in float32, and its index.

    Args:
        task: The rows, and the plan.

    Returns:
        The entry of the manifest.

    Raises:
        ArgumentError: An id appears twice.
        CorruptFileError: A spool file is damaged.
        FileError: The system cannot write the file.
    """
    plan, number = task.plan, task.number
    record = plan.home / STAGING / f"shard-{number:04}.json"
    found = _finished(record, task)
    if found is not None:
        return found
    codecs = read_codecs(plan.home / plan.codec)
    index = Index(plan.dim, plan.metric, **codecs, **plan.settings)  # type: ignore[arg-type]
    rows = gathered(task)
    if len(rows["ids"]) > 0:
        users = _users_file(plan)
        sample = np.load(users) if users.is_file() else None
        index.add(**rows, users=sample, threads=task.threads, progress=False)
    shard = save_shard(index, plan.home, plan.shard_name(number), _hex(task.content))
    write_json(record, {"identity": plan.identity, **asdict(shard)})
    return shard


def finish(plan: BuildPlan, shards: Sequence[Shard], keep: int = 2) -> Manifest:
    """Publish the shards as a new version, and remove staging and old versions.

    Args:
        plan: The plan.
        shards: All shards, in the order of their numbers.
        keep: Number of versions to keep. Default: 2, for a rollback.

    Returns:
        The manifest.

    Raises:
        CorruptFileError: A shard file does not match its entry.
    """
    for shard in shards:
        require_match(plan.home / shard.name, shard)
    manifest = Manifest(
        generation=plan.generation,
        dim=plan.dim,
        metric=plan.metric,
        assignment=plan.assignment,
        codec=plan.codec,
        settings=plan.settings,
        shards=tuple(shards),
        written_by=vecq.__version__,
    )
    publish(plan.home, manifest)
    shutil.rmtree(plan.home / STAGING, ignore_errors=True)
    remove_unused(plan.home, keep)
    return manifest


def find_repeated_id(plan: BuildPlan, spools: Sequence[str], part: int, parts: int) -> Any:
    """Return an id that appears twice in the spool files; None if there is none.

    Clusters assign by vector, so two rows of one id may reach two shards, which do not meet.

    Args:
        plan: The plan.
        spools: Names of all spool files.
        part: Which ids to look at: those whose hash modulo `parts` is `part`.
        parts: Number of such calls, which bounds the memory of each.
    """
    found = [np.empty(0, np.int64)]
    for name in spools:
        ids = SpoolReader(plan, name, 0).all_ids()
        found.append(ids[mixed(id_keys(ids)) % np.uint64(parts) == part])
    return repeated_id(np.concatenate(found))


def save_shard(index: Index, folder: Path, name: str, content: str = "") -> Shard:
    """Save the index of a shard and return its entry."""
    saved = index.save(folder / name)
    return Shard(name, len(index), saved.bytes, table_checksum(folder / name), content)


def table_checksum(path: Path) -> str:
    """Return a checksum of the section table of an index file, and so of all sections."""
    found = vecq.info(path)
    sections = [asdict(section) for section in found.sections]
    text = json.dumps([found.format, found.bytes, sections])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def require_match(path: Path, shard: Shard) -> None:
    """Refuse a shard file that is not the one of the manifest.

    Raises:
        CorruptFileError: It is another file, or damaged.
        FileError: It cannot be read.
    """
    if table_checksum(path) != shard.checksum:
        error = CorruptFileError(
            f"{path}: differs from its entry in the manifest: restore the file, roll back, or "
            "build again",
            "path",
        )
        error.filename = str(path)
        raise error


def gathered(task: ShardTask) -> dict[str, Any]:
    """Read the rows of a shard as arguments of `Index.add`.

    They are in the order of their keys, whatever the order of the batches.
    """
    plan = task.plan
    readers = [SpoolReader(plan, name, task.number) for name in task.spools]
    ids = np.concatenate([*(reader.ids() for reader in readers), np.empty(0, np.int64)])
    keys = id_keys(ids)
    twice = repeated_id(ids, keys)
    if twice is not None:
        raise ArgumentError(f"{plan.id_column} has {twice} more than once", plan.id_column)
    order = np.argsort(keys, kind="stable")
    places = np.empty(len(ids), np.int64)
    places[order] = np.arange(len(ids))
    vectors = np.empty((len(ids), plan.dim), np.float32)
    digest, first = 0, 0
    for reader in readers:
        block, rows = reader.vectors(), slice(first, first + len(reader))
        vectors[places[rows]] = block
        digest += int(reader.hashes(keys[rows], block).sum(dtype=np.uint64))
        first += len(reader)
    if (len(ids), digest % 2**64) != (task.rows, task.content):
        raise CorruptFileError(
            f"{plan.spool}: rows of shard {task.number} are damaged: run the build again", "path"
        )
    bias, columns = joined_columns(readers)
    return {
        "vectors": vectors,
        "ids": ids[order],
        "bias": None if bias is None else bias[order],
        "attributes": {name: taken(own, order) for name, own in columns.items()} or None,
    }


def _finished(record: Path, task: ShardTask) -> Shard | None:
    """Return the shard that an earlier attempt finished, if its rows and file are the same."""
    values = _record(record)
    wanted = task.plan.identity, task.rows, _hex(task.content)
    if (values.pop("identity", None), values.get("rows"), values.get("content")) != wanted:
        return None
    try:
        shard = Shard(**values)
        require_match(task.plan.home / shard.name, shard)
        Index.open(task.plan.home / shard.name, verify="full", progress=False).close()
    except (TypeError, VecqError):
        return None
    return shard


def _record(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _identity(
    dim: int,
    metric: str,
    codecs: dict[str, Codec],
    settings: dict[str, Any],
    users: Floats | None,
    assignment: Assignment,
) -> str:
    digest = hashlib.sha256()
    values: list[Any] = [dim, metric, settings, assignment.kind, assignment.shards]
    values += [[name, codec.settings] for name, codec in codecs.items()]
    digest.update(json.dumps(values, sort_keys=True, default=repr).encode())
    arrays = [part for codec in codecs.values() for part in (codec.mean, codec.scales)]
    arrays += [getattr(assignment, "centroids", np.empty(0, np.float32))]
    arrays += [] if users is None else [np.asarray(users, np.float32)]
    for array in arrays:
        digest.update(f"{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _users_file(plan: BuildPlan) -> Path:
    return plan.spool / "users.npy"


def _hex(content: int) -> str:
    return f"{content:016x}"

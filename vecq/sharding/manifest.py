"""The manifest: a JSON file that lists the shards of one version of an index folder.

Life cycle: a build or update writes new shard files under names that were never used, then
`publish` writes `manifests/NNNNNN.json` and replaces `manifest.json`, the current version. Readers
take the current manifest once and then open only the files that it names, so nobody sees a mixture
of two versions. Files stay until `remove_unused`, so that `rollback` can return to a version.
"""

import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vecq.core.arguments import whole
from vecq.core.errors import ArgumentError, CorruptFileError, FileError, UnsupportedError
from vecq.sharding.atomic import write_json

FORMAT, VERSION = "vecq shards", 1
CURRENT, HISTORY = "manifest.json", "manifests"
WRITTEN = ("shard-*.vecq", "codec-*.npz", "centroids-*.npz")
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
FolderPath = str | os.PathLike[str]


@dataclass(frozen=True)
class Shard:
    """One shard of a manifest.

    Attributes:
        name: The file, in the folder of the manifest.
        rows: Number of items.
        bytes: Size of the file.
        checksum: Checksum of the section table, which holds a checksum of each section.
        content: Digest of its ids and vectors, whatever their order; a build that is resumed
            compares it. Empty after an update.
    """

    name: str
    rows: int
    bytes: int
    checksum: str
    content: str = ""


@dataclass(frozen=True)
class Manifest:
    """One version of a sharded index.

    Attributes:
        generation: Number of the version; later ones are larger.
        dim: Number of dimensions.
        metric: "ip", "cosine" or "l2".
        assignment: How rows are assigned to shards: `{"kind": "hash"}`, or "cluster" and the file
            of the centroids.
        codec: The file of the codec that all shards share.
        settings: Arguments of `vecq.Index` that the shards were built with.
        shards: The shards.
        created: Time of publication, seconds since 1970.
        written_by: The release of vecq that wrote it.
    """

    generation: int
    dim: int
    metric: str
    assignment: dict[str, Any]
    codec: str
    settings: dict[str, Any]
    shards: tuple[Shard, ...]
    created: float = field(default_factory=time.time)
    written_by: str = ""

    @property
    def id_type(self) -> str:
        """The type of the ids: "int64" or "str"."""
        return "str" if self.settings.get("id_type") == "str" else "int64"

    @property
    def attributes(self) -> dict[str, str]:
        """Names and kinds of the attributes of items."""
        return dict(self.settings.get("attributes") or {})

    @property
    def rows(self) -> int:
        """Number of items."""
        return sum(shard.rows for shard in self.shards)

    @property
    def bytes(self) -> int:
        """Size of all shard files."""
        return sum(shard.bytes for shard in self.shards)

    def __repr__(self) -> str:
        return (
            f"<vecq.sharding.Manifest: generation {self.generation}, {self.rows:,} x {self.dim} "
            f"in {len(self.shards)} shards, {self.metric}>"
        )


def read_manifest(folder: FolderPath, generation: int | None = None) -> Manifest:
    """Read the current manifest of a folder, or that of a generation.

    Raises:
        FileError: There is none.
        CorruptFileError: It is damaged.
        UnsupportedError: A newer release wrote it.
    """
    path = _path(Path(folder), generation)
    try:
        text = path.read_bytes()
    except OSError as error:
        reason = "no sharded index is there" if error.errno == 2 else str(error.strerror)
        failure = FileError(f"{path}: {reason}", "path")
        failure.errno, failure.filename = error.errno, str(path)
        raise failure from None
    return _parsed(text, path)


def generations(folder: FolderPath) -> list[int]:
    """Return the generations that a folder holds, oldest first."""
    names = sorted((Path(folder) / HISTORY).glob("[0-9]*.json"))
    return [int(path.stem) for path in names]


def next_generation(folder: FolderPath) -> int:
    """Return the number of the next version."""
    return max(generations(folder), default=0) + 1


def publish(folder: FolderPath, manifest: Manifest) -> None:
    """Make a manifest the current version of a folder, atomically."""
    home = Path(folder)
    (home / HISTORY).mkdir(exist_ok=True)
    values = {"format": FORMAT, "version": VERSION, **asdict(manifest)}
    write_json(_path(home, manifest.generation), values)
    write_json(home / CURRENT, values)


def rollback(folder: FolderPath, generation: int | None = None) -> Manifest:
    """Return to an earlier version.

    Args:
        folder: The folder.
        generation: The version. Default: the one before the current.

    Returns:
        Its manifest.

    Raises:
        ArgumentError: The folder does not hold that version, or none before the current one.
        FileError: A shard file of that version is missing.
    """
    current, kept = read_manifest(folder).generation, generations(folder)
    if generation is None:
        generation = max((number for number in kept if number < current), default=0)
        if generation == 0:
            raise ArgumentError(f"generation {current} is the oldest of {folder}", "generation")
    elif whole(generation, "generation", 1, 999_999) not in kept:
        raise ArgumentError(
            f"generation is {generation}, expected one of {', '.join(map(str, kept))}",
            "generation",
        )
    manifest = read_manifest(folder, generation)
    for shard in manifest.shards:
        if not (Path(folder) / shard.name).is_file():
            raise FileError(
                f"{Path(folder) / shard.name}: a shard of generation {generation} is missing",
                "path",
            )
    publish(folder, manifest)
    return manifest


def remove_unused(folder: FolderPath, keep: int = 2) -> list[str]:
    """Remove old versions, and files that no remaining version names.

    Call it under the lock of the folder, when no process serves what it removes.

    Args:
        folder: The folder.
        keep: Number of versions to keep, the current one and the latest others. Default: 2.

    Returns:
        Names of the removed shard and codec files.
    """
    home, current = Path(folder), read_manifest(folder).generation
    others = [number for number in generations(folder) if number != current]
    kept = [current, *others[len(others) - whole(keep, "keep", 1, 999_999) + 1 :]]
    used: set[str] = set()
    for number in kept:
        manifest = read_manifest(folder, number)
        used |= {shard.name for shard in manifest.shards} | {manifest.codec}
        used |= {manifest.assignment[name] for name in ("file",) if name in manifest.assignment}
    for number in set(others) - set(kept):
        _path(home, number).unlink()
    written = {path.name for kind in WRITTEN for path in home.glob(kind)}
    for name in written - used:
        (home / name).unlink()
    return sorted(written - used)


def _path(home: Path, generation: int | None) -> Path:
    return home / CURRENT if generation is None else home / HISTORY / f"{generation:06}.json"


def _parsed(text: bytes, path: Path) -> Manifest:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise _corrupt(path, f"no JSON: {error}") from None
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise _corrupt(path, f'no manifest of "{FORMAT}"')
    version = values.get("version")
    if not isinstance(version, int) or version < 1:
        raise _corrupt(path, f"version is {version!r}, expected a whole number from 1")
    if version > VERSION:
        raise UnsupportedError(
            f"{path}: version {version} of the format, written by vecq "
            f"{values.get('written_by')}; this release reads versions up to {VERSION}: update vecq"
        )
    fields = {name: _field(values, name, kind, path) for name, kind in _KINDS.items()}
    fields["shards"] = tuple(_shard(one, path) for one in fields["shards"])
    _refuse_paths([fields["codec"], fields["assignment"].get("file", "x")], path)
    return Manifest(**fields)


_KINDS: dict[str, Any] = {
    "generation": int,
    "dim": int,
    "metric": str,
    "assignment": dict,
    "codec": str,
    "settings": dict,
    "shards": list,
    "created": (int, float),
    "written_by": str,
}
_SHARD_KINDS: dict[str, Any] = {
    "name": str,
    "rows": int,
    "bytes": int,
    "checksum": str,
    "content": str,
}


def _shard(values: object, path: Path) -> Shard:
    if not isinstance(values, dict):
        raise _corrupt(path, f"a shard is {values!r}, expected an object")
    shard = Shard(**{name: _field(values, name, kind, path) for name, kind in _SHARD_KINDS.items()})
    _refuse_paths([shard.name], path)
    if shard.rows < 0:
        raise _corrupt(path, f"rows of {shard.name} is {shard.rows}, expected at least 0")
    return shard


def _field(values: Mapping[str, Any], name: str, kind: Any, path: Path) -> Any:
    value = values.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _corrupt(path, f"{name} is {value!r}")
    return value


def _refuse_paths(names: list[Any], path: Path) -> None:
    """A manifest names files of its own folder only."""
    for name in names:
        if not isinstance(name, str) or not FILE_NAME.fullmatch(name):
            raise _corrupt(path, f"{name!r} is no name of a file in this folder")


def _corrupt(path: Path, reason: str) -> CorruptFileError:
    error = CorruptFileError(f"{path}: {reason}", "path")
    error.filename = str(path)
    return error

"""One version of an index file: opened by descriptor, checked, warmed, and named by its content."""

from __future__ import annotations

import hashlib
import os
import weakref
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from vecq.core.errors import ArgumentError, FileError
from vecq.index import Index
from vecq.search.groups import Groups
from vecq.storage.files import info
from vecq.storage.paths import encoded

Signature = tuple[int, int, int, int]
WARM_K = 100
GROUP_KINDS = ("category", "int64", "bool")  # attributes that make groups


@dataclass(frozen=True)
class Opening:
    """How versions are opened."""

    verify: Literal["header", "full"] = "full"
    preload: bool | Literal["walk", "copy"] = "walk"
    lock: bool = False
    warm: int = 64  # items of the index that are searched for before the first query


class Version:
    """An open index, the name of its content, and the descriptor of its file.

    The descriptor names the same file when another one has the path already. It is closed with the
    last reference to the version.
    """

    def __init__(self, index: Index, name: str, descriptor: int, signature: Signature) -> None:
        self.index, self.name = index, name
        self.descriptor, self.signature = descriptor, signature
        self.has_names = index.id_type == "str"
        self._groups: dict[str, Groups] = {}
        weakref.finalize(self, os.close, descriptor)

    def groups(self, attribute: str) -> Groups:
        """Return the groups that the values of an attribute make; null is a group of its own.

        Raises:
            ArgumentError: There is no such attribute, or its values cannot name groups.
        """
        if attribute not in self._groups:
            named = [name for name, kind in self.index.attributes.items() if kind in GROUP_KINDS]
            if attribute not in named:
                found = ", ".join(named) or "the index has none, declare one when it is made"
                raise ArgumentError(
                    f"group_by is {attribute!r:.60}, expected an attribute of kind "
                    f"{', '.join(GROUP_KINDS)}: {found}",
                    "group_by",
                )
            ids = self.index.ids
            values = self.index.get_attributes(ids, [attribute])[attribute]
            known = np.array([value is not None for value in values], bool)
            self._groups[attribute] = Groups(self.index, ids[known], values[known])
        return self._groups[attribute]


def signature_of(path: str) -> Signature:
    """Return what changes when a file is replaced or written."""
    return _signature(os.stat(path))


def open_version(path: str, opening: Opening) -> Version:
    """Open, check and warm the file that has the path now.

    Raises:
        FileError: The system cannot read the file.
        CorruptFileError: The file is no index, or does not match its checksums.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        failure = FileError(f"{path}: {error.strerror}", "path")
        failure.errno, failure.filename = error.errno, path
        raise failure from None
    return version_of(descriptor, path, opening)


def version_of(descriptor: int, path: str, opening: Opening) -> Version:
    """Open, check and warm the file of a descriptor, which the version owns from now on."""
    try:
        own = f"/proc/self/fd/{descriptor}"
        signature = _signature(os.fstat(descriptor))
        index = Index.open(
            own,
            verify=opening.verify,
            preload=opening.preload,
            lock=opening.lock,
            progress=False,
        )
        name = _name_of(own)
        _warm(index, opening.warm)
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, FileError):
            error.args, error.filename = (str(error).replace(own, path),), path
        raise
    return Version(index, name, descriptor, signature)


def _signature(stat: os.stat_result) -> Signature:
    return stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size


def _name_of(path: str) -> str:
    """Return 16 hexadecimal digits that depend on all sections of a file."""
    digest = hashlib.blake2b(digest_size=8)
    for one in info(path).sections:
        digest.update(repr((one.name, one.element_bytes, one.count, one.checksum)).encode())
    return digest.hexdigest()


def _warm(index: Index, count: int) -> None:
    """Search for a few items, which reads the pages that every search needs."""
    if count and len(index):
        ids = index.ids
        chosen = ids[np.linspace(0, len(ids) - 1, min(count, len(ids)), dtype=np.int64)]
        index.search_by_ids(chosen, min(WARM_K, len(ids)))


def path_of(path: Any) -> str:
    """Return a path as text, made absolute.

    Raises:
        ArgumentError: `path` is no path, is empty or contains a null byte.
    """
    return os.path.abspath(os.fsdecode(encoded(path)))

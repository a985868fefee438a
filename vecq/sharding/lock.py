"""The lock of an index folder: one build or update at a time, on any machine.

The lock is a POSIX record lock on the file `lock`. The kernel, or the server of a network file
system, releases it when its process dies, so no stale lock is left behind; the text in the file
names the owner, for messages. Record locks do not exclude the threads of a process: a set does.
"""

import fcntl
import json
import os
import socket
import threading
from errno import EACCES, EAGAIN
from pathlib import Path
from types import TracebackType

from vecq.core.errors import FileError

_held: set[str] = set()
_guard = threading.Lock()


class FolderLock:
    """Holds the lock of a folder while its `with` block runs.

    Args:
        folder: An existing folder.
        purpose: What the owner does, for the message of those who are refused.

    Raises:
        FileError: On entry: another build or update holds the lock, or the file system has none.

    >>> with FolderLock("."), FolderLock("."):
    ...     pass
    Traceback (most recent call last):
    vecq.FileError: ...: this process builds here already: wait until it has ended
    """

    def __init__(self, folder: str | os.PathLike[str], purpose: str = "build") -> None:
        self._path = Path(folder).resolve() / "lock"
        self._purpose = purpose
        self._descriptor: int | None = None

    def __enter__(self) -> "FolderLock":
        # Closing any descriptor of the file would release the lock: ask the set first.
        with _guard:
            if str(self._path) in _held:
                raise self._refused("this process builds here already: wait until it has ended")
            self._descriptor = self._acquire()
            _held.add(str(self._path))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with _guard:
            _held.discard(str(self._path))
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _acquire(self) -> int:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(descriptor, 1000, 0).decode(errors="replace").strip()
            os.close(descriptor)
            if error.errno in (EACCES, EAGAIN):
                raise self._refused(
                    f"another process builds here, {owner or 'of unknown name'}: wait until it "
                    "has ended, or end it"
                ) from None
            raise self._refused(
                f"the file system refuses locks ({error.strerror}): choose a folder on one "
                "that has them"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, self._owner().encode(), 0)
        return descriptor

    def _owner(self) -> str:
        owner = {"host": socket.gethostname(), "pid": os.getpid(), "purpose": self._purpose}
        return json.dumps(owner)

    def _refused(self, reason: str) -> FileError:
        error = FileError(f"{self._path.parent}: {reason}", "path")
        error.filename = str(self._path)
        return error

"""Reads untrusted files of other libraries: every length is checked against the file."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np
from numpy.typing import DTypeLike, NDArray

from vecq.core.errors import ArgumentError, CorruptFileError, FileError
from vecq.storage.paths import encoded


class Reader:
    """Reads bytes in order.

    Args:
        content: The bytes.
        name: Name for errors.
    """

    def __init__(self, content: NDArray[np.uint8], name: str) -> None:
        self._content, self.name = content, name
        self._at = 0

    @classmethod
    def of(cls, path: Any, called: str | None = None) -> "Reader":
        """Read a whole file into memory: a mapped file that shrinks would end the process.

        Errors name the file, or `called`.
        """
        name = os.fsdecode(encoded(path))
        try:
            return cls(_content_of(name), called or name)
        except OSError as error:
            failure = FileError(f"{name}: can't read the file: {error.strerror or error}", "path")
            failure.errno, failure.filename = error.errno, path
            raise failure from None

    @property
    def left(self) -> int:
        return len(self._content) - self._at

    def array(self, dtype: DTypeLike, count: int, what: str) -> NDArray[Any]:
        """Return the next `count` elements without a copy; `what` names them in errors."""
        kind = np.dtype(dtype)
        if not 0 <= count <= self.left // kind.itemsize:
            self.fail(
                f"{what} should be {count:,} elements of {kind.itemsize} bytes, but only "
                f"{self.left:,} bytes follow"
            )
        found = np.frombuffer(self._content, kind, count, self._at)
        self._at += found.nbytes
        return found

    def number(self, dtype: DTypeLike, what: str) -> Any:
        return self.array(dtype, 1, what)[0].item()

    def finish(self) -> None:
        if self.left > 0:
            self.fail(f"{self.left:,} bytes follow behind the end")

    def fail(self, message: str) -> NoReturn:
        failure = CorruptFileError(f"{self.name}: {message}", "path")
        failure.filename = self.name
        raise failure

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Turn errors about the content into errors about the file."""
        try:
            yield
        except ArgumentError as error:
            if error.argument not in ("entry", "ids", "levels", "links", "vectors"):
                raise
            self.fail(str(error))


def _content_of(name: str) -> NDArray[np.uint8]:
    """Read a regular file; opening a FIFO would wait for a writer."""
    with open(os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "the path is not a regular file")
        return np.frombuffer(file.read(), np.uint8)  # np.fromfile may swallow Ctrl-C

"""Atomic replacement of files in the formats of other libraries."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from vecq.core.errors import FileError
from vecq.storage.paths import encoded


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Yield a temporary file that replaces the one at `path` once it is complete and on disk.

    The new file keeps mode, owner and group of the old one, as far as the system permits.

    Args:
        path: The file to write. A symbolic link is followed.

    Raises:
        FileError: The file can't be written, or the path is no regular file: renaming over a FIFO
            or a device would destroy it.
    """
    place = os.path.realpath(os.fsdecode(encoded(path)))
    temporary = f"{place}.{secrets.token_hex(4)}.tmp"
    try:
        old = _status(place)
        with open(temporary, "xb") as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                if old is not None:
                    with suppress(PermissionError):
                        os.fchown(file.fileno(), old.st_uid, old.st_gid)
                    os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))
                os.replace(temporary, place)
            except BaseException:
                with suppress(FileNotFoundError):  # an interrupt came after the file was renamed
                    os.unlink(temporary)
                raise
    except OSError as error:
        failure = FileError(f"{place}: can't write the file: {error.strerror or error}", "path")
        failure.errno, failure.filename = error.errno, path
        raise failure from None


def _status(place: str) -> os.stat_result | None:
    """Return the status of the file to replace, or None if there is none."""
    try:
        status = os.stat(place)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "the path is not a regular file, which could be replaced")
    return status

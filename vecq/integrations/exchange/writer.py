"""Files of other libraries are written whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from vecq.core.errors import FileError
from vecq.storage.files import encoded


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file that takes the place of the one at `path`, once it is written."""
    place = os.path.realpath(os.fsdecode(encoded(path)))
    beside = f"{place}.{secrets.token_hex(4)}.tmp"
    try:
        with open(beside, "xb") as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                if os.path.exists(place):
                    shutil.copymode(place, beside)
                os.replace(beside, place)
            except BaseException:
                with suppress(FileNotFoundError):  # an interrupt came after the file was renamed
                    os.unlink(beside)
                raise
    except OSError as error:
        failure = FileError(f"{place}: can't write the file: {error.strerror or error}", "path")
        failure.errno, failure.filename = error.errno, path
        raise failure from None

"""Reading and writing files of any format: typed errors, atomic replacement, optional packages."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from vecq import DatasetError, UnsupportedError, VecqError

KINDS = {
    stat.S_IFIFO: "FIFO",
    stat.S_IFCHR: "character device",
    stat.S_IFBLK: "block device",
    stat.S_IFSOCK: "socket",
}


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Prefix every error with the name of the file; refuse FIFOs and devices, which would block."""
    try:
        require_regular(path)
        yield
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}", error.argument) from None
    except VecqError:
        raise
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such file") from None
    except (OSError, EOFError, ValueError) as error:
        raise DatasetError(f"{path}: can't be read: {error}") from error


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Lend a temporary file that replaces `path` once it is complete, and is removed otherwise."""
    try:
        require_regular(path)
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}", error.argument) from None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(".part", f".{path.stem}-", path.parent)
        os.close(handle)
    except OSError as error:
        raise DatasetError(f"{path}: can't be written: {error.strerror}") from error
    part = Path(name)
    try:
        yield part
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o666 & ~umask)
        part.replace(path)
    except OSError as error:
        raise DatasetError(f"{path}: can't be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def require_regular(path: Path) -> None:
    """Refuse what exists but is neither a regular file nor a folder."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return  # opening it will tell
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        kind = KINDS.get(stat.S_IFMT(mode), "special file")
        raise DatasetError(f"is a {kind}, expected a regular file", "path")


def require(module: str, extra: str, what: str) -> Any:
    """Import an optional package, or raise an error that says how to install it."""
    try:
        return import_module(module)
    except ImportError:
        package = module.split(".")[0]
        raise UnsupportedError(
            f"{what} needs the package {package}: pip install 'vecq[{extra}]'", package
        ) from None

"""What reading and writing files have in common, whatever is in them."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from vecq import DatasetError, UnsupportedError, VecqError


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Puts the name of a file before whatever turns out to be wrong with it."""
    try:
        yield
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}", error.argument) from None
    except VecqError:
        raise
    except FileNotFoundError:
        raise DatasetError(f"{path}: there is no such file") from None
    except (OSError, EOFError, ValueError) as error:
        raise DatasetError(f"{path}: can't be read: {error}") from error


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Lends a file that takes the place of `path` once all is written, and else is removed."""
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


def require(module: str, extra: str, what: str) -> Any:
    """Imports a package that is optional, or says how to get it."""
    try:
        return import_module(module)
    except ImportError:
        package = module.split(".")[0]
        raise UnsupportedError(
            f"{what} needs the package {package}: pip install 'vecq[{extra}]'", package
        ) from None

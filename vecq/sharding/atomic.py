"""Atomic writes of small files: a reader sees the old content or the new, never a part."""

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO


def write_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file beside `path`, force it to disk and rename it to `path`."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with beside.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_json(path: Path, values: Any) -> None:
    """Write `values` as JSON, atomically."""
    text = json.dumps(values, indent=2, allow_nan=False) + "\n"
    write_file(path, lambda file: file.write(text.encode()))

"""Indexes as bytes, for those that are pickled with what holds them."""

import tempfile
from pathlib import Path

from vecq.index import Index


def to_bytes(index: Index) -> bytes:
    """What `save` writes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "index.vecq")
        index.save(file, progress=False)
        return file.read_bytes()


def from_bytes(content: bytes) -> Index:
    """The index of such bytes. Its file has no name any more, and goes with it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "index.vecq")
        file.write_bytes(content)
        return Index.open(file, writable=True)

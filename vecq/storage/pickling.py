"""Indexes as bytes, the content of their file: for pickles and copies."""

import tempfile
from pathlib import Path

from vecq.core.native_index import NativeIndex
from vecq.storage.files import open_file, save


def to_bytes(native: NativeIndex) -> bytes:
    """Return the file that `save` writes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "index.vecq")
        save(native, file, False, False)
        return file.read_bytes()


def from_bytes(content: bytes) -> NativeIndex:
    """Open an index from such bytes. The unlinked file lives as long as its mapping."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "index.vecq")
        file.write_bytes(content)
        return open_file(file, True, verify="header", preload=False, lock=False, progress=False)

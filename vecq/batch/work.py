"""The work folder of a job, beside its output: the rows of finished parts, from which a later run
resumes.

A part is a row group, appended to one Parquet file and forced to disk. Then its footer is written
under another name and renamed: a part with a footer is finished, and bytes after the last finished
part are cut off. The footer of all parts completes the file, which is renamed to the output; then
the folder is removed. A kill at any moment loses at most the parts in progress.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from vecq.batch.sources import arrow
from vecq.core.errors import ArgumentError

MAGIC_BYTES = 4  # "PAR1", which begins every Parquet file
BLANK_BYTES = 1 << 26  # of a buffer that is never touched


class WorkFolder:
    """Parts and temporary files of one job. A job that fails keeps what a later run can use."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.path = out.with_name(out.name + ".work")
        self._rows = self.path / "rows.parquet"
        self._footers: list[Any] = []  # of finished parts
        self._end = 0  # bytes of finished parts in the file of rows

    @contextmanager
    def locked(self, job: dict[str, Any] | None) -> Iterator[None]:
        """Hold the folder; empty it if it belongs to another job, or to one without identity."""
        self.path.mkdir(exist_ok=True)
        with open(self.path / "lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ArgumentError(
                    f"out: another process is writing {self.out}, wait for it to end", "out"
                ) from None
            text = json.dumps(job, sort_keys=True)
            kept = self.path / "job.json"
            is_same = job is not None and kept.exists() and kept.read_text() == text
            if not (is_same and self._resume()):
                self.clear()
                _replace(kept, lambda path: path.write_text(text))
            try:
                yield
            except Exception:
                if not self._has_progress():
                    shutil.rmtree(self.path)
                raise

    def _has_progress(self) -> bool:
        """Whether there are finished parts or splits, from which another run resumes."""
        splits = (self.path / f"{name}.json" for name in ("users", "seen"))
        return any(self.path.glob("part-*.footer")) or any(map(Path.exists, splits))

    def clear(self) -> None:
        """Forget all parts, and remove all files but the lock."""
        self._footers, self._end = [], 0
        for file in self.path.iterdir():
            if file.is_dir():
                shutil.rmtree(file)
            elif file.name != "lock":
                file.unlink()

    def has(self, number: int) -> bool:
        """Whether a part is finished."""
        return number < len(self._footers)

    def rows(self, number: int) -> int:
        """Number of users of a finished part."""
        return int(self._footers[number].num_rows)

    def append(self, batch: Any) -> None:
        """Write the next part, all or nothing."""
        with self._writer(batch.schema) as (writer, footers):
            writer.write_batch(batch)
        sync(self._rows)
        _replace(self._footer(len(self._footers)), footers[0].write_metadata_file)
        self._footers.append(footers[0])
        self._end = _end(footers[0])

    def finish(self, schema: Any) -> None:
        """Make the output of all parts, and remove the folder."""
        if not self._footers:
            with self._writer(schema):
                pass
        else:
            self._write_footer()
        sync(self._rows)
        os.replace(self._rows, self.out)
        sync(self.out.parent)
        shutil.rmtree(self.path)

    def _resume(self) -> bool:
        """Read the footers of finished parts; return False if a footer or rows are damaged."""
        pa = arrow()
        try:
            while (path := self._footer(len(self._footers))).exists():
                self._footers.append(pa.parquet.read_metadata(path))
                self._end = _end(self._footers[-1])
            return self._end == 0 or self._rows.stat().st_size >= self._end
        except (pa.ArrowException, OSError):
            return False

    def _footer(self, number: int) -> Path:
        return self.path / f"part-{number:07}.footer"

    @contextmanager
    def _writer(self, schema: Any) -> Iterator[Any]:
        """Append row groups, whose offsets count from the first byte of the file."""
        pa, footers = arrow(), list[Any]()
        with open(self._rows, "r+b" if self._end > 0 else "wb") as file:
            file.truncate(self._end)
            file.seek(self._end)
            sink = pa.PythonFile(_Tail(file, self._end), mode="w")
            with pa.parquet.ParquetWriter(
                sink, schema, use_dictionary=False, metadata_collector=footers
            ) as writer:
                _advance(sink, self._end)
                yield writer, footers

    def _write_footer(self) -> None:
        whole = self._footers[0]
        for footer in self._footers[1:]:
            whole.append_row_groups(footer)
        sink = arrow().BufferOutputStream()
        whole.write_metadata_file(sink)
        os.truncate(self._rows, self._end)
        with open(self._rows, "ab") as file:
            file.write(memoryview(sink.getvalue())[MAGIC_BYTES:])


class _Tail:
    """Writes a stream of bytes to a file that has the first ones already."""

    closed = False

    def __init__(self, file: BinaryIO, existing: int) -> None:
        self._file, self._existing = file, existing

    def write(self, data: Any) -> None:
        if self._existing > 0:
            self._existing -= len(data)
        else:
            self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self.closed = True


def _advance(sink: Any, end: int) -> None:
    """Move a sink, in which the magic number is written, to the offset `end`."""
    blank = np.zeros(BLANK_BYTES, np.uint8).data
    for left in range(end - MAGIC_BYTES, 0, -BLANK_BYTES):
        sink.write(blank[:left])


def _end(footer: Any) -> int:
    """The offset after the last column of a file."""
    columns = footer.row_group(footer.num_row_groups - 1)
    last = columns.column(columns.num_columns - 1)
    return int(last.data_page_offset + last.total_compressed_size)


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name, force it to disk and rename it."""
    temporary = path.with_suffix(path.suffix + ".tmp")
    write(temporary)
    sync(temporary)
    os.replace(temporary, path)


def sync(path: Path) -> None:
    """Force a file or a folder to disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

"""The work folder of a job, beside its output: finished parts, which a later run of the same job
takes over.

A part is written under another name, forced to disk and renamed: it is whole or absent. The parts
are joined to one Parquet file in the folder, which is renamed to the output; then the folder is
removed. A kill at any moment loses at most the parts in progress.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vecq.batch.sources import arrow
from vecq.core.errors import ArgumentError


class WorkFolder:
    """Parts and temporary files of one job."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.path = out.with_name(out.name + ".work")

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
            if job is None or not kept.exists() or kept.read_text() != text:
                self.clear()
                _replace(kept, lambda path: path.write_text(text))
            yield
        # A job that fails keeps its parts.

    def clear(self) -> None:
        """Remove all files but the lock."""
        for file in self.path.iterdir():
            if file.is_dir():
                shutil.rmtree(file)
            elif file.name != "lock":
                file.unlink()

    def part(self, number: int) -> Path:
        """The path of a part."""
        return self.path / f"part-{number:07}.arrow"

    def has(self, number: int) -> bool:
        """Whether a part is finished."""
        return self.part(number).exists()

    def write(self, number: int, batch: Any) -> None:
        """Write a part, all or nothing."""
        pa = arrow()

        def write(path: Path) -> None:
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
                writer.write_batch(batch)

        _replace(self.part(number), write)

    def rows(self, number: int) -> int:
        """Number of users of a finished part."""
        pa = arrow()
        with pa.memory_map(str(self.part(number))) as memory, pa.ipc.open_file(memory) as file:
            return int(sum(file.get_batch(i).num_rows for i in range(file.num_record_batches)))

    def join(self, parts: int, schema: Any) -> None:
        """Make the output of all parts, and remove the folder."""
        pa = arrow()

        def write(path: Path) -> None:
            with pa.parquet.ParquetWriter(path, schema, use_dictionary=False) as writer:
                for number in range(parts):
                    memory = pa.memory_map(str(self.part(number)))
                    with memory, pa.ipc.open_file(memory) as file:
                        writer.write_table(file.read_all())

        joined = self.path / "joined.parquet"
        _replace(joined, write)
        os.replace(joined, self.out)
        sync(self.out.parent)
        shutil.rmtree(self.path)


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

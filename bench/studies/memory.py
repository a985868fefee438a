"""Processes with a memory limit, by control groups."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


@contextmanager
def limited(limit: int) -> Iterator[Path]:
    """Make a control group of at most `limit` bytes, page cache included; OSError if impossible."""
    old = (ROOT / "memory").is_dir()
    group = (ROOT / "memory" if old else ROOT) / f"vecq-{os.getpid()}"
    group.mkdir()
    try:
        (group / ("memory.limit_in_bytes" if old else "memory.max")).write_text(str(limit))
        yield group
    finally:
        for _ in range(100):  # until the kernel has released its processes
            try:
                group.rmdir()
                break
            except OSError:
                time.sleep(0.05)


def run_in(group: Path, command: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run a command in a control group."""
    script = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
    return subprocess.run(
        ["sh", "-c", script, str(group), *command], capture_output=True, text=True
    )


def drop_from_cache(path: str | os.PathLike[str]) -> None:
    """Drop the pages of a file from the page cache, unless it is mapped."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

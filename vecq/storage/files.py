"""Files of indexes: what is in one, and the long work that reads, writes and checks them."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from vecq._native import ffi, lib
from vecq.core.errors import ArgumentError, CorruptFileError, FileError, VecqError, call
from vecq.core.progress import Progress, Report
from vecq.core.structs import new_struct

PRELOADS: dict[Any, int] = {
    False: lib.VECQ_PRELOAD_NONE,
    "walk": lib.VECQ_PRELOAD_SEARCH,
    True: lib.VECQ_PRELOAD_ALL,
    "copy": lib.VECQ_PRELOAD_COPY,
}

# Work on fewer bytes is over before a bar would be read.
NOTABLE = 1_000_000_000
MOST_SECTIONS = 256


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with an index."""

    location: str  # "links of layer 0, node 17"
    message: str  # "links to itself"

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


@dataclass(frozen=True)
class Check:
    """What `Index.check` found: nothing, if all is well."""

    problems: tuple[Problem, ...]  # the first of them
    count: int  # of all

    @property
    def ok(self) -> bool:
        return self.count == 0

    def __str__(self) -> str:
        if self.ok:
            return "nothing is wrong"
        more = self.count - len(self.problems)
        lines = [*map(str, self.problems), *([f"and {more:,} more"] if more else [])]
        return "\n".join(lines)


@dataclass(frozen=True)
class Saved:
    """A file that was written."""

    bytes: int
    seconds: float  # that it took
    pause_seconds: float  # seconds of these in which changes had to wait

    def __str__(self) -> str:
        return f"{self.bytes:,} bytes in {self.seconds:.2f} s"


@dataclass(frozen=True)
class Section:
    """One array of a file."""

    name: str
    element_bytes: int
    count: int
    offset: int
    checksum: int

    @property
    def bytes(self) -> int:
        return self.element_bytes * self.count


@dataclass(frozen=True)
class FileInfo:
    """What the table of a file says."""

    path: str
    format: int
    writer_version: str  # the version that wrote it
    min_reader_version: str  # the oldest version that reads it
    bytes: int
    sections: tuple[Section, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        lines = [
            f"{self.path}: {self.bytes:,} bytes, format {self.format}, written by vecq "
            f"{self.writer_version}, read by {self.min_reader_version} and later",
            f"{'section':<28}{'elements':>16}{'bytes each':>12}{'bytes':>20}",
        ]
        lines += [
            f"{one.name:<28}{one.count:>16,}{one.element_bytes:>12,}{one.bytes:>20,}"
            for one in self.sections
        ]
        return "\n".join(lines)


def info(path: str | os.PathLike[str]) -> FileInfo:
    """Reads the table of a file, and nothing else of it.

    >>> saved = vecq.Index(8).add(numpy.eye(8, dtype="float32")).save("eight.vecq")
    >>> [section.name for section in vecq.info("eight.vecq").sections][:2]
    ['settings', 'codec']
    """
    native, sections = new_struct("vecq_file_info"), ffi.new("vecq_section[]", MOST_SECTIONS)
    with naming(path):
        call(lib.vecq_file_describe, encoded(path), native, sections, MOST_SECTIONS)
    return FileInfo(
        path=os.fspath(path),
        format=native.format,
        writer_version=text(native.writer_version),
        min_reader_version=text(native.min_reader_version),
        bytes=native.bytes,
        sections=tuple(
            Section(text(one.name), one.element_bytes, one.count, one.offset, one.checksum)
            for one in sections[0 : native.sections]
        ),
    )


def open_index(path: str | os.PathLike[str], writable: bool) -> Any:
    """The native index of a file."""
    handle = ffi.new("vecq_index **")
    with naming(path):
        call(lib.vecq_index_open_file, encoded(path), bool(writable), handle)
    return ffi.gc(handle[0], lib.vecq_index_close)


def save(index: Any, path: str | os.PathLike[str], overwrite: object, progress: Progress) -> Saved:
    """Writes a native index to a file; where `path` is a link, to what it leads to."""
    if not isinstance(overwrite, bool):
        raise ArgumentError(f"overwrite is {overwrite!r}, expected True or False", "overwrite")
    place, start = os.path.realpath(os.fsdecode(encoded(path))), time.perf_counter()
    with naming(path), _report(progress) as report, _slot() as slot:
        task = _begin(slot, lib.vecq_task_save, index, os.fsencode(place), overwrite)
        task.run(report)
        written, pause = task.saved()
    return Saved(written, time.perf_counter() - start, pause)


def preload(
    index: Any, path: str | os.PathLike[str], what: Any, lock: bool, progress: Progress
) -> None:
    """Brings a file's index into memory."""
    with naming(path), _report(progress) as report, _slot() as slot:
        _begin(slot, lib.vecq_task_preload, index, what, bool(lock)).run(report)


def rebuild(begin: Any, index: Any, report: Report) -> None:
    """Puts the rows of a native index into new arrays."""
    with _slot() as slot:
        _begin(slot, begin, index).run(report)


def verify(index: Any, path: str | os.PathLike[str], progress: Progress) -> None:
    """Raises CorruptFileError if a section of the file does not match its checksum."""
    with naming(path):
        found = check(index, progress, deep=False)
        if not found.ok:
            raise CorruptFileError(str(found), "path")


def check(index: Any, progress: Progress, deep: bool = True) -> Check:
    """Looks a native index over."""
    with _report(progress) as report, _slot() as slot:
        task = _begin(slot, lib.vecq_task_check, index, deep)
        task.run(report)
        return task.problems()


class Task:
    """A native task, done step by step, between which Ctrl-C works."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def run(self, report: Report) -> None:
        done, total = ffi.new("size_t *"), ffi.new("size_t *")
        while True:
            call(lib.vecq_task_step, self._handle, done, total)
            report(done[0], total[0])
            if done[0] == total[0]:
                return

    def problems(self) -> Check:
        listed, count = ffi.new("size_t *"), ffi.new("size_t *")
        call(lib.vecq_task_problems, self._handle, ffi.NULL, 0, listed, count)
        found = ffi.new("vecq_problem[]", listed[0])
        call(lib.vecq_task_problems, self._handle, found, len(found), listed, count)
        problems = (Problem(text(one.location), text(one.message)) for one in found)
        return Check(tuple(problems), count[0])

    def saved(self) -> tuple[int, float]:
        found = new_struct("vecq_saved")
        call(lib.vecq_task_saved, self._handle, found)
        return found.bytes, found.pause_seconds


def _slot() -> Any:
    """A pointer for a native task, which `with` closes.

    The pointer exists before the task, and `with` enters and leaves it in C, where Python does not
    look for signals: an interrupt at any moment closes the task.
    """
    return ffi.gc(ffi.new("vecq_task **"), lib.vecq_task_end)


def _begin(slot: Any, function: Any, *arguments: Any) -> Task:
    call(function, *arguments, slot)
    return Task(slot[0])


def _report(progress: Progress) -> Report:
    return Report(progress, 0, unit="B", notable=NOTABLE)


def preload_of(value: object) -> int:
    """The constant of a `preload` argument."""
    if isinstance(value, bool | str) and value in PRELOADS:
        return PRELOADS[value]
    raise ArgumentError(f'preload is {value!r}, expected True, False, "walk" or "copy"', "preload")


def encoded(path: object) -> bytes:
    """A path as the system wants it."""
    try:
        found = os.fsencode(path)  # type: ignore[arg-type]
    except (TypeError, UnicodeError):
        raise ArgumentError(f"path is {path!r}, expected the path of a file", "path") from None
    if not found or b"\0" in found:
        raise ArgumentError(f"path is {path!r}, which no file can have", "path")
    return found


@contextmanager
def naming(path: object) -> Iterator[None]:
    """Puts the path into what is raised about the file."""
    try:
        yield
    except VecqError as error:
        if error.argument == "path" and not isinstance(error, ArgumentError):
            error.args = (f"{os.fsdecode(encoded(path))}: {error}",)
            if isinstance(error, FileError):
                error.filename = path
        raise


def text(field: Any) -> str:
    """A string in a native struct."""
    return str(ffi.string(field).decode(errors="replace"))

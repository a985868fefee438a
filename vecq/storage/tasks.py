"""Native tasks: long work in steps, between which Ctrl-C works."""

from typing import Any

from vecq._native import ffi, lib
from vecq.core.errors import call
from vecq.core.progress import Progress, Report
from vecq.core.structs import new_struct
from vecq.storage.records import Check, Problem

# A bar that nobody asked for is shown for at least this many bytes.
NOTABLE = 1_000_000_000


class Task:
    """A native task that has begun."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def run(self, report: Report) -> None:
        """Do all steps."""
        done, total = ffi.new("size_t *"), ffi.new("size_t *")
        while True:
            call(lib.vecq_task_step, self._handle, done, total)
            report(done[0], total[0])
            if done[0] == total[0]:
                return

    def problems(self) -> Check:
        """What a check found."""
        listed, count = ffi.new("size_t *"), ffi.new("size_t *")
        call(lib.vecq_task_problems, self._handle, ffi.NULL, 0, listed, count)
        found = ffi.new("vecq_problem[]", listed[0])
        call(lib.vecq_task_problems, self._handle, found, len(found), listed, count)
        problems = (Problem(text(one.location), text(one.message)) for one in found)
        return Check(tuple(problems), count[0])

    def saved(self) -> tuple[int, float]:
        """Bytes that a save wrote, and seconds for which it held up changes."""
        found = new_struct("vecq_saved")
        call(lib.vecq_task_saved, self._handle, found)
        return found.bytes, found.pause_seconds


def task_slot() -> Any:
    """A pointer for a native task, which `with` closes.

    The pointer exists before the task, and `with` enters and leaves it in C, where Python does not
    look for signals: an interrupt at any moment closes the task.
    """
    return ffi.gc(ffi.new("vecq_task **"), lib.vecq_task_end)


def begin(slot: Any, function: Any, *arguments: Any) -> Task:
    """Begin a native task in a slot."""
    call(function, *arguments, slot)
    return Task(slot[0])


def run_task(function: Any, *arguments: Any, report: Report) -> None:
    """Begin a task and do all of it."""
    with task_slot() as slot:
        begin(slot, function, *arguments).run(report)


def byte_report(progress: Progress) -> Report:
    """A report of work that is counted in bytes."""
    return Report(progress, 0, unit="B", notable=NOTABLE)


def text(field: Any) -> str:
    """A string in a native struct."""
    return str(ffi.string(field).decode(errors="replace"))

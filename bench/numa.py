"""Binding of a process to a core and to the memory of its node."""

import ctypes
import ctypes.util
import os

from vecq.bench.machine import nodes


def pin(core: int) -> None:
    """Keeps this process on a core."""
    os.sched_setaffinity(0, {core})


def node_of(core: int) -> int:
    """The memory node of a core."""
    return next((node for node, cores in nodes().items() if core in cores), 0)


def library() -> ctypes.CDLL | None:
    """libnuma, if it is installed and the kernel supports it."""
    found = ctypes.util.find_library("numa")
    if found is None:
        return None
    numa = ctypes.CDLL(found)
    return numa if numa.numa_available() >= 0 else None


def bind(node: int) -> None:
    """Makes this process take its memory from a node where it can."""
    numa = library()
    if numa is not None:
        numa.numa_set_preferred(ctypes.c_int(node))


def remark() -> str:
    """What binding to nodes comes to on this machine, for the notes of a run."""
    count = len(nodes())
    if count == 1:
        return "numa: this machine has one memory node, there is nothing to bind"
    if library() is None:
        return f"numa: {count} memory nodes, but libnuma is not installed: processes are not bound"
    return f"numa: {count} memory nodes, every process takes memory from the node of its core"

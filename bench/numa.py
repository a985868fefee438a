"""Pin a process to a core, and bind its memory to the node of that core."""

import ctypes
import ctypes.util
import os

from vecq.bench.machine import nodes


def pin(core: int) -> None:
    """Pin this process to a core."""
    os.sched_setaffinity(0, {core})


def node_of(core: int) -> int:
    """Return the memory node of a core."""
    return next((node for node, cores in nodes().items() if core in cores), 0)


def library() -> ctypes.CDLL | None:
    """Return libnuma if it is installed and the kernel supports it."""
    found = ctypes.util.find_library("numa")
    if found is None:
        return None
    numa = ctypes.CDLL(found)
    return numa if numa.numa_available() >= 0 else None


def bind(node: int) -> None:
    """Make this process prefer the memory of a node."""
    numa = library()
    if numa is not None:
        numa.numa_set_preferred(ctypes.c_int(node))


def remark() -> str:
    """Describe the effect of NUMA binding on this machine, for the notes of a run."""
    count = len(nodes())
    if count == 1:
        return "numa: one memory node, nothing to bind"
    if library() is None:
        return f"numa: {count} memory nodes, but libnuma is not installed: processes are not bound"
    return f"numa: {count} memory nodes, every process prefers the memory of its core's node"

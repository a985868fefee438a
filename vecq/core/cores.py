"""Physical cores and memory nodes of this machine, and the binding of a process to them."""

import ctypes
import ctypes.util
import os
from pathlib import Path

SYSTEM = Path("/sys/devices/system")


def physical_cores() -> list[int]:
    """Return one logical core of each physical core that this process may use."""
    firsts: dict[str, int] = {}
    for core in sorted(os.sched_getaffinity(0)):
        siblings = SYSTEM / f"cpu/cpu{core}/topology/thread_siblings_list"
        firsts.setdefault(siblings.read_text() if siblings.exists() else str(core), core)
    return list(firsts.values())


def nodes() -> dict[int, set[int]]:
    """Return the logical cores of each memory node."""
    found = {
        int(folder.name.removeprefix("node")): _cores((folder / "cpulist").read_text())
        for folder in SYSTEM.glob("node/node[0-9]*")
    }
    return found or {0: os.sched_getaffinity(0)}


def pin(core: int) -> None:
    """Pin this process to a core."""
    os.sched_setaffinity(0, {core})


def node_of(core: int) -> int:
    """Return the memory node of a core."""
    return next((node for node, cores in nodes().items() if core in cores), 0)


def libnuma() -> ctypes.CDLL | None:
    """Return libnuma if it is installed and the kernel supports it."""
    found = ctypes.util.find_library("numa")
    if found is None:
        return None
    numa = ctypes.CDLL(found)
    return numa if numa.numa_available() >= 0 else None


def bind(node: int) -> None:
    """Make this process prefer the memory of a node."""
    numa = libnuma()
    if numa is not None:
        numa.numa_set_preferred(ctypes.c_int(node))


def _cores(text: str) -> set[int]:
    """Parse a list such as 0-3,8."""
    found: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found

"""The machine and the package versions of a run."""

import ctypes
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import vecq

SYSTEM = Path("/sys/devices/system")
PACKAGES = ("vecq", "numpy", "hnswlib", "faiss-cpu", "usearch", "scalable-vs", "pyvsag", "zvec")


def machine() -> dict[str, Any]:
    """Return the properties of the machine that results depend on.

    >>> machine()["cores"] >= 1
    True
    """
    return {
        "cpu": _cpu(),
        "cores": len(physical_cores()),
        "logical_cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "isa": vecq.cpu().active,
        "kernel": f"{platform.system()} {platform.release()}",
        "nodes": len(nodes()),
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of all installed contenders."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package.removesuffix("-cpu")] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


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


def private_bytes() -> int:
    """Return the private memory of this process, without mapped files.

    Freed memory is returned to the system first, since its reuse would hide growth.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc
    if trim is not None:
        trim(0)
    resident, shared = map(int, Path("/proc/self/statm").read_text().split()[1:3])
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def _cores(text: str) -> set[int]:
    """Parse a list such as 0-3,8."""
    found: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

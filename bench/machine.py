"""The machine and the package versions of a run."""

import ctypes
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import vecq
from vecq.core.cores import nodes, physical_cores

PACKAGES = (
    *("vecq", "numpy", "hnswlib", "faiss-cpu", "usearch"),
    *("scalable-vs", "pyvsag", "zvec", "rabitqlib", "scann"),
)


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


def private_bytes() -> int:
    """Return the private memory of this process, without mapped files.

    Freed memory is returned to the system first, since its reuse would hide growth.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc
    if trim is not None:
        trim(0)
    resident, shared = map(int, Path("/proc/self/statm").read_text().split()[1:3])
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

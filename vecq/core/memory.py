"""The memory limit of this process."""

from vecq._native import ffi, lib
from vecq.core.errors import call


def memory_limit() -> int:
    """Return the memory of the machine, or the tightest cgroup limit, in bytes."""
    bytes_ = ffi.new("uint64_t *")
    call(lib.vecq_memory_limit, bytes_)
    return int(bytes_[0])

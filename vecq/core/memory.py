"""How much memory there is."""

from vecq._native import ffi, lib
from vecq.core.errors import call


def memory_limit() -> int:
    """Bytes that this process may have: the machine's, or the least of its control groups'."""
    bytes_ = ffi.new("uint64_t *")
    call(lib.vecq_memory_limit, bytes_)
    return int(bytes_[0])

"""Writes the C source of vecq._native from the marked spans of vecq.h and vecq_internal.h."""

import re
import sys
from pathlib import Path

from cffi import FFI

INCLUDE = Path(__file__).resolve().parent.parent / "include"
# In the order of inclusion. Python's own benchmarks need the internal one.
HEADERS = (INCLUDE / "vecq.h", INCLUDE / "vecq_internal.h")


def binding() -> FFI:
    ffi = FFI()
    for header in HEADERS:
        span = re.search(r"\[cdef\].*\n((?:.*\n)*?).*\[/cdef\]", header.read_text())
        if not span:
            raise SystemExit(f"{header}: no span between the marks [cdef] and [/cdef]")
        ffi.cdef(span[1])
    ffi.set_source("vecq._native", '#include "vecq_internal.h"')
    return ffi


if __name__ == "__main__":
    binding().emit_c_code(sys.argv[1])

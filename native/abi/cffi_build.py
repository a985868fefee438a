"""Writes the C source of vecq._native from the marked span of vecq.h."""

import re
import sys
from pathlib import Path

from cffi import FFI

HEADER = Path(__file__).resolve().parent.parent / "include" / "vecq.h"


def binding() -> FFI:
    span = re.search(r"\[cdef\].*\n((?:.*\n)*?).*\[/cdef\]", HEADER.read_text())
    if not span:
        raise SystemExit(f"{HEADER}: no span between the marks [cdef] and [/cdef]")
    ffi = FFI()
    ffi.cdef(span[1])
    ffi.set_source("vecq._native", '#include "vecq.h"')
    return ffi


if __name__ == "__main__":
    binding().emit_c_code(sys.argv[1])

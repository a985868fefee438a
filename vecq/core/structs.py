"""Native structs, which carry their size so that versions of the ABI are compatible."""

from functools import cache
from typing import Any

from vecq._native import ffi


def new_struct(name: str) -> Any:
    """Return a zeroed struct of the C ABI with `struct_size` set."""
    pointer_type, size = _type_of(name)
    made = ffi.new(pointer_type)
    made.struct_size = size
    return made


@cache
def _type_of(name: str) -> tuple[Any, int]:
    return ffi.typeof(f"{name} *"), ffi.sizeof(name)

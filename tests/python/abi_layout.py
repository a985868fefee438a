"""The frozen C ABI: functions with their types, layouts of structs, and values of enumerations.

After a change that keeps callers working (a new function, a field at the end of a struct that has
a struct_size, a new enumerator), from the root of the repository:
    python tests/python/abi_layout.py > tests/abi.txt
The bindings compare their own declarations with that file.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from vecq._native import ffi, lib

HEADER = Path(__file__).parents[2] / "native" / "include" / "vecq.h"
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def functions() -> list[str]:
    """Names of the functions that vecq.h declares."""
    return sorted(set(re.findall(r"\b(vecq_\w+)\(", COMMENT.sub("", HEADER.read_text()))))


def public_types() -> Iterator[str]:
    """Names of the structs and enumerations that vecq.h declares, sorted."""
    text = COMMENT.sub("", HEADER.read_text())
    for name in sorted(ffi.list_types()[0]):
        if re.search(rf"\}} {name};", text):
            yield name


def layout() -> Iterator[str]:
    """The lines of the file. Opaque structs are named as other types are."""
    return (re.sub(r"(?<=.)struct (?=vecq)", "", line) for line in _declarations())


def _declarations() -> Iterator[str]:
    for name in functions():
        kind = ffi.typeof(getattr(lib, name))
        arguments = ", ".join(own.cname for own in kind.args) or "void"
        yield f"function {name} {kind.result.cname} ({arguments})"
    for name in public_types():
        kind = ffi.typeof(name)
        if kind.kind == "enum":
            yield f"enum {name}"
            for value, own in sorted(kind.elements.items()):
                yield f"  {own} = {value}"
        else:
            yield f"struct {name}: {ffi.sizeof(kind)} bytes"
            for field, own in kind.fields:
                yield f"  {own.offset} {field}: {own.type.cname}"


def main() -> None:
    print("\n".join(layout()))


if __name__ == "__main__":
    main()

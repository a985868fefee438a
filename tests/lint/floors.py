"""Checks that imports point down only, in native/ as well as between the Python packages."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

FLOORS = (
    ("base",),
    ("graph", "scan", "quant", "kernels", "storage"),
    ("engine",),
    ("index",),
    ("abi",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')
SOURCES = {".h", ".hpp", ".cpp"}
# The headers of the C ABI, and who may include each.
ABI_READERS = {
    "vecq.h": ("abi", "include", "base/status.hpp"),
    "vecq_internal.h": ("abi",),
}


def include_fault(file: Path, target: str) -> str | None:
    """What is wrong with `file`, a path below native/, including `target`."""
    room, other = file.parts[0], target.split("/")[0]
    if target in ABI_READERS:
        readers = ABI_READERS[target]
        allowed = room in readers or file.as_posix() in readers
        return None if allowed else f"only {' and '.join(readers)} may include {target}"
    if room not in FLOOR:
        return f"{room} is not a room of the house"
    if other not in FLOOR or "/" not in target:
        return f'"{target}" does not start with a room ({", ".join(FLOOR)})'
    if room == other or FLOOR[other] < FLOOR[room]:
        return None
    relation = "they are strangers on one floor" if FLOOR[other] == FLOOR[room] else "it is above"
    return f"{room} may not include {other} ({relation})"


def native_faults(root: Path) -> Iterator[str]:
    native = root / "native"
    for file in sorted(native.rglob("*")):
        if file.suffix not in SOURCES:
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            fault = match and include_fault(file.relative_to(native), match[1])
            if fault:
                yield f"{file.relative_to(root)}:{number}: {fault}"


def imports(file: Path, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything that `file`, a module of `package`, imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *filter(None, [node.module])))
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def import_fault(file: Path, name: str) -> str | None:
    """What is wrong with `file`, a path below the root, importing `name`."""
    folder, parts = file.parts[0], name.split(".")
    if folder == "vecq":
        outer = "".join(parts[1:2] if parts[0] == "vecq" else parts[:1])
        if outer in ("datasets", "bench") and file.parts[1] != "cli":
            return f"vecq may not import {outer} (only vecq/cli may)"
    elif parts[0] == "vecq" and any(re.match("_(?!_)", part) for part in parts):
        return f"{folder} may not import {name} (it sees only the public vecq)"
    return None


def python_faults(root: Path) -> Iterator[str]:
    for folder in ("vecq", "datasets", "bench"):
        home = ("vecq",) if folder == "vecq" else ("vecq", folder)
        for file in sorted((root / folder).rglob("*.py")):
            path = file.relative_to(root)
            for number, name in imports(file, home + path.parts[1:-1]):
                fault = import_fault(path, name)
                if fault:
                    yield f"{path}:{number}: {fault}"


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2]
    faults = [*native_faults(root), *python_faults(root)]
    print(*faults, sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

"""Checks that imports point down only, in native/ as well as between the Python packages.

Compiles each native header on its own and in sight of the rooms below its own only, so that it
includes all that it uses, and nothing that it uses is declared above. Bodies (*.inl.hpp) are
included by engines in a fixed order and are not headers; those of bindings need other languages'
headers. Checks the length of lines, too.
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

FLOORS = (
    ("base",),
    ("graph", "quant", "kernels", "storage"),
    ("engine",),
    ("rows",),
    ("search", "build", "persist"),
    ("index",),
    ("abi",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)[">]')
SOURCES = {".h", ".hpp", ".cpp"}
COLUMNS = 100
COMPILE = (os.environ.get("CXX", "c++"), "-std=c++20", "-fsyntax-only", "-w", "-x", "c++", "-")
COMPILER_ERROR = re.compile(r"(.+?):(\d+):(?:\d+:)? (?:fatal )?error: (.+)")
# The headers of the C ABI, and who may include each.
ABI_READERS = {
    "vecq.h": ("abi", "bindings", "include", "base/status.hpp"),
    "vecq_internal.h": ("abi",),
}

# Packages above vecq, and which of its rooms may import each.
OUTER_READERS = {"datasets": ("cli", "streams"), "bench": ("cli",)}


def include_fault(file: Path, target: str) -> str | None:
    """What is wrong with `file`, a path below native/, including `target`."""
    room, other = file.parts[0], target.split("/")[0]
    if target in ABI_READERS:
        readers = ABI_READERS[target]
        allowed = room in readers or file.as_posix() in readers
        return None if allowed else f"only {' and '.join(readers)} may include {target}"
    if room == "bindings" and "/" not in target:
        return None  # a header beside it
    if room not in FLOOR:
        return f"{room} is not a room of the house"
    if other not in FLOOR or "/" not in target:
        return f'"{target}" does not start with a room ({", ".join(FLOOR)})'
    if room == other or FLOOR[other] < FLOOR[room]:
        return None
    relation = "they are strangers on one floor" if FLOOR[other] == FLOOR[room] else "it is above"
    return f"{room} may not include {other} ({relation})"


def is_room_header(target: str) -> bool:
    return target in ABI_READERS or ("/" in target and target.split("/")[0] in FLOOR)


def include_faults(root: Path) -> Iterator[str]:
    native = root / "native"
    for file in sorted(native.rglob("*")):
        if file.suffix not in SOURCES:
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match or (match[1] == "<" and not is_room_header(match[2])):
                continue
            fault = include_fault(file.relative_to(native), match[2])
            if fault:
                yield f"{file.relative_to(root)}:{number}: {fault}"


def make_views(native: Path, views: Path) -> None:
    """Make a folder per room that links to the room itself and to the rooms below it."""
    for room, floor in FLOOR.items():
        (views / room).mkdir()
        for other, below in FLOOR.items():
            if room == other or below < floor:
                (views / room / other).symlink_to(native / other)


def compile_fault(native: Path, views: Path, header: Path) -> str | None:
    """The first error of compiling a file that includes only `header`, a path below native/."""
    view, include = views / header.parts[0], native / "include"
    name = header.name if header.parts[0] == "include" else header.as_posix()
    result = subprocess.run(
        [*COMPILE, "-I", view, "-I", include],
        input=f'#include "{name}"\n',
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    if result.returncode == 0:
        return None
    error = COMPILER_ERROR.search(result.stderr)
    if error is None:
        return f"native/{header}:1: does not compile on its own: {result.stderr.strip()}"
    path = error[1]
    for folder, shown in ((view, "native"), (include, "native/include"), (native, "native")):
        path = path.replace(str(folder), shown)
    if path == "<stdin>":
        path = f"native/{header}"
    return f"{path}:{error[2]}: does not compile on its own: {error[3]}"


def header_faults(root: Path) -> Iterator[str]:
    native = (root / "native").resolve()
    headers = [
        file.relative_to(native)
        for file in sorted(native.rglob("*.h*"))
        if file.suffix in SOURCES and not file.name.endswith(".inl.hpp")
        if file.relative_to(native).parts[0] != "bindings"
    ]
    with TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        views = Path(folder)
        make_views(native, views)
        found = pool.map(lambda header: compile_fault(native, views, header), headers)
        # All that include a broken header meet its error.
        yield from dict.fromkeys(fault for fault in found if fault)


def native_faults(root: Path) -> Iterator[str]:
    faults = list(include_faults(root))
    # A violating include fails to compile: one report of it is enough.
    yield from faults or header_faults(root)


def column_faults(root: Path) -> Iterator[str]:
    for folder in ("native", "tests", "vecq", "bench", "datasets"):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in SOURCES | {".py"}:
                continue
            for number, line in enumerate(file.read_text().splitlines(), 1):
                if len(line) > COLUMNS:
                    yield (
                        f"{file.relative_to(root)}:{number}: "
                        f"{len(line)} columns, at most {COLUMNS} are allowed"
                    )


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
        readers = OUTER_READERS.get(outer)
        if readers and file.parts[1] not in readers:
            return f"vecq may not import {outer} (only vecq/{' and vecq/'.join(readers)} may)"
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
    faults = [*native_faults(root), *python_faults(root), *column_faults(root)]
    print(*faults, sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

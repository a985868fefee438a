"""Tests the bindings against an installed libvecq: C, C++, Java, Go and Rust.

    python tests/bindings/run.py PREFIX [LANGUAGE ...]

PREFIX is the tree that `cmake --install` made. A language whose tools are missing is skipped, and
the summary says so. Needs the standard library only.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
BINDINGS = ROOT / "native" / "bindings"


class Tree:
    """An installed tree, and commands that use it."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        self.lib = next(path.parent for path in prefix.glob("lib*/**/libvecq.a"))
        self.environment = {
            **os.environ,
            "CMAKE_PREFIX_PATH": str(prefix),
            "PKG_CONFIG_PATH": str(self.lib / "pkgconfig"),
            "LD_LIBRARY_PATH": str(self.lib),
            "VECQ_DIR": str(prefix),
        }

    def run(self, *command: str | Path, folder: Path = ROOT) -> str:
        """Run a command and return its output; it is printed if the command fails."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode != 0:
            print(done.stdout)
            raise SystemExit(f"*** FAILED: {' '.join(map(str, command))}")
        return done.stdout

    def build(self, source: Path, build: Path) -> None:
        """Configure and build a CMake project."""
        self.run("cmake", "--log-level=WARNING", "-G", "Ninja", "-S", source, "-B", build)
        self.run("cmake", "--build", build)


def blocks(file: Path, language: str) -> list[str]:
    """The code blocks of a Markdown file."""
    return re.findall(rf"```{language}\n(.*?)```", file.read_text(), flags=re.S)


def test_c(tree: Tree, folder: Path) -> None:
    """The exported symbols are the frozen ones, and pkg-config suffices to link a C program."""
    symbols = tree.run("nm", "-D", "--defined-only", tree.lib / "libvecq.so")
    exported = set(re.findall(r" [A-Z] (vecq_\w+)", symbols))
    frozen = set(re.findall(r"^function (\w+)", (TESTS / "abi.txt").read_text(), flags=re.M))
    if exported != frozen:
        raise SystemExit(f"*** FAILED: exported and frozen differ: {exported ^ frozen}")
    source = folder / "version.c"
    source.write_text(
        "#include <stdio.h>\n#include <vecq.h>\nint main(void) { puts(vecq_version()); }\n"
    )
    flags = tree.run("pkg-config", "--cflags", "--libs", "vecq").split()
    tree.run(
        "cc", "-std=c99", "-Wall", "-Wextra", "-Werror", source, "-o", folder / "version", *flags
    )
    version = tree.run(folder / "version").strip()
    if f'version = "{version}"' not in (ROOT / "pyproject.toml").read_text():
        raise SystemExit(f"*** FAILED: the library says it is {version}")


def test_cpp(tree: Tree, folder: Path) -> None:
    """The C++ face, shared and static, and the example of the README in a project of its own."""
    tree.build(TESTS / "bindings" / "cpp", folder / "build")
    for library in ("vecq", "vecq_static"):
        tree.run(folder / "build" / f"test_{library}", TESTS)
    project = folder / "project"
    project.mkdir()
    readme = ROOT / "README.md"
    (project / "search.cpp").write_text(blocks(readme, "cpp")[0])
    (project / "CMakeLists.txt").write_text(blocks(readme, "cmake")[0])
    shutil.copy(TESTS / "fixtures" / "format-1-l2.vecq", project / "items.vecq")
    tree.build(project, project / "build")
    found = tree.run(project / "build" / "search", folder=project)
    if len(found.splitlines()) != 10:
        raise SystemExit(f"*** FAILED: the example of the README printed\n{found}")


def test_java(tree: Tree, folder: Path) -> None:
    """The JNI library, the tests of Maven, offline where its repository has what it needs, and the
    program of docs/languages.md."""
    java = BINDINGS / "java"
    tree.build(java, ROOT / "build" / "bindings" / "java")
    offline = subprocess.run(
        ["mvn", "-B", "-o", "test"],
        cwd=java,
        env=tree.environment,
        text=True,
        capture_output=True,
    )
    if "ResolutionException" in offline.stdout:
        tree.run("mvn", "-B", "-ntp", "test", folder=java)
    elif offline.returncode != 0:
        print(offline.stdout)
        raise SystemExit("*** FAILED: mvn test")
    (folder / "Search.java").write_text(blocks(ROOT / "docs" / "languages.md", "java")[0])
    shutil.copy(TESTS / "fixtures" / "format-1-l2.vecq", folder / "items.vecq")
    (library,) = (java / "target" / "native").rglob("libvecq_jni.*")
    options = (f"-Dvecq.library={library}", "-cp", java / "target" / "classes")
    found = tree.run("java", *options, "Search.java", folder=folder)
    if len(found.splitlines()) != 10:
        raise SystemExit(f"*** FAILED: the program of docs/languages.md printed\n{found}")


def test_go(tree: Tree, folder: Path) -> None:
    """The tests and examples of the module."""
    tree.run("go", "vet", "./...", folder=BINDINGS / "go")
    tree.run("go", "test", "-count=1", "./...", folder=BINDINGS / "go")


def test_rust(tree: Tree, folder: Path) -> None:
    """The tests, examples and documentation of both crates."""
    tree.run("cargo", "test", "-q", "--offline", "--all-targets", folder=BINDINGS / "rust")
    tree.run("cargo", "test", "-q", "--offline", "--doc", folder=BINDINGS / "rust")


Test = Callable[[Tree, Path], None]
LANGUAGES: dict[str, tuple[Test, tuple[str, ...]]] = {
    "c": (test_c, ("cc", "pkg-config", "nm")),
    "cpp": (test_cpp, ("c++", "cmake", "ninja")),
    "java": (test_java, ("javac", "mvn", "cmake", "ninja")),
    "go": (test_go, ("go", "pkg-config", "cc")),
    "rust": (test_rust, ("cargo", "cc")),
}


def main() -> None:
    prefix, *names = sys.argv[1:]
    tree = Tree(Path(prefix).resolve())
    passed, skipped = 0, []
    for name in names or LANGUAGES:
        test, tools = LANGUAGES[name]
        missing = [tool for tool in tools if shutil.which(tool) is None]
        if missing:
            skipped.append(name)
            print(f"*** SKIPPED: {name} needs {' and '.join(missing)}. ***", flush=True)
            continue
        start = time.monotonic()
        with TemporaryDirectory() as folder:
            test(tree, Path(folder))
        passed += 1
        print(f"bindings: {name} passed in {time.monotonic() - start:.0f} s", flush=True)
    print(f"bindings: {passed} passed, 0 failed, {len(skipped)} skipped")


if __name__ == "__main__":
    main()

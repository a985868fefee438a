import subprocess
import sys
from pathlib import Path

import pytest

FLOORS = Path(__file__).parents[1] / "lint" / "floors.py"


def faults(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    result = subprocess.run(
        [sys.executable, FLOORS, root], capture_output=True, text=True, check=False
    )
    assert not result.stderr
    assert result.returncode == (1 if result.stdout else 0)
    return result.stdout.splitlines()


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        ("native/quant/a.hpp", '\n#include "kernels/b.hpp"', "2: quant may not include kernels"),
        ("native/build/a.hpp", '#include "search/b.hpp"', "1: build may not include search"),
        ("native/engine/a.hpp", '#include "rows/b.hpp"', "1: engine may not include rows"),
        ("native/rows/a.hpp", "#include <persist/b.hpp>", "1: rows may not include persist"),
        ("native/base/a.cpp", '#include "abi/b.hpp"', "1: base may not include abi"),
        ("native/engine/a.cpp", ' # include "index/b.hpp"', "1: engine may not include index"),
        ("native/engine/a.cpp", '#include "vecq.h"', "1: only abi and bindings and include and"),
        ("native/engine/a.cpp", '#include "vecq_internal.h"', "1: only abi may include"),
        ("native/base/status.hpp", '#include "vecq_internal.h"', "1: only abi may include"),
        ("native/include/vecq.h", '#include "vecq_internal.h"', "1: only abi may include"),
        ("native/attic/a.cpp", '#include "base/b.hpp"', "1: attic is not a room"),
        ("native/graph/a.cpp", '#include "b.hpp"', '1: "b.hpp" does not start with a room'),
        ("native/rows/a.hpp", "\nstd::size_t f();", "2: does not compile on its own"),
        ("native/base/a.hpp", f"int a;\n// {'x' * 98}", "2: 101 columns, at most 100"),
        ("native/base/a.inl.hpp", f"// {'x' * 98}", "1: 101 columns, at most 100"),
        ("tests/native/a.cpp", f"// {'x' * 98}", "1: 101 columns, at most 100"),
        ("vecq/a.py", f"# {'x' * 99}", "1: 101 columns, at most 100"),
        ("datasets/a.py", "import vecq._native", "1: datasets may not import vecq._native"),
        ("bench/a.py", "from vecq import _native", "1: bench may not import vecq._native"),
        ("bench/a/b.py", "from ..._native import lib", "1: bench may not import vecq._native"),
        ("vecq/a.py", "import vecq.bench", "1: vecq may not import bench"),
        ("vecq/a/cli.py", "from .. import datasets", "1: vecq may not import datasets"),
    ],
)
def test_a_fault_is_named(tmp_path, file, text, fault):
    (line,) = faults(tmp_path, {file: text})
    assert line.startswith(f"{file}:{fault}")


def test_a_header_includes_what_it_uses(tmp_path):
    house = {
        "native/base/a.hpp": "#pragma once\nstruct A {};\n",
        "native/graph/b.hpp": '#pragma once\n#include "base/a.hpp"\nstruct B : A {};\n',
        "native/graph/c.hpp": "struct C : A {};\n",
        "native/rows/d.hpp": '#include "graph/b.hpp"\n#include "graph/c.hpp"\n',
    }
    (line,) = faults(tmp_path, house)
    assert line.startswith("native/graph/c.hpp:1: does not compile on its own")


def test_a_header_sees_only_the_rooms_below(tmp_path):
    house = {
        "native/search/a.hpp": "struct A {};\n",
        "native/build/b.hpp": '#define ROOM "search/a.hpp"\n#include ROOM\nstruct B : A {};\n',
    }
    (line,) = faults(tmp_path, house)
    assert line.startswith("native/build/b.hpp:")
    assert "does not compile on its own" in line
    assert "search/a.hpp" in line


def test_what_points_down_is_accepted(tmp_path):
    house = {
        "native/base/c.hpp": "struct C {};\n",
        "native/graph/b.hpp": "",
        "native/graph/c.inl.hpp": "Body of(Engine);\n",
        "native/engine/b.hpp": '#include "base/c.hpp"\n',
        "native/include/vecq.h": "",
        "native/abi/a.cpp": '#include <vector>\n#include "vecq.h"\n#include "engine/b.hpp"\n',
        "native/abi/internal/a.cpp": '#include "abi/b.hpp"\n#include "vecq_internal.h"\n',
        "native/include/vecq_internal.h": '#include "vecq.h"\n',
        "native/base/status.hpp": '#include "vecq.h"\n',
        "native/engine/a.cpp": '#include "engine/b.hpp"\n#include "graph/c.inl.hpp"\n',
        "native/graph/a.hpp": '#include "graph/b.hpp"\n#include "base/c.hpp"\n',
        "vecq/cli/a.py": "import vecq.bench\nfrom .. import datasets\n",
        "vecq/a.py": "from vecq._native import lib\n",
        "bench/a.py": "from vecq import __version__, dot\nimport vecq.datasets\n",
    }
    assert faults(tmp_path, house) == []

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

Python = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def python() -> Python:
    """Runs code in a fresh interpreter, `isa` being what VECQ_ISA forces."""

    def run(code: str, isa: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-I", "-c", code],
            env={**os.environ, "VECQ_ISA": isa},
            capture_output=True,
            text=True,
        )

    return run

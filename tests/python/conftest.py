import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vecq

# bench/studies is not installed: its tests import it from the checkout.
sys.path.append(str(Path(__file__).parents[2] / "bench"))

# Before ray is imported: tests keep its ports on the loopback address, and send nothing.
os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

Python = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Enable Ctrl-C, which shells ignore in background jobs."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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


@pytest.fixture
def refuse() -> Callable[..., None]:
    """Expects an ArgumentError that names `argument`, and whose text `message` matches."""

    def call(argument: str, message: str, function: Callable[..., object], *args, **kwargs) -> None:
        with pytest.raises(vecq.ArgumentError, match=message or None) as caught:
            function(*args, **kwargs)
        assert caught.value.argument == argument
        assert argument in str(caught.value)

    return call

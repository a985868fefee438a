"""Runs the commands as users do, in a folder of their own."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

DIM = 32


class Shell:
    """Commands, run where files of vectors lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: object, code: int = 0) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-I", "-m", "vecq", *map(str, words)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    def json(self, *words: object, code: int = 0) -> dict:
        return json.loads(self(*words, "--json", code=code).stdout)

    def refuses(self, message: str, *words: object) -> None:
        """Expects a user's error: one line that says what to do, and nothing on standard output."""
        done = self(*words, code=2)
        assert done.stdout == ""
        assert message in done.stderr
        assert "None" not in done.stderr
        assert done.stderr.startswith(f"vecq {words[0]}: ")
        assert len(done.stderr.splitlines()) == 1


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("shell")
    rng = np.random.default_rng(5)
    np.save(folder / "items.npy", rng.standard_normal((2000, DIM), np.float32))
    np.save(folder / "users.npy", rng.standard_normal((40, DIM), np.float32))
    return Shell(folder)


@pytest.fixture(scope="module")
def load(shell: Shell) -> Callable[[str], np.ndarray]:
    return lambda name: np.load(shell.folder / name)

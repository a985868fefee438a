"""Ctrl-C and errors of the caller at any moment leave no file, and an older one as it was."""

import signal

import numpy as np
import pytest

import vecq

DIM, ROWS = 16, 4_000
ITEMS = np.random.default_rng(0).standard_normal((ROWS, DIM)).astype(np.float32)


@pytest.fixture(params=[True, False], ids=["over an older file", "new"])
def target(request, tmp_path):
    path = tmp_path / "items.vecq"
    if request.param:
        vecq.build(ITEMS[:100], path)
    before = path.read_bytes() if path.exists() else None
    yield path
    assert (path.read_bytes() if path.exists() else None) == before
    assert [one for one in tmp_path.iterdir() if one != path] == []


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("build", ["incremental", "bulk"])
@pytest.mark.parametrize("phase", ["reading", "linking"])
def test_ctrl_c(phase, build, target):
    calls = []

    def progress(done, total):
        calls.append(done)
        is_linking = len(calls) > 10
        if done >= ROWS // 2 and is_linking == (phase == "linking"):
            signal.raise_signal(signal.SIGINT)

    blocks = (ITEMS[first : first + ROWS // 10] for first in range(0, ROWS, ROWS // 10))
    with pytest.raises(KeyboardInterrupt):
        vecq.build(blocks, target, metric="l2", build=build, progress=progress)
    assert (len(calls) > 10) == (phase == "linking")


@pytest.mark.parametrize("at", [0, 1, 5])
def test_errors_of_an_iterator_are_passed_on(at, target):
    def blocks():
        for number in range(9):
            if number == at:
                raise ZeroDivisionError
            yield ITEMS[number * 100 : number * 100 + 100]

    with pytest.raises(ZeroDivisionError):
        vecq.build(blocks(), target, metric="l2")

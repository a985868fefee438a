import math
import os
import time

import pytest

from vecq.bench.subprocess_call import LostError, call_in_subprocess


def test_a_function_runs_in_a_subprocess():
    assert call_in_subprocess(math.sqrt, 4.0, seconds=60) == 2
    assert call_in_subprocess(os.getpid, seconds=60) != os.getpid()


def test_environment_variables_are_set_in_the_subprocess_only(monkeypatch):
    monkeypatch.setenv("VECQ_TEST", "outer")
    changed = {"VECQ_TEST": "inner", "VECQ_TEST_2": "new"}
    assert call_in_subprocess(os.getenv, "VECQ_TEST", seconds=60, environment=changed) == "inner"
    assert os.environ["VECQ_TEST"] == "outer"
    assert "VECQ_TEST_2" not in os.environ


def test_errors_and_crashes_are_reported():
    with pytest.raises(RuntimeError, match="ValueError: "):
        call_in_subprocess(math.sqrt, -1.0, seconds=60)
    with pytest.raises(LostError, match="exit code 3"):
        call_in_subprocess(os._exit, 3, seconds=60)
    with pytest.raises(LostError, match="SIGABRT"):
        call_in_subprocess(os.abort, seconds=60)
    with pytest.raises(LostError, match=r"took more than 0\.5 s"):
        call_in_subprocess(time.sleep, 60, seconds=0.5)

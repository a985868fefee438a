import math
import os
import time

import pytest

from vecq.bench.child import LostError, ask


def test_a_function_is_called_elsewhere():
    assert ask(math.sqrt, 4.0, seconds=60) == 2
    assert ask(os.getpid, seconds=60) != os.getpid()


def test_the_environment_is_that_of_the_other_process_alone(monkeypatch):
    monkeypatch.setenv("VECQ_TEST", "outer")
    changed = {"VECQ_TEST": "inner", "VECQ_TEST_2": "new"}
    assert ask(os.getenv, "VECQ_TEST", seconds=60, environment=changed) == "inner"
    assert os.environ["VECQ_TEST"] == "outer"
    assert "VECQ_TEST_2" not in os.environ


def test_what_goes_wrong_is_told():
    with pytest.raises(RuntimeError, match="ValueError: "):
        ask(math.sqrt, -1.0, seconds=60)
    with pytest.raises(LostError, match="exit code 3"):
        ask(os._exit, 3, seconds=60)
    with pytest.raises(LostError, match="SIGABRT"):
        ask(os.abort, seconds=60)
    with pytest.raises(LostError, match=r"took more than 0\.5 s"):
        ask(time.sleep, 60, seconds=0.5)

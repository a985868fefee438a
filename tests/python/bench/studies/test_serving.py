"""The study of the service runs, and says what it compares."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vecq.core.cores import physical_cores

ROOT = Path(__file__).parents[4]


@pytest.mark.skipif(len(physical_cores()) < 2, reason="one core only: the study needs two")
def test_every_handler_answers_and_the_service_is_compared_with_each():
    options = ("--rows", "2000", "--seconds", "0.1", "--repetitions", "1")
    command = [sys.executable, "-I", "bench/studies", "serving", *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    *handlers, batches, latency = map(json.loads, done.stdout.splitlines())
    names = [line["handler"] for line in handlers]
    assert names[:2] == ["vecq serve", "empty, server of vecq serve"]
    assert names[2:] in ([], ["empty, uvicorn"])
    assert handlers[0]["vecq serve / this"] == 1
    assert all(line["requests/s"] > 0 and line["us of CPU"] > 0 for line in handlers)
    assert batches["served / in process"] > 0
    assert 0 < latency["p50 ms"] <= latency["p99 ms"]
    assert 0 < latency["queue alone"]["p50 ms"] <= latency["queue alone"]["p99 ms"]

"""vecq bench-serve against a real service."""

import json
import subprocess
import sys

import numpy as np
import pytest

import vecq
from vecq.bench.serving import Load, measure
from vecq.bench.serving.requests import Address, messages
from vecq.cli import main

DIM = 8


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    path = tmp_path_factory.mktemp("load") / "items.vecq"
    items = np.random.default_rng(0).standard_normal((300, DIM), dtype=np.float32)
    vecq.Index(DIM, "ip").add(items).save(path)
    with subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "vecq", "serve", str(path), "--port", "0"),
            *("--processes", "1", "--no-pin", "--drain-delay", "0", "--max-queries", "64"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        line = process.stderr.readline()
        yield line.split()[2]
        process.terminate()
        process.stderr.read()
        assert process.wait(60) == 0


@pytest.mark.parametrize("options", [(), ("--binary", "--queries-per-request", "8")])
def test_it_prints_a_table_and_writes_a_plot(url, tmp_path, capsys, options):
    plot = tmp_path / "load.svg"
    options = *options, "--plot", str(plot), "--loads", "0.3,0.6", "--seconds", "0.3"
    assert main(["bench-serve", url, "--k", "5", "--exclude", "3", *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "1 workers" in lines[0]
    assert [name in lines[1] for name in ("requests/s", "p50", "p99.9")] == [True] * 3
    assert "closed loop" in lines[2]
    assert len(lines) == 5
    assert plot.read_text().startswith("<svg")
    assert "p99" in plot.read_text()


def test_it_prints_json(url, capsys):
    assert main(["bench-serve", url, "--loads", "0.5", "--seconds", "0.2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["info"]["dim"] == DIM
    assert [step["failed"] for step in found["steps"]] == [0, 0]
    assert found["steps"][1]["rate"] == pytest.approx(0.5 * found["steps"][0]["answered"])
    assert 0 < found["steps"][1]["seconds"]["0.5"] <= found["steps"][1]["seconds"]["0.99"]


def test_refused_requests_count_as_failed(url):
    address = Address.of(url)
    sent = messages(address, np.ones((3, DIM + 1), np.float32), k=5)
    step = measure(address, Load(sent, connections=2, seconds=0.1, rate=100))
    assert step.failed > 0
    assert len(step.latencies) == 0


def refused(capsys, *options):
    assert main(["bench-serve", *options]) == 2
    return capsys.readouterr().err


def test_wrong_usage_is_refused(url, capsys, tmp_path):
    assert "'nowhere' is no http URL" in refused(capsys, "nowhere")
    assert "does not answer as vecq serve" in refused(capsys, "http://127.0.0.1:9")
    assert "loads is '2x'" in refused(capsys, url, "--loads", "2x")
    assert "seconds is 0.0" in refused(capsys, url, "--seconds", "0")
    assert "fewer than one request" in refused(capsys, url, "--queries-per-request", "2000")
    np.save(tmp_path / "wide.npy", np.ones((3, DIM + 1), np.float32))
    assert f"expected {DIM}" in refused(capsys, url, "--queries", str(tmp_path / "wide.npy"))

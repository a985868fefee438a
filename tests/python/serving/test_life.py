"""The life of a service: new versions under load, killed workers, the end.

VECQ_SWAPS and VECQ_KILLS set how often; `make serve-soak` sets them high.
"""

import http.client
import os
import random
import signal
import threading
from pathlib import Path

import pytest

from vecq.cli import main

from .conftest import Client, save, vectors, wait_for

SWAPS = int(os.environ.get("VECQ_SWAPS", 25))
KILLS = int(os.environ.get("VECQ_KILLS", 3))
BLOCK = 1000  # ids of version v lie between BLOCK v and BLOCK (v + 1)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("life") / "items.vecq"
    save(path)
    return path


@pytest.fixture(scope="module")
def service(path, start):
    return start(path, "--interval", "0.01")


@pytest.fixture
def client(service):
    client = service.client()
    yield client
    client.close()


class Load:
    """Clients that search until the end of a `with` block, and what they were answered."""

    def __init__(self, port, counts=(1, 1, 3, 60)):
        self.versions, self.faults, self.lost, self.done = {}, [], [], 0
        self._port, self._stop = port, threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(own,)) for own in counts]

    def _run(self, count):
        body, client = {"queries": vectors(count, seed=count).tolist(), "k": 5}, Client(self._port)
        while not self._stop.is_set():
            try:
                status, answer = client.post("/search", body)
            except (ConnectionError, http.client.HTTPException) as error:
                self.lost.append(error)
                client.close()
                continue
            except Exception as error:
                self.faults.append(error)
                return
            self.done += 1
            blocks = {id // BLOCK for ids in answer.get("ids", []) for id in ids}
            if status != 200 or len(blocks) != 1:
                self.faults.append((status, answer))
            elif self.versions.setdefault(answer["version"], blocks) != blocks:
                self.faults.append(answer)
        client.close()

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_new_versions_under_load(service, client, path):
    """No request fails, and no answer mixes two versions."""
    before = client.metric("vecq_swaps_total")
    with Load(service.port) as load:
        for number in range(1, SWAPS + 1):
            save(path, 200, first=BLOCK * number)
            wait_for(lambda number=number: client.metric("vecq_swaps_total") >= before + 2 * number)
    assert not load.faults
    assert not load.lost
    assert len(load.versions) > SWAPS // 2
    assert client.get("/info")[1]["rows"] == 200


def test_a_bad_version_is_refused(service, client, path):
    before = client.get("/readyz")
    bad = path.with_suffix(".bad")
    bad.write_bytes(path.read_bytes()[:-4096])
    bad.rename(path)
    wait_for(lambda: service.logged("the old version is kept"))
    assert client.get("/readyz") == before
    os.kill(random.choice(service.workers()), signal.SIGKILL)  # its replacement opens the old one
    wait_for(lambda: service.logged("is replaced") and len(service.workers()) == 2)
    assert {one.get("/readyz")[1]["version"] for one in [service.client() for _ in range(6)]} == {
        before[1]["version"]
    }
    save(path, 210)
    wait_for(lambda: service.client().get("/info")[1]["rows"] == 210)


def test_sighup_looks_at_the_file(service, path):
    lines = len(service.logged("SIGHUP"))
    service.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(service.logged("SIGHUP")) > lines)
    assert (
        "kept version" in service.logged("SIGHUP")[-1] or "loaded" in service.logged("SIGHUP")[-1]
    )


def test_killed_workers_are_replaced(service, path):
    """Only requests in flight on a killed worker fail, and none hangs."""
    starts = service.client().metric("vecq_starts_total")
    with Load(service.port, counts=(1,) * 6) as load:
        for _ in range(KILLS):
            done = load.done
            victim = random.choice(service.workers())
            os.kill(victim, signal.SIGKILL)
            wait_for(lambda victim=victim: victim not in service.workers())
            wait_for(lambda: len(service.workers()) == 2)
            wait_for(lambda done=done: load.done > done + 100, seconds=60)
        wait_for(lambda: len(service.logged("SIGKILL and is replaced")) >= KILLS)
    assert not load.faults
    assert len(load.lost) <= 6 * KILLS
    assert service.client().metric("vecq_starts_total") == starts + KILLS


def test_a_worker_that_is_told_to_end_is_replaced(service):
    victim = service.workers()[0]
    os.kill(victim, signal.SIGTERM)
    wait_for(lambda: victim not in service.workers() and len(service.workers()) == 2)
    # A worker that is still starting ends by the signal itself.
    ends = "exit code 0 and is replaced", "SIGTERM and is replaced"
    wait_for(lambda: any(service.logged(end) for end in ends))


def test_sigterm_answers_what_is_in_flight(start, path):
    service = start(path, "--drain-delay", "0.4", "--processes", "1")
    body = {"queries": vectors(1000, seed=3).tolist(), "k": 200, "plan": "scan"}
    answers, sent = [], threading.Event()

    def search():
        client = service.client()
        client._connection.connect()
        sent.set()
        answers.append(client.post("/search", body))

    idle, asking = service.client(), service.client()
    assert idle.get("/readyz")[0] == 200
    thread = threading.Thread(target=search)
    thread.start()
    sent.wait()
    service.process.send_signal(signal.SIGTERM)
    wait_for(lambda: asking.get("/readyz")[0] == 503)
    status, headers, _ = asking.call("GET", "/healthz")
    assert (status, headers["connection"]) == (200, "close")
    thread.join()
    assert service.process.wait(60) == 0
    assert [status for status, _ in answers] == [200]
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        idle.get("/healthz")
    with pytest.raises(ConnectionRefusedError):
        service.client().get("/healthz")
    service.close()


def test_workers_end_with_their_supervisor(start, path):
    service = start(path)
    workers = service.workers()
    service.process.kill()
    service.process.wait()
    service.close()
    wait_for(lambda: not any(Path(f"/proc/{one}/cmdline").exists() for one in workers))


def test_interrupting_ends_it(start, path):
    assert start(path).stop(signal.SIGINT) == 0


def refused(capsys, *options):
    assert main(["serve", *map(str, options)]) == 2
    return capsys.readouterr().err


def test_wrong_usage_is_refused(service, path, tmp_path, capsys, monkeypatch):
    assert "nothing.vecq: No such file" in refused(capsys, tmp_path / "nothing.vecq")
    (tmp_path / "bad.vecq").write_bytes(b"no index")
    assert "bad.vecq" in refused(capsys, tmp_path / "bad.vecq")
    text = refused(capsys, path, "--port", service.port)
    assert f"port {service.port} is in use" in text
    assert "--host is 'no.host.invalid'" in refused(capsys, path, "--host", "no.host.invalid")
    assert "--processes is -1" in refused(capsys, path, "--processes", -1)
    assert "--max-k is 0" in refused(capsys, path, "--max-k", 0)
    (tmp_path / "token").write_text("two words\n")
    assert "token is empty or has" in refused(capsys, path, "--token-file", tmp_path / "token")
    monkeypatch.setenv("VECQ_SERVE_TOKEN", "")
    assert "token is empty or has" in refused(capsys, path)

"""A real service in subprocesses on a free port of loopback, and a client over plain HTTP."""

import http.client
import json
import re
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import vecq

DIM = 16


def vectors(rows, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, DIM), dtype=np.float32)


def save(path, rows=400, first=0):
    """Save an index whose ids start at `first`."""
    index = vecq.Index(DIM, "ip").add(vectors(rows), ids=np.arange(first, first + rows))
    index.save(path, overwrite=True)
    return index


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


class Client:
    """One connection, opened again when the service has closed it."""

    def __init__(self, port, token=""):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"authorization": f"Bearer {token}"} if token else {}

    def call(self, method, path, body=None, **headers):
        """Return status, headers and body."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, path, body, {**self._headers, **named})
        response = self._connection.getresponse()
        return response.status, response.headers, response.read()

    def get(self, path):
        status, _, body = self.call("GET", path)
        return status, json.loads(body)

    def post(self, path, content):
        body = content if isinstance(content, bytes) else json.dumps(content)
        status, _, body = self.call("POST", path, body, content_type="application/json")
        return status, json.loads(body)

    def binary(self, body):
        status, _, body = self.call("POST", "/search", body, content_type="application/vnd.vecq")
        return status, body

    def metric(self, name):
        """Return the sum of a metric over its labels."""
        _, _, body = self.call("GET", "/metrics")
        found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", body.decode(), re.M)
        return sum(map(float, found))

    def close(self):
        self._connection.close()


def binary_search(queries, k, exclude=None, options=b""):
    """Return the body of a binary request."""
    ids = np.concatenate([*(exclude or []), np.empty(0)]).astype("<i8")
    lengths = (
        np.array([len(own) for own in exclude or []], "<u4") if len(ids) else np.empty(0, "<u4")
    )
    head = struct.pack("<4sIIIIIQ", b"VQS1", *queries.shape, k, len(options), 0, len(ids))
    return b"".join([head, ids.tobytes(), lengths.tobytes(), queries.tobytes(), options])


def binary_answer(body):
    """Return ids, scores and version."""
    magic, count, k, _, version, _ = struct.unpack_from("<4sIIIQQ", body)
    assert magic == b"VQR1"
    ids = np.frombuffer(body, "<i8", count * k, 32).reshape(count, k)
    scores = np.frombuffer(body, "<f4", count * k, 32 + 8 * count * k).reshape(count, k)
    return ids, scores, f"{version:016x}"


class Service:
    """A running `vecq serve`."""

    def __init__(self, path, *options, env=None):
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "vecq", "serve", str(path), "--port", "0"),
                *("--processes", "2", "--no-pin", "--drain-delay", "0.1", *options),
            ],
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        self.lines, self._clients = [], []
        threading.Thread(target=self._read, daemon=True).start()
        wait_for(lambda: self.logged("serves version") or self.process.poll() is not None)
        (line,) = self.logged("serves version") or [None]
        assert line, self.lines
        self.port = int(re.search(r":(\d+) serves", line)[1])

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)

    def logged(self, text):
        return [line for line in self.lines if text in line]

    def client(self, token=""):
        """Return a new connection, which either worker may answer."""
        self._clients.append(Client(self.port, token))
        return self._clients[-1]

    def workers(self):
        """Return the process ids of the workers."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(own) for own in task.read_text().split()]

    def stop(self, number=signal.SIGTERM):
        """End the service and return its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(60)
        self.close()
        return code

    def close(self):
        for client in self._clients:
            client.close()
        self.process.stderr.close()


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Starts services, which end with the module."""
    services = []

    def begin(path, *options, env=None):
        services.append(Service(path, *options, env=env))
        return services[-1]

    yield begin
    for service in services:
        if service.process.poll() is None:
            assert service.stop() == 0

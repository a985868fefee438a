"""Limits of `vecq serve`: the token, slow and idle clients, the queue, the deadline.

VECQ_IDLE sets the number of idle connections; `make serve-soak` sets it high.
"""

import json
import os
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import vecq
from vecq.serving.refusal import RefusalError
from vecq.serving.runner import _in_slices
from vecq.serving.search_request import SearchRequest
from vecq.serving.versions import Opening, open_version

from .conftest import binary_search, save, vectors, wait_for

IDLE = int(os.environ.get("VECQ_IDLE", 300))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("limits") / "items.vecq"
    save(path)
    return path


@pytest.fixture(scope="module")
def service(path, start):
    options = "--read-timeout", "1", "--max-waiting", "2", "--timeout", "0.3"
    return start(path, *options, "--processes", "1", "--idle-timeout", "2")


@pytest.fixture
def client(service):
    client = service.client()
    yield client
    client.close()


def connected(service):
    return socket.create_connection(("127.0.0.1", service.port), timeout=60)


def read_all(own):
    """Read until the service closes the connection."""
    parts = []
    try:
        while part := own.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def drip(own, data, pause=0.05):
    """Send byte by byte until all is sent or the connection is closed."""
    try:
        for at in range(len(data)):
            own.sendall(data[at : at + 1])
            time.sleep(pause)
    except OSError:
        return at
    return len(data)


def error_of(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]


HEAD = b"POST /search HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


@pytest.mark.parametrize("prefix", [b"", HEAD + b"content-length: 500\r\n\r\n"])
def test_a_slow_client_is_timed_out(service, client, prefix):
    with connected(service) as own:
        own.sendall(prefix)
        slow = HEAD + b"x: y\r\n" * 100
        assert drip(own, slow) < len(slow)
    with connected(service) as own:
        own.sendall(prefix + HEAD[:20])
        status, error = error_of(read_all(own))
        assert (status, error["argument"], error["type"]) == (408, "request", "timeout")
    assert client.get("/healthz")[0] == 200


def test_a_client_that_takes_no_answer_is_cut_off(service, client):
    body = json.dumps({"queries": vectors(1000).tolist(), "k": 400, "plan": "scan"}).encode()
    with connected(service) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        own.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
        wait_for(lambda: client.metric("vecq_connections") == 1)


def test_idle_connections_are_closed(start, path):
    """Hundreds of silent connections do no harm, and are closed in time."""
    seconds = 1 + IDLE / 500  # it takes a while to open thousands
    service = start(path, "--processes", "1", "--read-timeout", str(seconds))
    idle = [connected(service) for _ in range(IDLE)]
    client = service.client()
    wait_for(lambda: client.metric("vecq_connections") >= IDLE / 2)
    start = time.perf_counter()
    assert client.post("/search", {"queries": vectors(1).tolist()})[0] == 200
    assert time.perf_counter() - start < 1
    for own in idle:
        assert read_all(own) == b""
        own.close()
    client.close()


def test_a_connection_idle_after_an_answer_is_closed(service):
    with connected(service) as own:
        own.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        start = time.monotonic()
        assert b"alive" in read_all(own)
        assert 1 < time.monotonic() - start < 10


@pytest.mark.parametrize(
    "data",
    [
        b"\0\1\2\3\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
    ],
)
def test_malformed_http_is_refused(service, client, data):
    with connected(service) as own:
        own.sendall(data)
        status, error = error_of(read_all(own))
    assert (status, error["type"], error["argument"]) == (400, "malformed", "request")
    assert client.get("/healthz")[0] == 200


def test_endless_headers_are_refused(service, client):
    with connected(service) as own:
        own.sendall(b"GET /healthz HTTP/1.1\r\n")
        try:
            for _ in range(1000):
                own.sendall(b"x: " + b"y" * 1000 + b"\r\n")
        except OSError:
            pass
        answer = read_all(own)
    assert not answer or error_of(answer)[0] == 431
    assert client.get("/healthz")[0] == 200


def test_a_request_that_came_too_late_is_refused(service):
    body = json.dumps({"queries": vectors(1).tolist()}).encode()
    with connected(service) as own:
        own.sendall(HEAD + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body))
        time.sleep(0.35)
        own.sendall(body)
        answer = read_all(own)
    assert error_of(answer)[0] == 503
    assert b"retry-after: 1" in answer


def test_the_deadline_ends_a_search_between_slices(path):
    version = open_version(str(path), Opening(warm=0))
    request = SearchRequest(400, {"plan": "scan"}, None, vectors(60_000))
    with pytest.raises(
        RefusalError, match=r"the deadline passed after \d+ of 60000 queries"
    ) as caught:
        _in_slices(version, request, time.monotonic() + 0.02)
    assert caught.value.status == 504


def test_slices_answer_as_one_search(path):
    index, queries = vecq.open(path), vectors(200)
    request = SearchRequest(7, {"ef": 300}, None, queries, ([1] * 200, np.arange(200)))
    answer = _in_slices(open_version(str(path), Opening(warm=0)), request, time.monotonic() + 60)
    found = index.search(queries, 7, ef=300, exclude=(np.arange(201), np.arange(200)))
    assert np.array_equal(answer.ids, found.ids)
    assert np.array_equal(answer.scores, found.scores)


def test_a_full_queue_is_refused(service):
    """Heavy requests wait for the thread; those beyond the queue get 429 at once."""
    body, found = binary_search(vectors(1000), 300, None, b'{"plan": "scan"}'), []

    def search():
        for _ in range(4):
            client = service.client()
            with suppress(ConnectionError):  # on a busy machine it sends too slowly
                found.append(client.binary(body))
            client.close()

    threads = [threading.Thread(target=search) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = [status for status, _ in found]
    assert set(statuses) <= {200, 429, 503, 504}
    assert 429 in statuses
    answer = next(answer for status, answer in found if status == 429)
    assert json.loads(answer)["error"]["type"] == "busy"


def test_concurrent_requests_get_their_own_answers(start, path):
    """Micro-batches give each request what it asked for, and faults to the one at fault."""
    service, index = start(path, "--processes", "1"), vecq.open(path)
    faults = []

    def search(seed):
        client = service.client()
        for number in range(40):
            query = vectors(1 + seed % 3, seed=1000 * seed + number)
            body = {"queries": query.tolist(), "k": 5 + seed % 2}
            exclude = None
            if seed % 4:
                body["exclude"] = exclude = [[number, number + 7]] * len(query)
            if seed == 7:
                body["queries"][0][3] = 1e39
            status, answer = client.post("/search", body)
            if seed == 7:
                if status != 422:
                    faults.append(answer)
                continue
            expected = index.search(query, body["k"], exclude=exclude)
            if status != 200 or not np.array_equal(answer["ids"], expected.ids):
                faults.append((seed, number, answer))
        client.close()

    threads = [threading.Thread(target=search, args=(seed,)) for seed in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert service.client().metric("vecq_micro_batched_requests_total") > 0


def test_a_token_is_needed(start, path):
    env = {**os.environ, "VECQ_SERVE_TOKEN": "secret"}
    service = start(path, "--processes", "1", env=env)
    for token in ("", "wrong", "secret2"):
        client = service.client(token)
        assert client.get("/healthz")[0] == client.get("/readyz")[0] == 200
        for method, target in (("GET", "/info"), ("GET", "/metrics"), ("POST", "/search")):
            status, headers, body = client.call(method, target)
            assert (status, headers["www-authenticate"]) == (401, "Bearer")
            assert json.loads(body)["error"]["argument"] == "authorization"
        client.close()
    client = service.client("secret")
    assert client.post("/search", {"queries": vectors(1).tolist()})[0] == 200
    assert client.get("/openapi.json")[1]["paths"]["/search"]["post"]["security"] == [{"token": []}]
    client.close()
    for worker in service.workers():
        for file in ("cmdline", "environ"):
            assert "secret" not in Path(f"/proc/{worker}/{file}").read_text()


def test_connections_beyond_the_limit_are_closed(start, path):
    service = start(path, "--processes", "1", "--max-connections", "3")
    held = [service.client() for _ in range(3)]
    assert all(one.get("/healthz")[0] == 200 for one in held)
    with connected(service) as own:
        assert read_all(own) == b""
    for one in held:
        one.close()
    wait_for(lambda: service.client().get("/healthz")[0] == 200)

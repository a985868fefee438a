"""HTTP/1.1 over a raw socket: the order of answers, bodies in pieces, and how connections end."""

import json
import socket
import struct
import time
from contextlib import suppress

import pytest

from .conftest import binary_search, save, vectors, wait_for

GET = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
ALIVE = b'{"status":"alive"}'
POST = b"POST /search HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
BODY = json.dumps({"queries": vectors(1).tolist(), "k": 3}).encode()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("protocol") / "items.vecq"
    save(path)
    return path


@pytest.fixture(scope="module")
def service(path, start):
    return start(path, "--processes", "1", "--max-body", "100000")


@pytest.fixture
def wire(service):
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as wire:
        yield wire


@pytest.fixture
def client(service):
    client = service.client()
    yield client
    client.close()


def heavy():
    """A request that takes long, on the thread of the worker."""
    body = binary_search(vectors(1000), 400, None, b'{"plan": "scan"}')
    head = b"POST /search HTTP/1.1\r\ncontent-type: application/vnd.vecq\r\ncontent-length: %d\r\n"
    return head % len(body) + b"\r\n" + body


def search(body=BODY, more=b""):
    return POST + more + b"content-length: %d\r\n\r\n" % len(body) + body


class Answers:
    """Reads answers one after the other."""

    def __init__(self, wire):
        self._file = wire.makefile("rb")

    def next(self, has_body=True):
        """Return status, headers and body; None at the end of the connection."""
        line = self._file.readline()
        if not line:
            return None
        headers = {}
        while (field := self._file.readline()) != b"\r\n":
            name, _, value = field.decode().strip().partition(": ")
            headers[name] = value
        body = self._file.read(int(headers.get("content-length", 0)) if has_body else 0)
        return int(line.split()[1]), headers, body


def test_requests_sent_ahead_are_answered_in_order(wire):
    wire.sendall(heavy() + GET + search() + b"GET /nothing HTTP/1.1\r\n\r\n" + GET)
    answers = Answers(wire)
    status, headers, body = answers.next()
    assert (status, headers["content-type"]) == (200, "application/vnd.vecq")
    assert body[:4] == b"VQR1"
    assert answers.next()[2] == ALIVE
    assert len(json.loads(answers.next()[2])["ids"][0]) == 3
    assert answers.next()[0] == 404
    assert answers.next()[2] == ALIVE


def test_thousands_of_requests_sent_ahead_are_answered(wire, client):
    count = 5000
    wire.sendall(heavy() + GET * count)
    answers = Answers(wire)
    assert answers.next()[0] == 200
    assert all(answers.next()[2] == ALIVE for _ in range(count))
    wait_for(lambda: client.metric("vecq_requests_in_flight") == 0)


def test_a_client_that_reads_nothing_is_not_answered_without_end(wire):
    """Answers wait in the queue of requests, not in memory."""
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.settimeout(0.5)
    sent, block = 0, b"GET /openapi.json HTTP/1.1\r\n\r\n" * 1000
    with suppress(TimeoutError):
        while sent < 1 << 24:
            sent += wire.send(block)
    assert sent < 1 << 24


@pytest.mark.parametrize("size", [1, 7, 100])
def test_requests_in_pieces(wire, size):
    data, answers = search() + GET, Answers(wire)
    for first in range(0, len(data), size):
        wire.sendall(data[first : first + size])
    assert answers.next()[0] == 200
    assert answers.next()[2] == ALIVE


def test_a_body_in_chunks(wire):
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(part), part) for part in (BODY[:9], BODY[9:50], BODY[50:])
    )
    trailer = b"0\r\ncontent-type: text/plain\r\n\r\n"
    wire.sendall(POST + b"transfer-encoding: chunked\r\n\r\n" + chunks + trailer + GET)
    answers = Answers(wire)
    assert answers.next()[0] == 200
    assert answers.next()[2] == ALIVE


def test_the_first_of_repeated_headers_counts(wire):
    wire.sendall(search(more=b"Content-Type: text/plain\r\n"))
    assert Answers(wire).next()[0] == 200


def test_a_client_may_ask_before_it_sends_a_body(wire):
    answers = Answers(wire)
    head = POST + b"expect: 100-Continue\r\ncontent-length: %d\r\n\r\n"
    wire.sendall(head % len(BODY))
    assert answers.next() == (100, {}, b"")
    wire.sendall(BODY)
    assert answers.next()[0] == 200
    wire.sendall(head % 100_001)
    assert answers.next()[0] == 413


def test_a_refused_body_is_dropped(wire):
    """The answer comes before the body is complete, and the connection stays usable."""
    answers = Answers(wire)
    wire.sendall(POST + b"content-length: 100001\r\n\r\n")
    assert answers.next()[0] == 413
    wire.sendall(b" " * 100_001 + GET)
    assert answers.next()[2] == ALIVE
    wire.sendall(heavy() + POST + b"content-length: 100001\r\n\r\n" + b" " * 100_001 + GET)
    assert [answers.next()[0] for _ in range(3)] == [200, 413, 200]


@pytest.mark.parametrize(
    "request_",
    [
        GET.replace(b"1.1", b"1.0"),
        GET[:-2] + b"connection: close\r\n\r\n",
        GET[:-2] + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n",
    ],
    ids=["1.0", "close", "upgrade"],
)
def test_the_last_request_of_a_connection(wire, request_):
    wire.sendall(heavy() + request_ + GET)
    answers = Answers(wire)
    assert answers.next()[0] == 200
    status, headers, body = answers.next()
    assert (status, headers["connection"], body) == (200, "close", ALIVE)
    assert answers.next() is None


def test_what_follows_a_refused_last_request_is_dropped(wire):
    head = POST.replace(b"1.1", b"1.0") + b"content-length: 100001\r\n\r\n"
    wire.sendall(head + b" " * 100_001 + b"\0\1\2\r\n\r\n")
    answers = Answers(wire)
    assert answers.next()[0] == 413
    with suppress(ConnectionResetError):
        assert answers.next() is None


def test_what_is_no_request_ends_the_connection_after_the_answers(wire):
    wire.sendall(heavy() + GET + b"\0\1\2\r\n\r\n" + GET)
    answers = Answers(wire)
    assert [answers.next()[0] for _ in range(2)] == [200, 200]
    status, headers, body = answers.next()
    assert (status, headers["connection"]) == (400, "close")
    assert json.loads(body)["error"]["argument"] == "request"
    assert answers.next() is None


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/healthz?a=b", 200),
        (b"/%68ealthz", 200),
        (b"http://host/healthz", 200),
        (b"/Healthz", 404),
        (b"/healthz/", 404),
        (b"/%ff", 404),
        (b"//", 404),
        (b"*", 404),
        (b"http://host", 400),
        (b"/\xc3\xa4", 400),
    ],
)
def test_targets(wire, target, status):
    wire.sendall(b"GET " + target + b" HTTP/1.1\r\n\r\n")
    assert Answers(wire).next()[0] == status


def test_other_methods(wire):
    answers = Answers(wire)
    wire.sendall(b"HEAD" + GET[3:] + b"OPTIONS" + GET[3:] + GET)
    status, headers, body = answers.next(has_body=False)
    assert (status, headers["content-length"], body) == (200, str(len(ALIVE)), b"")
    assert answers.next()[0] == 405
    assert answers.next()[2] == ALIVE


@pytest.mark.parametrize("sent", [POST, search()[:-9], heavy(), heavy() + GET + POST])
def test_a_client_that_leaves(service, client, sent):
    """Neither its requests nor its bodies count any more, and others are answered."""
    for reset in (False, True):
        wire = socket.create_connection(("127.0.0.1", service.port))
        wire.sendall(sent)
        if reset:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        time.sleep(0.01)
        wire.close()
        assert client.post("/search", json.loads(BODY))[0] == 200
    wait_for(lambda: client.metric("vecq_connections") == 1)
    wait_for(lambda: client.metric("vecq_requests_in_flight") == 0)


def test_bodies_held_at_once_are_limited(start, path):
    service = start(path, "--processes", "1", "--max-body", "1024")
    part, held = b" " * 1000, []
    for _ in range(17):
        held.append(socket.create_connection(("127.0.0.1", service.port), timeout=60))
        held[-1].sendall(POST + b"content-length: 1024\r\n\r\n" + part)
    refused = wait_for(lambda: _refused(held[16:] + held[:16]))
    assert refused[0] == 429
    for wire in held:
        wire.close()
    client = service.client()
    assert wait_for(lambda: client.post("/search", b" " * 1020)[0] == 400)
    client.close()


def _refused(held):
    """Return the answer to one of several requests whose bodies are not complete."""
    for wire in held:
        wire.settimeout(0.05)
        try:
            if wire.recv(1, socket.MSG_PEEK):
                return Answers(wire).next()
        except TimeoutError:
            continue
    return None

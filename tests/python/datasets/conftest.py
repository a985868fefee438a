import re
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from vecq import datasets
from vecq.datasets import Csr, Dataset, download


@pytest.fixture(scope="session")
def tiny():
    """A data set with all arrays."""
    rng = np.random.default_rng(0)
    train, test = (rng.standard_normal((n, 8), dtype=np.float32) for n in (50, 6))
    data = Dataset(
        *("tiny", "ip", train, test),
        seen=Csr.of([[1, 2], [], [49], [0], [3], [4]]),
        heldout=Csr.of([[5], [6, 7], [], [8], [9], [10]]),
    )
    return datasets.with_truth(data, 5)


@dataclass
class Server:
    """The files of a server, its behavior, and the requests that it received."""

    files: dict[str, bytes] = field(default_factory=dict)
    knows_ranges: bool = True
    tells_length: bool = True
    cuts: list[int] = field(default_factory=list)  # bytes that the next answers break off after
    shifted: bool = False
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    address: str = ""

    def handler(self):
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                asked = self.headers.get("Range")
                server.asked.append((self.path, asked))
                server.agents.add(self.headers["User-Agent"])
                if self.path not in server.files:
                    self.send_error(404)
                    return
                content = server.files[self.path]
                first, last = 0, len(content)
                if asked and server.knows_ranges:
                    match = re.fullmatch(r"bytes=(\d+)-(\d*)", asked)
                    first = int(match[1])
                    last = int(match[2]) + 1 if match[2] else last
                    if first >= len(content):
                        self.send_response(416)
                        self.send_header("Content-Range", f"bytes */{len(content)}")
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                        return
                    first += server.shifted
                    self.send_response(206)
                    about = f"bytes {first}-{last - 1}/{len(content)}"
                    self.send_header("Content-Range", about)
                else:
                    self.send_response(200)
                body = content[first:last]
                if server.tells_length:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if server.cuts:
                    body = body[: server.cuts.pop(0)]
                self.wfile.write(body)

        return Handler


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Ignore clients that disconnect, as tests do."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(sys.modules[download.__module__], "PAUSE", 0.01)
    state = Server()
    running = QuietServer(("127.0.0.1", 0), state.handler())
    state.address = f"http://127.0.0.1:{running.server_port}/a.bin"
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield state
    running.shutdown()
    running.server_close()
    thread.join()

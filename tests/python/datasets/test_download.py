"""Downloads from a real server on this machine that is slow, wrong, forgetful or gone."""

import hashlib
import re
import sys
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import vecq
from vecq import datasets
from vecq.datasets import download, registry
from vecq.datasets.entry import Entry, Remote

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MEGABYTE = 1 << 20


@dataclass
class Server:
    """What a server holds, how it behaves, and what it was asked for."""

    files: dict[str, bytes] = field(default_factory=lambda: {"/a.bin": CONTENT})
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
        """Clients that hang up are part of the tests."""


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


def test_a_file_arrives_whole_under_its_name(server, tmp_path):
    seen = []
    path = download(
        *(server.address, tmp_path / "x" / "a.bin"),
        size=len(CONTENT),
        sha256=SHA256,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert path.read_bytes() == CONTENT
    assert [file.name for file in path.parent.iterdir()] == ["a.bin"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)
    assert server.agents == {f"vecq/{vecq.__version__}"}


def test_a_transfer_that_is_cut_off_goes_on_from_there(server, tmp_path):
    server.cuts = [MEGABYTE, MEGABYTE // 2]
    path = download(server.address, tmp_path / "a.bin", sha256=SHA256)
    assert path.read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [
        None,
        f"bytes={MEGABYTE}-",
        f"bytes={MEGABYTE + MEGABYTE // 2}-",
    ]


def test_another_call_goes_on_from_there(server, tmp_path):
    server.cuts = [1_500_000, *[0] * 5]
    with pytest.raises(vecq.DatasetError, match=r"another try goes on.*put at .*a\.bin"):
        download(server.address, tmp_path / "a.bin", size=len(CONTENT))
    assert (tmp_path / "a.bin.part").read_bytes() == CONTENT[:1_500_000]
    assert not (tmp_path / "a.bin").exists()
    assert download(server.address, tmp_path / "a.bin", sha256=SHA256).read_bytes() == CONTENT
    assert server.asked[-1] == ("/a.bin", "bytes=1500000-")


def test_ctrl_c_keeps_what_has_come(server, tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(server.address, tmp_path / "a.bin", progress=stop)
    assert CONTENT.startswith((tmp_path / "a.bin.part").read_bytes())
    assert (tmp_path / "a.bin.part").stat().st_size > 0
    assert download(server.address, tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_server_without_ranges_sends_all_of_it_again(server, tmp_path):
    server.knows_ranges = False
    server.cuts = [MEGABYTE]
    path = download(server.address, tmp_path / "a.bin", sha256=SHA256)
    assert path.read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_a_server_that_sends_another_part_is_not_trusted(server, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1000])
    server.shifted = True
    path = download(server.address, tmp_path / "a.bin", sha256=SHA256)
    assert path.read_bytes() == CONTENT


def test_a_server_that_tells_no_length_is_believed(server, tmp_path):
    server.tells_length = False
    path = download(server.address, tmp_path / "a.bin", size=len(CONTENT), sha256=SHA256)
    assert path.read_bytes() == CONTENT


def test_a_part_that_is_whole_is_only_verified(server, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT)
    assert download(server.address, tmp_path / "a.bin").read_bytes() == CONTENT
    (tmp_path / "b.bin.part").write_bytes(CONTENT)
    count = len(server.asked)
    download(server.address, tmp_path / "b.bin", size=len(CONTENT), sha256=SHA256)
    assert len(server.asked) == count


def test_a_part_that_is_too_long_is_thrown_away(server, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT + b"more")
    assert download(server.address, tmp_path / "a.bin", sha256=SHA256).read_bytes() == CONTENT
    (tmp_path / "b.bin.part").write_bytes(CONTENT + b"more")
    path = download(server.address, tmp_path / "b.bin", size=len(CONTENT), sha256=SHA256)
    assert path.read_bytes() == CONTENT


def test_a_wrong_checksum_is_refused_and_nothing_is_left(server, tmp_path):
    with pytest.raises(vecq.DatasetError, match=f"sha256 {SHA256}, expected 00") as caught:
        download(server.address, tmp_path / "a.bin", sha256="0" * 64)
    assert caught.value.argument == "sha256"
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_size_is_refused_before_all_has_come(server, tmp_path):
    with pytest.raises(vecq.DatasetError, match="3,000,000 bytes, expected 5") as caught:
        download(server.address, tmp_path / "a.bin", size=5)
    assert caught.value.argument == "size"
    assert not (tmp_path / "a.bin").exists()
    server.tells_length = False
    with pytest.raises(vecq.DatasetError, match="3,000,000 bytes, expected 5"):
        download(server.address, tmp_path / "a.bin", size=5)


def test_only_the_head_of_a_file(server, tmp_path):
    for knows_ranges in (True, False):
        server.knows_ranges = knows_ranges
        path = download(server.address, tmp_path / f"{knows_ranges}", size=1000, head=True)
        assert path.read_bytes() == CONTENT[:1000]
    assert server.asked[0] == ("/a.bin", "bytes=0-999")


def test_what_is_not_there_is_said_at_once(server, tmp_path):
    missing = server.address.replace("a.bin", "b.bin")
    with pytest.raises(vecq.DatasetError, match=r"404.*put at .*b\.bin"):
        download(missing, tmp_path / "b.bin")
    assert len(server.asked) == 1


def test_without_a_network_it_says_where_to_put_the_file(tmp_path):
    with pytest.raises(vecq.DatasetError, match=r"refused.*put at .*a\.bin"):
        download("http://127.0.0.1:9/a.bin", tmp_path / "a.bin")


def test_two_at_a_time_are_one_too_many(server, tmp_path):
    errors = []

    def second(done, total):
        if not errors:
            with pytest.raises(vecq.DatasetError, match="another process") as caught:
                download(server.address, tmp_path / "a.bin")
            errors.append(caught)

    download(server.address, tmp_path / "a.bin", progress=second)
    assert len(errors) == 1


def test_a_full_disk_is_noticed_first(server, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=0))
    with pytest.raises(vecq.DatasetError, match=r"3,000,000 more bytes.*VECQ_DATA"):
        download(server.address, tmp_path / "a.bin")


def test_the_cache_is_where_the_user_wants_it(monkeypatch):
    monkeypatch.delenv("VECQ_DATA", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert datasets.cache() == Path("~/.cache/vecq/datasets").expanduser()
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert datasets.cache() == Path("/x/vecq/datasets")
    monkeypatch.setenv("VECQ_DATA", "~/y")
    assert datasets.cache() == Path("~/y").expanduser()


@pytest.fixture
def big(server, tmp_path, monkeypatch):
    """A set of 1,000 rows of which 40 are wanted, as big-ann-benchmarks has them."""
    monkeypatch.setenv("VECQ_DATA", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (1000, 16), np.uint8)
    queries = rng.integers(0, 256, (5, 16), np.uint8)
    data = datasets.Dataset("x", "l2", rows[:40].astype("f4"), queries.astype("f4"))
    data = datasets.with_truth(data, 100)
    for name, array in (("/base", rows), ("/query", queries), ("/truth", data.neighbors)):
        path = tmp_path / f"x{'.ibin' if name == '/truth' else '.u8bin'}"
        datasets.write_matrix(path, array)
        server.files[name] = path.read_bytes()
    server.files["/truth"] += data.distances.tobytes()
    root = server.address.removesuffix("/a.bin")
    files = (
        ("test.u8bin", Remote(f"{root}/query", 8 + 5 * 16)),
        ("neighbors.ibin", Remote(f"{root}/truth")),
        ("train.u8bin", Remote(f"{root}/base", 8 + 40 * 16, rows=40)),
    )
    return Entry("small-10M", "", "l2", 40, 16, 5, "", files=files), data


def test_a_named_set_of_several_files(server, big, monkeypatch):
    known, data = big
    monkeypatch.setattr(registry, "ENTRIES", (known,))
    monkeypatch.setattr(registry, "NAMES", (known.name,))
    assert not known.here
    found = datasets.load("small-10M")
    assert known.here
    assert (found.name, found.metric) == ("small-10M", "l2")
    for name, array in data.arrays().items():
        np.testing.assert_array_equal(found.arrays()[name], array)
    assert ("/base", "bytes=0-647") in server.asked
    count = len(server.asked)
    datasets.load("small-10M")
    assert len(server.asked) == count


def test_a_file_that_was_put_there_by_hand_is_looked_at(big):
    known, _ = big
    known.path.mkdir(parents=True)
    (known.path / "test.u8bin").write_bytes(b"no")
    with pytest.raises(vecq.DatasetError, match=r"test\.u8bin: has 2 bytes, expected 88"):
        known.get()


def test_what_is_generated_is_not_downloaded(refuse):
    refuse("name", "generated", datasets.find("recsys-demo").get)
    refuse("name", "'sift'", datasets.find, "sift")


def test_every_name_is_told_once_and_completely():
    assert len(set(datasets.NAMES)) == len(datasets.ENTRIES) >= 8
    for known in datasets.ENTRIES:
        assert known.metric in ("ip", "cosine", "l2")
        assert known.make or known.files
        for name, remote in known.files:
            assert remote.address.startswith("https://")
            assert remote.sha256 is None or re.fullmatch("[0-9a-f]{64}", remote.sha256)
            assert Path(name).suffix in (".hdf5", *datasets.MATRIX_SUFFIXES)


def test_sizes_of_named_sets_hold_their_rows():
    for known in datasets.ENTRIES:
        if known.size is not None and len(known.files) == 1:
            least = 4 * known.dim * (known.rows + known.queries) + 800 * known.queries
            assert least < known.size < least + 100_000


def test_names_are_found(monkeypatch, tmp_path):
    monkeypatch.setenv("VECQ_DATA", str(tmp_path))
    glove = datasets.find("glove-100-angular")
    assert glove.path == tmp_path / "glove-100-angular.hdf5"
    elsewhere = replace(glove, files=((glove.files[0][0], Remote("http://127.0.0.1:9/x")),))
    with pytest.raises(vecq.DatasetError, match=f"put at {glove.path}"):
        elsewhere.load()

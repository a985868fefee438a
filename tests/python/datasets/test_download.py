"""Downloads from a local server that is slow, wrong, without ranges, or unreachable."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest

import vecq
from vecq.datasets import download

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MEGABYTE = 1 << 20


@pytest.fixture
def server(server):
    server.files["/a.bin"] = CONTENT
    return server


def test_a_complete_file_gets_its_name(server, tmp_path):
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


def test_interrupted_transfers_resume(server, tmp_path):
    server.cuts = [MEGABYTE, MEGABYTE // 2]
    path = download(server.address, tmp_path / "a.bin", sha256=SHA256)
    assert path.read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [
        None,
        f"bytes={MEGABYTE}-",
        f"bytes={MEGABYTE + MEGABYTE // 2}-",
    ]


def test_another_call_resumes(server, tmp_path):
    server.cuts = [1_500_000, *[0] * 5]
    with pytest.raises(vecq.DatasetError, match=r"another try resumes.*put at .*a\.bin"):
        download(server.address, tmp_path / "a.bin", size=len(CONTENT))
    assert (tmp_path / "a.bin.part").read_bytes() == CONTENT[:1_500_000]
    assert not (tmp_path / "a.bin").exists()
    assert download(server.address, tmp_path / "a.bin", sha256=SHA256).read_bytes() == CONTENT
    assert server.asked[-1] == ("/a.bin", "bytes=1500000-")


def test_ctrl_c_keeps_the_partial_file(server, tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(server.address, tmp_path / "a.bin", progress=stop)
    assert CONTENT.startswith((tmp_path / "a.bin.part").read_bytes())
    assert (tmp_path / "a.bin.part").stat().st_size > 0
    assert download(server.address, tmp_path / "a.bin").read_bytes() == CONTENT


def test_servers_without_ranges_restart_the_download(server, tmp_path):
    server.knows_ranges = False
    server.cuts = [MEGABYTE]
    path = download(server.address, tmp_path / "a.bin", sha256=SHA256)
    assert path.read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_wrong_ranges_restart_the_download(server, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1000])
    server.shifted = True
    path = download(server.address, tmp_path / "a.bin", sha256=SHA256)
    assert path.read_bytes() == CONTENT


def test_a_length_is_not_required(server, tmp_path):
    server.tells_length = False
    path = download(server.address, tmp_path / "a.bin", size=len(CONTENT), sha256=SHA256)
    assert path.read_bytes() == CONTENT


def test_complete_partial_files_are_only_verified(server, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT)
    assert download(server.address, tmp_path / "a.bin").read_bytes() == CONTENT
    (tmp_path / "b.bin.part").write_bytes(CONTENT)
    count = len(server.asked)
    download(server.address, tmp_path / "b.bin", size=len(CONTENT), sha256=SHA256)
    assert len(server.asked) == count


def test_partial_files_that_are_too_long_are_discarded(server, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT + b"more")
    assert download(server.address, tmp_path / "a.bin", sha256=SHA256).read_bytes() == CONTENT
    (tmp_path / "b.bin.part").write_bytes(CONTENT + b"more")
    path = download(server.address, tmp_path / "b.bin", size=len(CONTENT), sha256=SHA256)
    assert path.read_bytes() == CONTENT


def test_wrong_checksums_remove_the_file(server, tmp_path):
    with pytest.raises(vecq.DatasetError, match=f"sha256 {SHA256}, expected 00") as caught:
        download(server.address, tmp_path / "a.bin", sha256="0" * 64)
    assert caught.value.argument == "sha256"
    assert list(tmp_path.iterdir()) == []


def test_wrong_sizes_are_refused_early(server, tmp_path):
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


def test_missing_files_fail_at_once(server, tmp_path):
    missing = server.address.replace("a.bin", "b.bin")
    with pytest.raises(vecq.DatasetError, match=r"404.*put at .*b\.bin"):
        download(missing, tmp_path / "b.bin")
    assert len(server.asked) == 1


def test_network_errors_name_the_path_for_manual_downloads(tmp_path):
    with pytest.raises(vecq.DatasetError, match=r"refused.*put at .*a\.bin"):
        download("http://127.0.0.1:9/a.bin", tmp_path / "a.bin")


def test_concurrent_downloads_are_refused(server, tmp_path):
    errors = []

    def second(done, total):
        if not errors:
            with pytest.raises(vecq.DatasetError, match="another process") as caught:
                download(server.address, tmp_path / "a.bin")
            errors.append(caught)

    download(server.address, tmp_path / "a.bin", progress=second)
    assert len(errors) == 1


def test_disk_space_is_checked_first(server, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=0))
    with pytest.raises(vecq.DatasetError, match=r"3,000,000 more bytes.*VECQ_DATA"):
        download(server.address, tmp_path / "a.bin")

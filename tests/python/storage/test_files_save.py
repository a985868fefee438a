"""Saves: links, permissions and owners, concurrent changes, progress and cancellation."""

import os
import subprocess
import sys
import tempfile
import threading

import numpy as np
import pytest

import vecq

from .conftest import DIM, ITEMS, QUERIES, answers, built


def test_links_and_permissions_are_kept(path, tmp_path):
    built(rows=10).save(path)
    path.chmod(0o640)
    link = tmp_path / "link.vecq"
    link.symlink_to("a.vecq")
    built(rows=20).save(link)
    assert link.is_symlink()
    assert len(vecq.open(path)) == 20
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(tmp_path)) == ["a.vecq", "link.vecq"]


@pytest.mark.parametrize("mode", [0o664, 0o666, 0o640, 0o600, 0o444])
def test_the_umask_does_not_change_the_mode_of_a_file_that_is_replaced(mode, path):
    before = os.umask(0o027)
    try:
        built(rows=10).save(path)
        assert path.stat().st_mode & 0o777 == 0o640  # a new file
        path.chmod(mode)
        built(rows=20).save(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == mode
    assert len(vecq.open(path)) == 20


@pytest.mark.skipif(os.geteuid() != 0, reason="*** only root gives files away ***")
def test_a_file_that_is_replaced_keeps_its_owner(path):
    built(rows=10).save(path)
    os.chown(path, 12345, 23456)
    path.chmod(0o660)
    built(rows=20).save(path)
    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (12345, 23456, 0o660)


FOREIGN = """
import os, sys
import vecq
os.umask(0)
os.setgroups([])
os.setgid(23456)
os.setuid(12345)
vecq.Index(4).save(sys.argv[1])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="*** only root gives files away ***")
def test_group_permissions_are_dropped_if_the_group_cannot_be_kept():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)  # others cannot enter pytest's folders
        path = os.path.join(folder, "a.vecq")
        built(rows=10).save(path)
        os.chmod(path, 0o664)
        subprocess.run([sys.executable, "-I", "-c", FOREIGN, path], check=True)
        found = os.stat(path)
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (12345, 23456, 0o644)


def test_paths_that_are_not_utf8(tmp_path, monkeypatch):
    name = os.fsencode(tmp_path) + b"/\xff \xe2\x82\xac.vecq"
    built(rows=10).save(name)
    assert len(vecq.open(name)) == len(vecq.open(os.fsdecode(name))) == 10
    monkeypatch.chdir(tmp_path)
    built(rows=10).save("here.vecq")
    assert len(vecq.open("here.vecq")) == 10


def test_searches_and_changes_continue_during_a_save(path):
    index, found = built(), []

    def progress(written, total):
        found.append(index.search(QUERIES, 3).counts.min())
        if len(found) == 1:
            index.remove(range(100)).upsert(ITEMS[:2], [100, 101]).add(ITEMS[1000:1100])
            assert index.check().ok

    before = answers(index)
    saved = index.save(path, progress=progress)
    assert (found[0], len(index)) == (3, 1000)
    assert saved.bytes == path.stat().st_size
    assert 0 < saved.pause_seconds < saved.seconds
    opened = vecq.open(path)
    assert answers(opened) == before
    assert opened.check().ok
    assert list(opened.ids) == list(range(1000))


def test_one_save_waits_for_another(path):
    index, saved = built(), []
    other = path.with_name("b.vecq")
    threads = [
        threading.Thread(target=lambda to=to: saved.append(index.save(to)))
        for to in (path, other) * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(saved) == 6
    assert answers(vecq.open(path)) == answers(vecq.open(other))


def test_progress_of_an_addition_may_save(path):
    index, rows = vecq.Index(DIM), []

    def progress(done, total):
        index.save(path, progress=False)
        rows.append(len(vecq.open(path)))
        assert vecq.open(path).check().ok

    index.add(ITEMS, progress=progress)
    assert rows[0] < len(ITEMS)
    assert rows == sorted(rows)


def test_progress_may_cancel_a_save(path):
    class EnoughError(Exception):
        pass

    def progress(done, total):
        raise EnoughError

    large = vecq.Index(1024, "l2", "fp32", m=2, ef_construction=1)
    large.add(np.zeros((6000, 1024), np.float32))
    seen = []
    large.save(path, progress=lambda *now: seen.append(now))
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]
    before = path.read_bytes()
    with pytest.raises(EnoughError):
        large.save(path, progress=progress)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["a.vecq"]


def test_bars(path, capsys):
    index = built()
    index.save(path, progress=True)
    assert "100%" in capsys.readouterr().err
    index.save(path)
    vecq.open(path, verify="full")
    assert capsys.readouterr().err == ""


def test_large_files_show_progress_by_default(path, capsys, monkeypatch):
    index = built()
    monkeypatch.setattr("vecq.core.progress.PATIENCE", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    size = index.save(path).bytes
    assert capsys.readouterr().err == ""
    for notable, shown in ((2 * size, False), (size // 4, True)):
        monkeypatch.setattr("vecq.storage.tasks.NOTABLE", notable)
        for work in (
            lambda: index.save(path),
            lambda: vecq.open(path, verify="full"),
            lambda: vecq.open(path, preload=True),
            lambda: vecq.open(path).check(),
        ):
            work()
            assert ("100%" in capsys.readouterr().err) == shown
        index.save(path, progress=False)
        assert capsys.readouterr().err == ""

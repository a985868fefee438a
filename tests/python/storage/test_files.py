"""Index files from Python: promises at their extremes, and errors that name the argument."""

import argparse
import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

import vecq
from vecq.cli import check as cli_check
from vecq.cli import info as cli_info
from vecq.storage.records import Problem

METRICS = ["ip", "cosine", "l2"]
DIM = 16
every_metric = pytest.mark.parametrize("metric", METRICS)


def sample(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)


ITEMS, QUERIES = sample(2000), sample(50, seed=1)


def built(metric="l2", rows=1000, **options):
    return vecq.Index(DIM, metric, m=8, ef_construction=50, **options).add(ITEMS[:rows], threads=1)


def answers(index):
    found = index.search(QUERIES, 10, ef=110)  # wide enough for a walk
    stats = index.stats()
    graph = (
        index.ids.tolist(),
        stats.rows,
        stats.layers,
        stats.degrees.tolist(),
        stats.unreachable,
        stats.kept_out,
    )
    return found.ids.tobytes(), found.scores.tobytes(), found.hops, found.n_scored, graph


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.vecq"


@every_metric
@pytest.mark.parametrize("rerank_codec", [None, "fp16"])
@pytest.mark.parametrize("verify", ["header", "full"])
@pytest.mark.parametrize("preload", [False, "walk", True, "copy"])
def test_an_opened_index_equals_the_saved_one(metric, rerank_codec, verify, preload, path):
    index = built(metric, rerank_codec=rerank_codec)
    index.save(path)
    for writable in (False, True):
        opened = vecq.open(path, writable, verify=verify, preload=preload)
        assert repr(opened) == repr(index)
        assert (opened.dim, opened.metric, len(opened)) == (DIM, metric, 1000)
        assert answers(opened) == answers(index)
        assert opened.check().ok


@every_metric
def test_an_opened_index_grows_like_the_original(metric, path):
    index = built(metric)
    index.save(path)
    opened = vecq.open(str(path), writable=True)
    for first in (1000, 1010, 1500):
        part = ITEMS[first : first + 500]
        index.add(part, np.arange(len(part)) + 1000 * first, threads=1)
        opened.add(part, np.arange(len(part)) + 1000 * first, threads=1)
        assert answers(opened) == answers(index)
    assert len(vecq.open(path)) == 1000  # not saved yet
    opened.save(path)  # over the file that it is mapped from
    assert answers(vecq.open(path)) == answers(index) == answers(opened)
    with pytest.raises(vecq.ArgumentError, match="taken already"):
        vecq.open(path, writable=True).add(ITEMS[:1], [0])


def test_a_read_only_index_refuses_changes(path):
    built().save(path)
    opened = vecq.open(path)
    before = answers(opened)
    with pytest.raises(vecq.ReadOnlyError, match="writable=True"):
        opened.add(ITEMS)
    opened.add(ITEMS[:0])
    assert answers(opened) == before


def test_settings_survive(path):
    codec = vecq.Codec("int16", scale="global", calibration="mse", center=True, rotate=True, seed=7)
    index = vecq.Index(DIM, "l2", codec, m=5, ef_construction=33, seed=2**63, rerank_codec="fp32")
    index.save(path)
    opened = vecq.open(path, writable=True)
    assert repr(opened.codec) == repr(codec)
    assert repr(opened.rerank_codec) == repr(vecq.Codec("fp32"))
    index.add(ITEMS, threads=1)
    opened.add(ITEMS, threads=1)  # fits the codec
    assert answers(opened) == answers(index)
    opened.save(path)
    assert answers(vecq.open(path)) == answers(index)


def test_saving_an_opened_file_writes_the_same_bytes(path, tmp_path):
    index = built()
    index.save(path)
    vecq.open(path).save(tmp_path / "b.vecq")
    assert path.read_bytes() == (tmp_path / "b.vecq").read_bytes()


def test_readers_keep_the_version_they_opened(path):
    small, large = built(rows=500), built(rows=1000)
    small.save(path)
    opened = vecq.open(path)
    large.save(path)
    assert answers(opened) == answers(small)
    assert answers(vecq.open(path)) == answers(large)
    path.unlink()
    assert answers(opened) == answers(small)


def refused_as_changed(index, path):
    before = (os.listdir(path.parent), path.read_bytes())
    with pytest.raises(vecq.FileChangedError, match="overwrite=True") as caught:
        index.save(path)
    assert (caught.value.filename, caught.value.argument) == (path, "path")
    assert str(path) in str(caught.value)
    assert (os.listdir(path.parent), path.read_bytes()) == before


def test_a_stale_writer_is_refused(path):
    built(rows=10).save(path)
    first, second, reader = (vecq.open(path, writable=True) for _ in range(3))
    first.add(ITEMS[10:11]).save(path)
    first.add(ITEMS[11:12]).save(path)  # its own last version
    refused_as_changed(second.add(ITEMS[12:13]), path)
    refused_as_changed(second, path)  # a second attempt is refused as well
    second.save(path.with_name("b.vecq"))
    refused_as_changed(second, path)
    assert len(vecq.open(path)) == 12
    second.save(path, overwrite=True)
    assert len(vecq.open(path)) == 11
    second.add(ITEMS[13:14]).save(path)
    for stale in (first, reader):
        refused_as_changed(stale, path)


def test_a_version_written_during_a_save_is_not_replaced(path):
    rows = np.zeros((3000, 1024), np.float32)  # several write steps
    vecq.Index(1024, "l2", "fp32", m=2, ef_construction=1).add(rows).save(path)
    first, second = (vecq.open(path, writable=True) for _ in range(2))
    first.add(rows[:1])
    second.add(rows[:2])
    steps = []

    def progress(written, total):
        steps.append(written)
        if len(steps) == 1:
            second.save(path, progress=False)

    with pytest.raises(vecq.FileChangedError):
        first.save(path, progress=progress)
    assert len(steps) >= 1
    assert len(vecq.open(path)) == 3002
    assert os.listdir(path.parent) == ["a.vecq"]


def test_a_new_index_replaces_any_file_at_its_first_save(path):
    path.write_bytes(b"something else")
    index = built(rows=10)
    index.save(path)
    built(rows=20).save(path)
    refused_as_changed(index, path)
    index.save(path, overwrite=True)
    index.add(ITEMS[10:11]).save(path)
    assert len(vecq.open(path)) == 11


def test_versions_are_compared_through_links_and_relative_paths(path, tmp_path, monkeypatch):
    built(rows=10).save(path)
    folder = tmp_path / "folder"
    folder.symlink_to(".")
    link = tmp_path / "link.vecq"
    link.symlink_to("a.vecq")
    monkeypatch.chdir(tmp_path)
    names = [path, link, folder / "link.vecq", "a.vecq", f"../{tmp_path.name}/a.vecq"]
    stale = [vecq.open(name, writable=True).add(ITEMS[10:11]) for name in names]
    vecq.open(path, writable=True).add(ITEMS[10:12]).save(path)
    for number, index in enumerate(stale):
        for name in names[number:] + names[:number]:
            with pytest.raises(vecq.FileChangedError):
                index.save(name)
    os.rename(tmp_path, tmp_path.with_name("moved"))  # the folder stays the same one
    with pytest.raises(vecq.FileChangedError):
        stale[0].save(tmp_path.with_name("moved") / "a.vecq")
    os.rename(tmp_path.with_name("moved"), tmp_path)


def test_saves_that_lose_no_changes_are_allowed(path, tmp_path):
    index = built(rows=10)
    index.save(path)
    other = tmp_path / "b.vecq"
    opened = vecq.open(path, writable=True)
    for count in (11, 12):  # alternating files
        for name in (path, other):
            opened.add(ITEMS[count : count + 1]).save(name)
    shutil.copy(path, other)
    other.replace(path)  # another inode of the same contents
    opened.save(path)
    path.unlink()
    opened.save(path)
    vecq.open(path).save(path)  # the same index
    opened.add(ITEMS[20:21]).save(path)
    assert len(vecq.open(path)) == 15


def test_a_damaged_file_is_replaced_only_with_overwrite(path):
    index = built(rows=10)
    index.save(path)
    for content in (b"", b"something else", path.read_bytes()[:-5000]):
        path.write_bytes(content)
        refused_as_changed(index, path)
        index.save(path, overwrite=True)
        assert vecq.open(path, verify="full").check().ok


def test_stale_writers_of_first_release_files_are_refused(path):
    fixture = Path(__file__).parents[2] / "fixtures" / "format-1-l2.vecq"
    shutil.copy(fixture, path)
    first, second = (vecq.open(path, writable=True) for _ in range(2))
    items = np.ones((1, first.dim), np.float32)
    first.add(items).save(path)
    refused_as_changed(second.add(2 * items), path)


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
    pytest.importorskip("tqdm")
    index = built()
    index.save(path, progress=True)
    assert "100%" in capsys.readouterr().err
    index.save(path)
    vecq.open(path, verify="full")
    assert capsys.readouterr().err == ""


def test_large_files_show_progress_by_default(path, capsys, monkeypatch):
    pytest.importorskip("tqdm")
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


BAD_PATHS = [None, 5, b"", "", "a\0b", ["a.vecq"], 1.5]


@pytest.mark.parametrize("bad", BAD_PATHS)
def test_bad_paths_are_named(bad, refuse):
    refuse("path", "", vecq.open, bad)
    refuse("path", "", vecq.info, bad)
    refuse("path", "", built(rows=10).save, bad)


@pytest.mark.parametrize("bad", [None, 1, "yes", np.True_])
def test_bad_overwrites_are_named(bad, path, refuse):
    refuse("overwrite", "expected True or False", built(rows=10).save, path, overwrite=bad)
    assert not path.exists()


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        *[("verify", value) for value in ("none", True, None, 1)],
        *[("preload", value) for value in ("all", 1, None, "")],
        ("progress", "yes"),
    ],
)
def test_bad_arguments_are_named(argument, value, path, refuse):
    built(rows=10).save(path)
    arguments = {"preload": True, argument: value}
    refuse(argument, "", vecq.open, path, **arguments)


@pytest.mark.parametrize(
    ("name", "code"),
    [("none.vecq", errno.ENOENT), (".", errno.EINVAL), ("a.vecq/b", errno.ENOTDIR)],
)
def test_errors_of_the_system_are_reported(name, code, path, tmp_path):
    built(rows=10).save(path)
    for function in (vecq.open, vecq.info):
        with pytest.raises(OSError, match="can't") as caught:
            function(tmp_path / name)
        assert isinstance(caught.value, vecq.FileError)
        assert (caught.value.errno, caught.value.filename) == (code, tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)


WAITING = """
import errno, sys, vecq
for call in (vecq.open, lambda path: vecq.open(path, writable=True), vecq.info,
             vecq.Index(4).save):
    try:
        call(sys.argv[1])
    except vecq.FileError as error:
        assert error.errno == errno.EINVAL, error
    else:
        raise AssertionError(call)
"""


def test_opening_a_fifo_does_not_block(path):
    os.mkfifo(path)
    subprocess.run([sys.executable, "-I", "-c", WAITING, path], check=True, timeout=60)


def test_files_of_other_formats_are_refused(tmp_path):
    for number, content in enumerate([b"", b"PK\3\4", b"\0" * 100_000, b"\x89VECQ\r\n\x1a" * 99]):
        other = tmp_path / f"{number}.vecq"
        other.write_bytes(content)
        with pytest.raises(vecq.CorruptFileError, match=str(other)):
            vecq.open(other)


def damaged(path, name):
    """Change a byte in the middle of a section."""
    (section,) = (one for one in vecq.info(path).sections if one.name == name)
    content = bytearray(path.read_bytes())
    content[section.offset + section.bytes // 2] ^= 0x10
    path.write_bytes(content)


def test_check_names_the_damaged_section(path):
    built().save(path)
    damaged(path, "codes")
    opened = vecq.open(path)
    assert opened.search(QUERIES, 5).counts.min() == 5
    (problem,) = opened.check().problems
    assert problem == Problem("codes", "does not match its checksum")
    with pytest.raises(vecq.CorruptFileError, match="codes: does not match its checksum"):
        vecq.open(path, verify="full")


def test_check_of_a_changed_index_passes(path):
    built().save(path)
    opened = vecq.open(path, writable=True).add(ITEMS[1000:])
    assert opened.check().ok


def test_preloaded_copies_are_read_only_unless_writable(path):
    index = built()
    index.save(path)
    opened = vecq.open(path, preload="copy")
    with pytest.raises(vecq.ReadOnlyError):
        opened.add(ITEMS)
    grown = vecq.open(path, writable=True, preload="copy").add(ITEMS[1000:], threads=1)
    assert answers(grown) == answers(index.add(ITEMS[1000:], threads=1))


def test_locking(path, refuse):
    built().save(path)
    for preload in (False, "walk", True):
        opened = vecq.open(path, preload=preload, lock=True)
        assert opened.search(QUERIES, 5).counts.min() == 5
    refuse("lock", "choose one", vecq.open, path, preload="copy", lock=True)


LOCKED = """
import resource, sys, vecq
resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
try:
    vecq.open(sys.argv[1], lock=True)
except vecq.FileError as error:
    assert "ulimit -l" in str(error), error
else:
    assert open("/proc/self/status").read().split("CapEff:")[1].split()[0][-4] in "4567cdef"
"""


def test_locking_beyond_the_limit_is_refused(path):
    built().save(path)
    subprocess.run([sys.executable, "-I", "-c", LOCKED, path], check=True)


SHARING = """
import sys
import numpy as np, vecq
queries = np.random.default_rng(1).standard_normal((50, 16)).astype("f4")
sys.stdout.write(vecq.open(sys.argv[1]).search(queries, 10).ids.tobytes().hex())
"""


def test_many_processes_open_one_file(path):
    index = built()
    index.save(path)
    command = [sys.executable, "-I", "-c", SHARING, path]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    expected = index.search(QUERIES, 10).ids.tobytes().hex().encode()
    assert [process.communicate()[0] for process in running] == [expected] * 3


def run_cli(module, *arguments):
    parser = argparse.ArgumentParser(description=module.DESCRIPTION)
    module.add_arguments(parser)
    assert "\n" not in module.HELP
    return module.run(parser.parse_args([str(one) for one in arguments]))


def test_info_lists_sections(path, capsys):
    built(rerank_codec="fp16").save(path)
    found = vecq.info(path)
    assert (found.format, found.writer_version, found.bytes) == (
        1,
        vecq.__version__,
        path.stat().st_size,
    )
    assert sum(one.bytes for one in found.sections) < found.bytes
    assert {"codes", "rerank codes", "ids", "links of layer 0"} <= {s.name for s in found.sections}
    assert all(one.offset % 4096 == 0 for one in found.sections)
    assert run_cli(cli_info, path) == 0
    assert "links of layer 0" in capsys.readouterr().out
    assert run_cli(cli_info, path, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["index"] == {"rows": 1000, "dim": DIM, "metric": "l2", "attributes": {}}
    assert told["sections"][0]["name"] == "settings"


def test_check_exits_with_1_on_damage(path, capsys):
    built().save(path)
    assert run_cli(cli_check, path) == 0
    assert capsys.readouterr().out == "nothing is wrong\n"
    damaged(path, "ids")
    assert run_cli(cli_check, path) == 1
    assert "ids: does not match its checksum" in capsys.readouterr().out
    assert run_cli(cli_check, path, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["count"]) == (False, len(told["problems"]))
    assert told["problems"][0] == {"location": "ids", "message": "does not match its checksum"}
    path.write_bytes(b"no index")
    assert run_cli(cli_check, path) == 1
    assert str(path) in capsys.readouterr().out
    with pytest.raises(vecq.FileError):
        run_cli(cli_check, path.parent / "none.vecq")

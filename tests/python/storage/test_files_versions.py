"""Several writers of one file: readers keep their version, and stale writers are refused."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import vecq

from .conftest import ITEMS, answers, built


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

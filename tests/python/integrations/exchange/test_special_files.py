"""FIFOs in place of files: readers must not wait for them, writers must not replace them.

Devices are refused by the same test of the file's type.
"""

import os
import stat

import faiss
import numpy as np
import pytest

import vecq
import vecq.integrations.faiss
import vecq.integrations.hnswlib

ITEMS = np.random.default_rng(0).standard_normal((50, 8), dtype=np.float32)


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def drop_in_hnswlib(path):
    index = vecq.integrations.hnswlib.Index("l2", 8)
    index.init_index(50)
    index.add_items(ITEMS)
    index.save_index(str(path))


def drop_in_faiss(path):
    index = vecq.integrations.faiss.IndexHNSWFlat(8, 16)
    index.add(ITEMS)
    vecq.integrations.faiss.write_index(index, str(path))


WRITERS = {
    "to_hnswlib": lambda path: vecq.Index(8).add(ITEMS).to_hnswlib(path),
    "to_faiss": lambda path: vecq.Index(8).add(ITEMS).to_faiss(path),
    "hnswlib.save_index": drop_in_hnswlib,
    "faiss.write_index": drop_in_faiss,
    "save": lambda path: vecq.Index(8).add(ITEMS).save(path),
}
READERS = {
    "from_hnswlib": lambda path: vecq.from_hnswlib(path, metric="l2", dim=8),
    "from_faiss": vecq.from_faiss,
    "open": vecq.open,
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_fifo_is_not_replaced(fifo, write):
    with pytest.raises((vecq.FileError, RuntimeError), match="regular file"):
        write(fifo)
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert os.listdir(fifo.parent) == ["fifo"]


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_link_to_a_fifo_is_not_replaced(fifo, write):
    link = fifo.with_name("link")
    link.symlink_to(fifo)
    with pytest.raises((vecq.FileError, RuntimeError), match="regular file"):
        write(link)
    assert stat.S_ISFIFO(fifo.stat().st_mode)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_fifo_is_refused_without_waiting_for_a_writer(fifo, read):
    with pytest.raises(vecq.FileError, match="regular file"):
        read(fifo)


@pytest.mark.parametrize("name", ["to_hnswlib", "to_faiss"])
def test_a_replaced_file_keeps_its_mode(tmp_path, name):
    path = tmp_path / "index"
    path.touch()
    path.chmod(0o640)
    WRITERS[name](path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    if name == "to_faiss":
        assert faiss.read_index(str(path)).ntotal == len(ITEMS)

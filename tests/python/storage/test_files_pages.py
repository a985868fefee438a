"""A saved file uses huge pages of the page cache where the file system has them."""

import mmap
from pathlib import Path

import numpy as np
import pytest

import vecq

HUGE_PAGE = 2 << 20


def kib_of(path: Path, field: str) -> int:
    """Return the fields of smaps for the mappings of a file."""
    total, ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first, *rest = line.split()
        if not first.endswith(":"):
            ours = line.endswith(str(path))
        elif ours and first == f"{field}:":
            total += int(rest[0])
    return total


def share_of(path: Path) -> float:
    """Return the share of the mapped pages that are huge."""
    return kib_of(path, "FilePmdMapped") / kib_of(path, "Rss")


def share_of_a_plain(path: Path) -> float:
    """Return that share for a file written in one piece and read."""
    path.write_bytes(bytes(8 * HUGE_PAGE))
    with path.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    mapping.madvise(mmap.MADV_HUGEPAGE)
    assert sum(mapping[at] for at in range(0, len(mapping), mmap.PAGESIZE)) == 0
    return share_of(path)


def test_a_saved_file_is_mapped_in_huge_pages(tmp_path: Path) -> None:
    try:
        plain = share_of_a_plain(tmp_path / "plain")
    except OSError as error:
        pytest.skip(f"*** pages of files are not tested: there are no huge ones: {error} ***")
    if plain == 0:
        pytest.skip("*** pages of files are not tested: this file system has no huge ones ***")
    path = tmp_path / "a.vecq"
    vectors = np.random.default_rng(1).standard_normal((20_000, 256), np.float32)
    vecq.Index(256, "l2", codec="fp32", m=4, ef_construction=8).add(vectors).save(path)
    index = vecq.open(path, preload=True)
    assert len(index.search(vectors[:5], 3).ids) == 5
    assert share_of(path) > plain / 2

"""Files of hnswlib and faiss that are cut off, changed or made up: a typed error, never a crash."""

import io

import numpy as np
import pytest

import vecq
from vecq.interop.faiss import _encode
from vecq.interop.hnswlib import HEADER

DIM, ROWS = 5, 40
FIELDS = [name for name in HEADER.names if name not in ("multiplier", "room", "ef")]
READERS = {
    "faiss": vecq.from_faiss,
    "hnswlib": lambda path: vecq.from_hnswlib(path, "l2", DIM),
}
NUMBERS = [0, 1, 2, 3, 0x7F, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1]


def sample(metric="l2", rows=ROWS):
    items = np.random.default_rng(0).standard_normal((rows, DIM), np.float32)
    return vecq.Index(DIM, metric, "fp32", m=2, seed=3).add(items, np.arange(rows) * 7, threads=1)


@pytest.fixture(scope="module", params=["hnswlib", "faiss"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def content(kind, tmp_path_factory):
    if kind == "faiss":
        written = io.BytesIO()
        _encode(sample(), written)
        return written.getvalue()
    path = tmp_path_factory.mktemp("hostile") / "sample.bin"
    sample().to_hnswlib(path)
    return path.read_bytes()


@pytest.fixture
def taken(kind, tmp_path):
    """Tries a file; whatever comes of it is an index that is sound, or a typed error."""

    def take(content):
        path = tmp_path / "hostile"
        path.write_bytes(bytes(content))
        try:
            index = READERS[kind](path)
        except (vecq.CorruptFileError, vecq.UnsupportedError, vecq.ArgumentError) as error:
            return error
        assert index.check().ok
        index.search(np.ones((2, DIM), np.float32), 3)
        return index

    return take


def test_the_sample_itself_is_taken(content, taken):
    assert len(taken(content)) == ROWS
    assert len(sample().stats().layers) > 3


def test_whatever_is_cut_off_is_refused(content, taken):
    for length in range(0, len(content), 7):
        assert isinstance(taken(content[:length]), vecq.CorruptFileError), length
    assert isinstance(taken(content + b"\0"), vecq.CorruptFileError)


def test_bits_that_flip(content, taken):
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(600):
        changed = bytearray(content)
        for at in rng.integers(0, len(content), rng.integers(1, 4)):
            changed[at] ^= 1 << int(rng.integers(8))
        refused += isinstance(taken(changed), vecq.VecqError)
    assert refused > 100


def test_words_that_are_anything(content, taken):
    rng = np.random.default_rng(2)
    for _ in range(600):
        changed = bytearray(content)
        at = int(rng.integers(len(content) // 4)) * 4
        size = int(rng.choice([4, 8]))
        number = NUMBERS[rng.integers(len(NUMBERS))] & (256**size - 1)
        changed[at : at + size] = number.to_bytes(size, "little")
        taken(changed)


def test_made_up_files(taken):
    rng = np.random.default_rng(3)
    for length in (0, 1, 4, 40, 95, 96, 97, 5000):
        assert isinstance(taken(rng.bytes(length)), vecq.VecqError)
        assert isinstance(taken(bytes(length)), vecq.VecqError)


def test_every_field_of_a_header_of_hnswlib(content, kind, taken):
    if kind != "hnswlib":
        pytest.skip("of hnswlib's header")
    for name in FIELDS:
        for number in NUMBERS:
            header = np.frombuffer(content[: HEADER.itemsize], HEADER).copy()
            value = np.uint64(number).astype(header.dtype[name])
            if header[name][0] == value:
                continue
            header[name] = value
            found = taken(header.tobytes() + content[HEADER.itemsize :])
            # Any row that is on the highest layer will do as the entry.
            assert isinstance(found, vecq.VecqError) or name == "entry", (name, number)


@pytest.mark.parametrize("start", [b"IHNf", b"IHNs", b"IxMp", b"IxM2"])
def test_hostile_counts_of_faiss(start, tmp_path):
    path = tmp_path / "hostile"
    for number in NUMBERS:
        for offset in range(4, 60, 2):
            body = bytearray(start + b"\0" * 200)
            body[4:8] = (5).to_bytes(4, "little")
            body[offset : offset + 8] = number.to_bytes(8, "little")
            path.write_bytes(body)
            with pytest.raises((vecq.CorruptFileError, vecq.UnsupportedError)):
                vecq.from_faiss(path)


def test_maps_in_maps_end(tmp_path):
    path = tmp_path / "hostile"
    header = (5).to_bytes(4, "little") + b"\0" * 29
    path.write_bytes((b"IxMp" + header) * 100_000)
    with pytest.raises(vecq.VecqError):
        vecq.from_faiss(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none(value, kind, content, taken):
    at = content.index(sample().get([0]).tobytes())
    changed = bytearray(content)
    changed[at : at + 4] = np.float32(value).tobytes()
    error = taken(changed)
    assert isinstance(error, vecq.CorruptFileError)
    assert "not finite" in str(error)

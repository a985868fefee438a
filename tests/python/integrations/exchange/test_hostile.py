"""Files of hnswlib and faiss that are cut off, changed or made up: a typed error, never a crash."""

import contextlib
import io

import faiss
import numpy as np
import pytest

import vecq
import vecq.integrations.faiss
import vecq.integrations.hnswlib
from vecq.integrations.exchange.faiss_format import HEADER as FAISS_HEADER
from vecq.integrations.exchange.faiss_format import _encode
from vecq.integrations.exchange.hnswlib_format import HEADER

DIM, ROWS, TURNS = 5, 40, 400
FIELDS = [name for name in HEADER.names if name not in ("multiplier", "room", "ef")]
NUMBERS = [0, 1, 2, 3, 0x7F, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1]
QUERIES = np.ones((2, DIM), np.float32)
LEAST, SPAN = np.full(DIM, -4, "<f4"), np.full(DIM, 8, "<f4")


def sample(step=7):
    items = np.random.default_rng(0).standard_normal((ROWS, DIM), np.float32)
    index = vecq.Index(DIM, "l2", "fp32", m=2, seed=3)
    return index.add(items, np.arange(ROWS) * step, threads=1)


def of_faiss(step):
    written = io.BytesIO()
    _encode(sample(step)._native, written)
    return written.getvalue()


def of_codes():
    """An IndexHNSWSQ of 8 bits: the graph of an IndexHNSWFlat, and codes in place of vectors."""
    flat = of_faiss(1)
    storage = flat.rindex(b"IxF2")
    head = flat[storage + 4 : storage + 4 + FAISS_HEADER.itemsize]
    codes = np.random.default_rng(0).integers(0, 256, ROWS * DIM, np.uint8)
    quantizer = np.array([0, 0], "<i4").tobytes() + np.float32(0).tobytes()
    parts = [b"IHNs", flat[4:storage], b"IxSQ", head, quantizer, np.array([DIM] * 2, "<u8")]
    for array in (np.concatenate([LEAST, SPAN]), codes):
        parts += [np.array([array.size], "<u8"), array]
    return b"".join(bytes(part) for part in parts)


def of_hnswlib(folder):
    sample().to_hnswlib(folder / "a")
    return (folder / "a").read_bytes()


def of_brute_force(folder):
    index = vecq.integrations.hnswlib.BFIndex("l2", DIM)
    index.init_index(ROWS)
    index.add_items(sample().get(np.arange(ROWS) * 7))
    index.save_index(str(folder / "a"))
    return (folder / "a").read_bytes()


CONTENTS = {
    "IHNf": lambda folder: of_faiss(1),
    "IHNs": lambda folder: of_codes(),
    "IxMp": lambda folder: of_faiss(7),
    "hnswlib": of_hnswlib,
    "brute force": of_brute_force,
}


def bring_hnswlib(path):
    return vecq.from_hnswlib(path, metric="l2", dim=DIM)


def load(kind):
    def read(path):
        index = kind("l2", DIM)
        index.load_index(str(path))
        return index

    return read


REFUSALS = (vecq.CorruptFileError, vecq.UnsupportedError, vecq.ArgumentError)
# What reads which content, and what it raises.
CASES = {
    "from_faiss IHNf": ("IHNf", vecq.from_faiss, REFUSALS),
    "from_faiss IHNs": ("IHNs", vecq.from_faiss, REFUSALS),
    "from_faiss IxMp": ("IxMp", vecq.from_faiss, REFUSALS),
    "from_hnswlib": ("hnswlib", bring_hnswlib, REFUSALS),
    "read_index": ("IxMp", vecq.integrations.faiss.read_index, REFUSALS),
    "load_index": ("hnswlib", load(vecq.integrations.hnswlib.Index), RuntimeError),
    "load_index of BFIndex": ("brute force", load(vecq.integrations.hnswlib.BFIndex), RuntimeError),
}
OF_HNSWLIB = pytest.mark.parametrize("case", ["from_hnswlib", "load_index"], indirect=True)


@pytest.fixture(scope="module", params=CASES)
def case(request):
    return request.param


@pytest.fixture(scope="module")
def content(case, tmp_path_factory):
    return CONTENTS[CASES[case][0]](tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def taken(case, tmp_path):
    """Tries a file; whatever comes of it is an index that is sound, or an error as it should be."""
    _, read, refusals = CASES[case]

    def take(content):
        path = tmp_path / "hostile"
        path.write_bytes(bytes(content))
        try:
            index = read(path)
        except refusals as error:
            return error
        look_into(index)
        return index

    return take


def look_into(index):
    if hasattr(index, "knn_query"):
        with contextlib.suppress(RuntimeError):  # everything may be deleted
            index.knn_query(QUERIES, k=1)
    else:
        index.search(QUERIES, 3)
    own = getattr(getattr(index, "index", index), "_own", index)
    if isinstance(own, vecq.Index):
        assert own.check().ok


def size(index):
    for name in ("ntotal", "element_count", "get_current_count"):
        if hasattr(index, name):
            count = getattr(index, name)
            return count() if callable(count) else count
    return len(index)


def refused(error):
    return isinstance(error, Exception)


def test_the_sample_itself_is_taken(content, taken):
    assert size(taken(content)) == ROWS
    assert len(sample().stats().layers) > 3


def test_faiss_takes_the_samples_too():
    for name in ("IHNf", "IHNs", "IxMp"):
        theirs = faiss.deserialize_index(np.frombuffer(CONTENTS[name](None), np.uint8))
        own = vecq.from_faiss(theirs, codec="fp32")
        graph = faiss.downcast_index(theirs.index) if name == "IxMp" else theirs
        assert np.allclose(own.get(own.ids), graph.storage.reconstruct_n(0, ROWS), atol=1e-5)


def test_whatever_is_cut_off_is_refused(content, taken):
    for length in range(0, len(content), 13):
        assert refused(taken(content[:length])), length
    assert refused(taken(content[:-1]))
    assert refused(taken(content + b"\0"))


def test_bits_that_flip(content, taken):
    rng = np.random.default_rng(1)
    count = 0
    for _ in range(TURNS):
        changed = bytearray(content)
        for at in rng.integers(0, len(content), rng.integers(1, 4)):
            changed[at] ^= 1 << int(rng.integers(8))
        count += refused(taken(changed))
    assert count > 5


def test_words_that_are_anything(content, taken):
    rng = np.random.default_rng(2)
    for _ in range(TURNS):
        changed = bytearray(content)
        at = int(rng.integers(len(content) // 4)) * 4
        size = int(rng.choice([4, 8]))
        number = NUMBERS[rng.integers(len(NUMBERS))] & (256**size - 1)
        changed[at : at + size] = number.to_bytes(size, "little")
        taken(changed)


def test_made_up_files(taken):
    rng = np.random.default_rng(3)
    for length in (0, 1, 4, 40, 95, 96, 97, 5000):
        assert refused(taken(rng.bytes(length)))
        assert refused(taken(bytes(length)))


@OF_HNSWLIB
def test_every_field_of_a_header_of_hnswlib(case, content, taken):
    for name in FIELDS:
        for number in NUMBERS:
            header = np.frombuffer(content[: HEADER.itemsize], HEADER).copy()
            value = np.uint64(number).astype(header.dtype[name])
            if header[name][0] == value:
                continue
            header[name] = value
            found = taken(header.tobytes() + content[HEADER.itemsize :])
            # Any row that is on the highest layer will do as the entry.
            assert refused(found) or name == "entry", (name, number)


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
def test_numbers_that_are_none(value, case, content, taken):
    numbers = SPAN if "IHNs" in case else sample().get([0])
    at = content.index(numbers.tobytes())
    error = taken(content[:at] + np.float32(value).tobytes() + content[at + 4 :])
    assert "not finite" in str(error)

"""Every instruction set, thread and process gives the same codes and scores, bit for bit."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import vecq

# Prints a hash of all that must be the same, and saves the scores of floating codes.
EVERYTHING = """
import hashlib, itertools
import numpy as np, vecq
rng = np.random.default_rng(0)
digest, floats = hashlib.sha256(), []
vectors = (rng.standard_normal((80, 100)) * rng.lognormal(0, 1, (80, 1)) + 0.3).astype("f4")
vectors[0], vectors[1], vectors[2] = 0, 1e-40, 1e15
vectors[3], vectors[4, ::2] = vectors[3] * 1e-30, -vectors[4, ::2] * 1e3
queries = rng.standard_normal((40, 100)).astype("f4")
for kind, scale, dim, *flags in itertools.product(
    ("fp32", "fp16", "int16", "int12", "int8", "int4"),
    ("vector", "dimension", "global"),
    (1, 17, 100),
    *[(False, True)] * 3
):
    if kind[0] == "f" and scale != "vector":
        continue
    settings = dict(zip(("center", "rotate", "unbiased"), flags))
    codec = vecq.Codec(kind, scale=scale, **settings).fit(vectors[5:40, :dim])
    codes = codec.encode(vectors[:, :dim])
    for part in (codec.mean, codec.scales, codes.rows, codes.constants, codes.decode()):
        digest.update(part.tobytes())
    digest.update(str(codes.clipped).encode())
    for metric, bits in itertools.product(("ip", "cosine", "l2"), (8, 15)):
        scores = codec.score(codes, queries[:, :dim], metric, query_bits=bits)
        if kind[0] == "f":
            floats.append(scores[:, 5:])  # of rows of ordinary size
        else:
            digest.update(scores.tobytes())
print(digest.hexdigest())
"""

ISAS = vecq.cpu().isas


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("isas")


@pytest.mark.parametrize("isa", ISAS, ids=lambda isa: isa.name)
def test_every_isa_makes_the_same_codes_and_scores(isa, python, folder):
    if not isa.available:
        pytest.skip(f"{isa.name} can't run here: {isa.missing}")

    def everything(name):
        file, printed = folder / f"{name}.npy", folder / name
        if not file.exists():
            result = python(EVERYTHING + f"np.save({str(file)!r}, floats)", name)
            assert result.returncode == 0, result.stderr
            printed.write_text(result.stdout)
        return printed.read_text(), np.load(file)

    (expected, expected_scores), (digest, scores) = everything(ISAS[0].name), everything(isa.name)
    assert digest == expected
    assert len(scores) == 2 * 3 * 8 * 3 * 2
    # Any order of summing stays this close.
    around = 1e-5 * np.abs(expected_scores).max(axis=(1, 2), keepdims=True)
    assert (np.abs(scores - expected_scores) <= around).all()


VECTORS = np.random.default_rng(0).standard_normal((5000, 33)).astype(np.float32)
SETTINGS = [
    {"kind": "int8", "scale": "global", "center": True, "calibration": "mse"},
    {"kind": "int16", "scale": "dimension", "calibration": "percentile", "percentile": 95},
    {"kind": "int8", "rotate": True},
    {"kind": "fp16"},
    {"kind": "fp32", "center": True},
]


def answers(codec, threads=0):
    codes = codec.encode(VECTORS, threads=threads)
    scores = codec.score(codes, VECTORS[:200], "l2", query_bits=15, threads=threads)
    decoded = codec.decode(codes, threads=threads)
    return [
        part.tobytes() for part in (codes.rows, codes.constants, decoded, scores)
    ], codes.clipped


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_any_number_of_threads_gives_the_same(settings):
    codec = vecq.Codec(**settings)
    expected = answers(codec, threads=1)
    for threads in (0, 2, 7, 1000):
        assert answers(codec, threads) == expected, threads


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_threads_share_a_codec_from_its_first_use(settings):
    expected = answers(vecq.Codec(**settings), threads=1)
    codec = vecq.Codec(**settings)
    with ThreadPoolExecutor(8) as pool:
        assert all(found == expected for found in pool.map(answers, [codec] * 8, [0, 1] * 4))


class Interloper:
    """Use the codec on vectors of another dim between two steps, as another thread may."""

    def __init__(self, codec, use):
        self.codec, self.use = codec, use

    def __array__(self, dtype=None, copy=None):
        self.use(self.codec, np.ones((4, 60_000), np.float32))
        return np.ones((4, 8), np.float32)


@pytest.mark.parametrize("use", [vecq.Codec.encode, vecq.Codec.fit])
@pytest.mark.parametrize("center", [False, True])
def test_a_dim_changed_by_another_thread_is_refused(use, center):
    codec = vecq.Codec(center=center)
    with pytest.raises(vecq.ArgumentError, match="8 columns, expected 60000") as caught:
        codec.encode(Interloper(codec, use))
    assert caught.value.argument == "vectors"


FORK = """
import os
import numpy as np, vecq
vectors = np.random.default_rng(0).standard_normal((5000, 33)).astype("f4")
codec = vecq.Codec("int8", center=True)
def answers():
    codes = codec.encode(vectors, threads=4)
    return codes.rows.tobytes() + codec.score(codes, vectors[:100], threads=4).tobytes()
expected = answers()  # uses the thread pool, which a child lacks
for _ in range(3):
    child = os.fork()
    if child == 0:
        os._exit(0 if answers() == expected else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert answers() == expected
"""


def test_a_forked_child_gives_the_same(python):
    result = python(FORK, vecq.cpu().active)
    assert result.returncode == 0, result.stderr

"""What codecs take, what they refuse and by which name, and values at the edge of float32."""

import tracemalloc

import numpy as np
import pytest

import vecq

KINDS = ["fp32", "fp16", "int16", "int8"]
INTEGERS = ["int16", "int8"]
SCALES = ["vector", "dimension", "global"]
METRICS = ["ip", "cosine", "l2"]
DIM = 16


def sample(count=60, dim=DIM, seed=0):
    return np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)


class Tensor:
    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array if dtype is None else self.array.astype(dtype)


def unaligned(x):
    out = np.frombuffer(bytearray(x.nbytes + 1), np.float32, x.size, offset=1).reshape(x.shape)
    out[:] = x
    return out


def read_only(x):
    out = x.copy()
    out.flags.writeable = False
    return out


LAYOUTS = {
    "every other column": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "every other row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "fortran": np.asfortranarray,
    "negative strides": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": read_only,
    "unaligned": unaligned,
    "big-endian": lambda x: x.astype(">f4"),
    "float64": lambda x: x.astype(np.float64),
    "big-endian float64": lambda x: x.astype(">f8"),
    "fortran float64": lambda x: np.asfortranarray(x.astype(np.float64)),
    "float16": lambda x: x.astype(np.float16),
    "big-endian float16": lambda x: x.astype(">f2"),
    "lists": lambda x: x.astype(float).tolist(),
    "__array__": Tensor,
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("settings", [{}, {"scale": "global", "center": True}], ids=str)
def test_any_layout_is_as_good_as_a_plain_copy(layout, settings):
    plain = np.array(sample().astype(np.float16), np.float32)  # float16 holds it exactly
    given = LAYOUTS[layout](plain)
    if layout == "broadcast":
        plain = np.ascontiguousarray(given)
    one, two = vecq.Codec(**settings), vecq.Codec(**settings)
    if settings:
        one.fit(plain)
        two.fit(given)
    expected, codes = one.encode(plain), two.encode(given)
    np.testing.assert_array_equal(codes.rows, expected.rows)
    np.testing.assert_array_equal(codes.constants, expected.constants)
    np.testing.assert_array_equal(two.score(given, codes), one.score(plain, expected))


def test_torch_tensors_are_arrays():
    torch = pytest.importorskip("torch", reason="TORCH IS NOT INSTALLED: its tensors go untested")
    codes = vecq.Codec().encode(torch.from_numpy(sample()))
    np.testing.assert_array_equal(codes.rows, vecq.Codec().encode(sample()).rows)


def test_a_vector_is_a_matrix_of_one_row():
    codec = vecq.Codec()
    codes = codec.encode(sample()[0])
    assert len(codes) == 1
    assert codec.score(sample()[0], codes).shape == (1, 1)
    np.testing.assert_array_equal(codes.rows, codec.encode(sample()[:1]).rows)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_has_no_codes(kind):
    codec, nothing = vecq.Codec(kind), np.empty((0, DIM), np.float32)
    codes = codec.encode(nothing)
    assert (len(codes), codes.nbytes, codes.clipped) == (0, 0, 0)
    assert codes.decode().shape == (0, DIM)
    assert codec.score(sample(3), codes).shape == (3, 0)
    assert codec.score(nothing, codec.encode(sample(5))).shape == (0, 5)


CODEC = vecq.Codec()
CODES = CODEC.encode(sample())
FITTED = vecq.Codec(scale="global").fit(sample())


def refuse(argument, message, function, *args, **kwargs):
    with pytest.raises(vecq.ArgumentError, match=message or None) as caught:
        function(*args, **kwargs)
    assert caught.value.argument == argument
    assert argument in str(caught.value)


NOT_VECTORS = [
    (np.ones((3, DIM), np.int32), "int32"),
    (np.ones((3, DIM), bool), "bool"),
    (np.ones((3, DIM), complex), "complex128"),
    (np.ones((3, DIM), np.longdouble), "expected float32, float64 or float16"),
    (np.ones((3, DIM), object), "object"),
    (np.full((3, DIM), "1"), "<U1"),
    ([[1, 2], [3, 4]], "int64"),
    ([[1.0], [2.0, 3.0]], ""),
    (None, "object"),
    ("abc", "<U3"),
    (1.5, "0 dimensions"),
    (np.ones((2, 3, DIM), np.float32), "3 dimensions"),
    (np.ones((3, 0), np.float32), "0 columns"),
    (np.ones((2, 65536), np.float32), "65536 columns"),
]


@pytest.mark.parametrize(("given", "message"), NOT_VECTORS, ids=[str(m) for _, m in NOT_VECTORS])
def test_what_is_no_matrix_of_floats_is_refused(given, message):
    refuse("vectors", message, vecq.Codec().encode, given)
    refuse("vectors", message, vecq.Codec(center=True).encode, given)
    refuse("sample", message, vecq.Codec(scale="global").fit, given)
    refuse("queries", "", CODEC.score, given, CODES)


def test_another_dim_is_refused():
    wrong = sample(dim=DIM + 1)
    refuse("vectors", "17 columns, expected 16", CODEC.encode, wrong)
    refuse("vectors", "17 columns, expected 16", FITTED.encode, wrong)
    refuse("queries", "17 columns, expected 16", CODEC.score, wrong, CODES)


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "int4"},
        {"kind": None},
        {"kind": 3},
        {"scale": "row"},
        {"scale": ["vector"]},
        {"calibration": "max"},
        {"percentile": 0},
        {"percentile": 101},
        {"percentile": float("nan")},
        {"percentile": "99"},
        {"seed": -1},
        {"seed": 2**64},
        {"seed": 1.5},
        {"seed": "1"},
        {"scale": "global", "kind": "fp32"},
    ],
    ids=str,
)
def test_bad_settings_are_named(settings):
    refuse(next(iter(settings)), "", vecq.Codec, **settings)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("metric", "dot"),
        ("metric", None),
        ("query_bits", 9),
        ("query_bits", -8),
        ("query_bits", 2**40),
        ("query_bits", "8"),
        ("threads", -1),
        ("threads", 1.5),
        ("codes", vecq.Codec().encode(sample())),
        ("codes", sample()),
        ("codes", None),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_bad_arguments_of_score_are_named(argument, value):
    refuse(argument, "", CODEC.score, **{"queries": sample(), "codes": CODES, argument: value})


def test_bad_threads_are_named():
    refuse("threads", "-1", CODEC.encode, sample(), threads=-1)
    refuse("threads", "-1", CODEC.decode, CODES, threads=-1)


def test_nothing_cannot_be_fitted():
    for codec in (vecq.Codec(), FITTED):
        refuse("sample", "empty", codec.fit, sample(0))
    refuse("vectors", "empty", vecq.Codec(center=True).encode, sample(0))


BAD_VALUES = [np.nan, np.inf, -np.inf, 1e39, -1e300]


@pytest.mark.parametrize("value", BAD_VALUES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_row_that_is_not_finite_is_named(value, dtype):
    with np.errstate(over="ignore"):
        bad = sample().astype(dtype)
        bad[7, 3] = value
    where = "not finite.* row 7, column 3"
    refuse("vectors", where, CODEC.encode, bad)
    refuse("vectors", where, FITTED.encode, bad)
    refuse("queries", where, CODEC.score, bad, CODES)
    refuse("sample", "not finite.* row 7", vecq.Codec(scale="global").fit, bad)
    refuse("vectors", "not finite.* row 7", vecq.Codec(center=True).encode, bad)
    assert len(CODEC.encode(sample())) == 60  # and it works on


@pytest.mark.parametrize("value", BAD_VALUES)
def test_rows_beyond_the_first_block_keep_their_number(value):
    bad = np.zeros((130_000, 64))
    bad[123_456, 63] = value
    refuse("vectors", "row 123456, column 63", vecq.Codec().encode, bad)


def test_rows_of_a_thinned_sample_keep_their_number():
    bad = np.zeros((30_000, 4))
    bad[29_997] = np.nan
    refuse("sample", "row 29997", vecq.Codec(center=True).fit, bad)
    refuse("vectors", "row 29997", vecq.Codec(center=True).encode, bad)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("center", [False, True])
def test_a_constant_dimension_stays_what_it_is(kind, scale, center):
    if kind not in INTEGERS and scale != "vector":
        return  # refused, as test_bad_settings_are_named shows
    vectors = sample()
    vectors[:, 3], vectors[:, 4] = 5, 0
    codec = vecq.Codec(kind, scale=scale, center=center, rotate=False)
    decoded = codec.encode(vectors).decode()
    step = np.abs(vectors).max() / (127 if kind == "int8" else 2000)
    np.testing.assert_allclose(decoded, vectors, atol=step)
    np.testing.assert_array_equal(decoded[:, 4], 0)
    if center:
        np.testing.assert_array_equal(decoded[:, 3], 5)
    for metric in METRICS:
        assert np.isfinite(codec.score(vectors, codec.encode(vectors), metric)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rotate", [False, True])
def test_zero_vectors_score_0(kind, rotate):
    vectors = sample()
    vectors[5] = 0
    codec = vecq.Codec(kind, rotate=rotate)
    codes = codec.encode(vectors)
    np.testing.assert_array_equal(codes.decode()[5], 0)
    for metric in ("ip", "cosine"):
        scores = codec.score(vectors, codes, metric)
        assert not scores[5].any()
        assert not scores[:, 5].any()
    scores, norm2 = codec.score(vectors, codes, "l2"), (vectors.astype(float) ** 2).sum(axis=1)
    np.testing.assert_allclose(scores[5], -norm2, rtol=0.03)
    np.testing.assert_allclose(scores[:, 5], -norm2, rtol=0.03)
    assert scores[5, 5] == 0


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize("scale", ["dimension", "global"])
@pytest.mark.parametrize("calibration", ["minmax", "percentile", "mse", "entropy"])
def test_a_sample_of_zeros_fits(kind, scale, calibration):
    codec = vecq.Codec(kind, scale=scale, calibration=calibration).fit(np.zeros((10, DIM)))
    codes = codec.encode(np.zeros((3, DIM)))
    assert codes.clipped == 0
    assert not codes.decode().any()
    beyond = codec.encode(sample())
    assert beyond.clipped == 60 * DIM
    for metric in METRICS:
        assert np.isfinite(codec.score(sample(), beyond, metric)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", SCALES)
def test_a_sample_of_one_row_fits(kind, scale):
    if kind not in INTEGERS and scale != "vector":
        return  # refused, as test_bad_settings_are_named shows
    row = sample(1)
    np.testing.assert_array_equal(
        vecq.Codec(kind, scale=scale, center=True).encode(row).decode(), row
    )
    around = np.abs(row).max() / 127
    np.testing.assert_allclose(vecq.Codec(kind, scale=scale).encode(row).decode(), row, atol=around)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1e-45, 1e-42, 1e-40, 1e-38, 1e-30, 1e30])
def test_norms_at_the_edge_of_float32(kind, size):
    """Magnitudes whose squares, sums or inverses are beyond float32."""
    with np.errstate(under="ignore"):
        vectors = (sample() * size).astype(np.float32)
    queries = sample(9, seed=1)
    codec = vecq.Codec(kind)
    codes = codec.encode(vectors)
    least = {"int8": 127, "int16": 32767}.get(kind, 1) * 1.5e-45
    # A scale has a few bits only among the denormals.
    lost = np.abs(vectors).max() * 0.01 + least
    np.testing.assert_allclose(codes.decode(), vectors, rtol=0, atol=lost)
    rows, exact = vectors.astype(float), queries.astype(float)
    ip = exact @ rows.T
    around = 1e-2 * np.outer(np.linalg.norm(exact, axis=1), np.linalg.norm(rows, axis=1))
    around += least * np.abs(exact).sum(axis=1)[:, None]
    assert (np.abs(codec.score(queries, codes) - ip) <= around).all()
    assert np.isfinite(codec.score(queries, codes, "cosine")).all()
    if size > least:  # else scales vanish, and with them the vectors
        lengths = np.outer(np.linalg.norm(exact, axis=1), np.linalg.norm(rows, axis=1))
        cosine = codec.score(queries, codes, "cosine")
        np.testing.assert_allclose(cosine, ip / lengths, rtol=0, atol=1e-2)
    if size > 1:
        refuse("codes", "squared norm beyond float32 in row 0", codec.score, queries, codes, "l2")
        refuse(
            "queries",
            "squared norm beyond.* row 0",
            codec.score,
            vectors,
            codec.encode(queries),
            "l2",
        )
    else:
        expected = -(exact**2).sum(axis=1, keepdims=True) * np.ones(len(vectors))
        np.testing.assert_allclose(codec.score(queries, codes, "l2"), expected, rtol=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_huge_queries_meet_huge_rows(kind):
    vectors = sample() * np.float32(1e30)
    codec = vecq.Codec(kind)
    codes = codec.encode(vectors)
    np.testing.assert_allclose(np.diag(codec.score(vectors, codes, "cosine")), 1, atol=1e-2)
    tiny = sample() * np.float32(1e-30)
    norm2 = (sample().astype(float) ** 2).sum(axis=1)
    np.testing.assert_allclose(np.diag(codec.score(tiny, codes)), norm2, rtol=2e-2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("rotate", [False, True])
def test_tiny_beside_huge_values(kind, scale, rotate):
    if kind not in INTEGERS and scale != "vector":
        return  # refused, as test_bad_settings_are_named shows
    vectors = sample()
    vectors[:, ::2] *= np.float32(1e30)
    vectors[:, 1::2] *= np.float32(1e-30)
    codec = vecq.Codec(kind, scale=scale, rotate=rotate)
    codes = codec.encode(vectors)
    assert codes.clipped == 0
    np.testing.assert_allclose(codes.decode(), vectors, rtol=0, atol=np.abs(vectors).max() / 50)
    expected = sample(5, seed=1).astype(float) @ vectors.T.astype(float)
    scores = codec.score(sample(5, seed=1), codes)
    assert np.abs(scores - expected).max() <= 0.05 * np.abs(expected).max()


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize("scale", ["dimension", "global"])
@pytest.mark.parametrize("factor", [1.5, 100, 1e30])
def test_values_beyond_the_range_are_clipped_and_counted(kind, scale, factor):
    codec = vecq.Codec(kind, scale=scale, rotate=False).fit(sample(200))
    vectors = sample(50, seed=1) * np.float32(factor)
    codes = codec.encode(vectors)
    levels = 127 if kind == "int8" else 32767
    top = levels * codec.scales.astype(float)
    beyond = np.abs(vectors) > top * (1 + 0.5 / levels)
    assert codes.clipped == beyond.sum() > 0
    half = 0.5001 * codes.constants["scale"][:, None].astype(float)
    half = half * (codec.scales if scale == "dimension" else 1)
    assert (np.abs(codes.decode() - np.clip(vectors, -top, top)) <= half + 1e-6).all()
    assert (np.sign(codes.decode()) == np.sign(vectors))[beyond].all()


BIG = np.float32(2.0**110)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("transform", [{}, {"center": True}, {"rotate": True}], ids=str)
def test_values_too_large_are_refused(kind, transform):
    codec = vecq.Codec(kind, **transform).fit(sample())
    largest = np.full((2, DIM), BIG)
    codes = codec.encode(largest)
    assert np.isfinite(codes.decode()).all()
    assert np.isfinite(codes.constants["norm"]).all()
    larger = np.nextafter(largest, np.float32(np.inf))
    refuse("vectors", "too large .* row 0", codec.encode, larger)
    refuse("queries", "too large .* row 0", codec.score, larger, codec.encode(sample()))
    refuse("sample", "too large .* row 0", vecq.Codec(kind, **transform).fit, larger)


@pytest.mark.parametrize("calibration", ["minmax", "percentile", "mse", "entropy"])
@pytest.mark.parametrize("scale", ["dimension", "global"])
def test_scales_are_finite_or_refused(scale, calibration):
    huge = sample() / 5 * BIG
    codec = vecq.Codec(scale=scale, calibration=calibration, rotate=False).fit(huge)
    assert np.isfinite(codec.scales).all()
    codes = codec.encode(huge)
    assert np.isfinite(codes.decode()).all()
    if scale == "dimension":
        refuse("queries", "beyond float32 in row 0", codec.score, huge, codes)
    else:
        assert not np.isnan(codec.score(sample(), codes)).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_encoding_copies_a_block_at_most(dtype):
    vectors = np.zeros((200_000, 128), dtype)
    codec = vecq.Codec("int8")
    codec.encode(vectors[:1])
    tracemalloc.start()
    try:
        codes = codec.encode(vectors)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # numpy reports to tracemalloc. Two blocks of 16 MiB where numbers are converted.
    assert peak < codes.nbytes + (1 << 20 if dtype == np.float32 else 40 << 20)

"""Inputs that codecs accept, and errors that name the argument."""

import tracemalloc

import numpy as np
import pytest

import vecq

KINDS = ["fp32", "fp16", "int16", "int12", "int8", "int4"]
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
def test_any_memory_layout(layout, settings):
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
    np.testing.assert_array_equal(two.score(codes, given), one.score(expected, plain))


def test_torch_tensors_are_arrays():
    torch = pytest.importorskip("torch", reason="TORCH IS NOT INSTALLED: its tensors go untested")
    codes = vecq.Codec().encode(torch.from_numpy(sample()))
    np.testing.assert_array_equal(codes.rows, vecq.Codec().encode(sample()).rows)


def test_a_vector_is_a_matrix_of_one_row():
    codec = vecq.Codec()
    codes = codec.encode(sample()[0])
    assert len(codes) == 1
    assert codec.score(codes, sample()[0]).shape == (1, 1)
    np.testing.assert_array_equal(codes.rows, codec.encode(sample()[:1]).rows)


@pytest.mark.parametrize("kind", KINDS)
def test_empty_input_has_no_codes(kind):
    codec, nothing = vecq.Codec(kind), np.empty((0, DIM), np.float32)
    codes = codec.encode(nothing)
    assert (len(codes), codes.nbytes, codes.clipped) == (0, 0, 0)
    assert codes.decode().shape == (0, DIM)
    assert codec.score(codes, sample(3)).shape == (3, 0)
    assert codec.score(codec.encode(sample(5)), nothing).shape == (0, 5)


CODEC = vecq.Codec()
CODES = CODEC.encode(sample())
FITTED = vecq.Codec(scale="global").fit(sample())


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
def test_other_inputs_than_float_matrices_are_refused(given, message, refuse):
    refuse("vectors", message, vecq.Codec().encode, given)
    refuse("vectors", message, vecq.Codec(center=True).encode, given)
    refuse("sample", message, vecq.Codec(scale="global").fit, given)
    refuse("queries", "", CODEC.score, CODES, given)


def test_masked_values_are_refused(refuse):
    masked = np.ma.masked_array(sample(), mask=np.eye(60, DIM, dtype=bool))
    refuse("vectors", "masked", CODEC.encode, masked)
    assert len(CODEC.encode(np.ma.masked_array(sample()))) == 60


def test_codes_are_indexed_by_contiguous_slices_only():
    assert len(CODES[10:20]) == 10
    with pytest.raises(TypeError, match="sliced by rows"):
        CODES[3]


@pytest.mark.parametrize("center", [False, True])
def test_a_first_encode_that_fails_leaves_no_dim(center, refuse):
    codec = vecq.Codec(center=center)
    refuse("vectors", "not finite", codec.encode, np.full((3, DIM + 1), np.nan))
    assert codec.dim is None
    assert len(codec.encode(sample())) == 60


def test_another_dim_is_refused(refuse):
    wrong = sample(dim=DIM + 1)
    refuse("vectors", "17 columns, expected 16", CODEC.encode, wrong)
    refuse("vectors", "17 columns, expected 16", FITTED.encode, wrong)
    refuse("queries", "17 columns, expected 16", CODEC.score, CODES, wrong)


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "int2"},
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
def test_bad_settings_are_named(settings, refuse):
    refuse(next(iter(settings)), "", vecq.Codec, **settings)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("metric", "l1"),
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
def test_bad_arguments_of_score_are_named(argument, value, refuse):
    refuse(argument, "", CODEC.score, **{"queries": sample(), "codes": CODES, argument: value})


def test_bad_threads_are_named(refuse):
    refuse("threads", "-1", CODEC.encode, sample(), threads=-1)
    refuse("threads", "-1", CODEC.decode, CODES, threads=-1)


def test_fitting_empty_input_is_refused(refuse):
    for codec in (vecq.Codec(), FITTED):
        refuse("sample", "empty", codec.fit, sample(0))
    refuse("vectors", "empty", vecq.Codec(center=True).encode, sample(0))


BAD_VALUES = [np.nan, np.inf, -np.inf, 1e39, -1e300]


@pytest.mark.parametrize("value", BAD_VALUES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_row_that_is_not_finite_is_named(value, dtype, refuse):
    with np.errstate(over="ignore"):
        bad = sample().astype(dtype)
        bad[7, 3] = value
    where = "not finite.* row 7, column 3"
    refuse("vectors", where, CODEC.encode, bad)
    refuse("vectors", where, FITTED.encode, bad)
    refuse("queries", where, CODEC.score, CODES, bad)
    refuse("sample", "not finite.* row 7", vecq.Codec(scale="global").fit, bad)
    refuse("vectors", "not finite.* row 7", vecq.Codec(center=True).encode, bad)
    assert len(CODEC.encode(sample())) == 60  # and the codec still works


@pytest.mark.parametrize("value", BAD_VALUES)
def test_rows_beyond_the_first_block_keep_their_number(value, refuse):
    bad = np.zeros((130_000, 64))
    bad[123_456, 63] = value
    refuse("vectors", "row 123456, column 63", vecq.Codec().encode, bad)


def test_rows_of_a_thinned_sample_keep_their_number(refuse):
    bad = np.zeros((30_000, 4))
    bad[29_997] = np.nan
    refuse("sample", "row 29997", vecq.Codec(center=True).fit, bad)
    refuse("vectors", "row 29997", vecq.Codec(center=True).encode, bad)


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

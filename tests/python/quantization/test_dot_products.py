import numpy as np
import pytest

import vecq
from vecq.quantization.dot_products import dot

EVERY_INTEGER_DOT = """
import numpy as np
from vecq.quantization.dot_products import dot
rng = np.random.default_rng(1)
for dtype in (np.int8, np.int16):
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    for dim in (1, 3, 31, 32, 33, 63, 64, 65, 100, 128, 257, 1000, 65535):
        queries, rows = (rng.integers(low, high, (n, dim), dtype, endpoint=True) for n in (5, 37))
        queries[0], rows[0], rows[1] = low, low, high
        exact = queries.astype(np.int64) @ rows.astype(np.int64).T
        np.testing.assert_array_equal(dot(queries, rows), exact.astype(np.int32))
"""


@pytest.mark.parametrize("isa", vecq.cpu().isas, ids=lambda isa: isa.name)
def test_integer_dots_are_exact_on_every_isa(isa, python):
    if not isa.available:
        pytest.skip(f"{isa.name} can't run here: {isa.missing}")
    result = python(EVERY_INTEGER_DOT, isa.name)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("dim", [1, 31, 32, 33, 500])
def test_float_dots_are_close_to_double_precision(dtype, dim):
    rng = np.random.default_rng(dim)
    queries = rng.standard_normal((9, dim), np.float32)
    rows = rng.standard_normal((50, dim), np.float32).astype(dtype)
    dots = dot(queries, rows)
    assert dots.dtype == np.float32
    exact = queries.astype(float) @ rows.astype(float).T
    np.testing.assert_allclose(dots, exact, rtol=0, atol=1e-6 * dim**0.5 * 10)


def test_a_vector_counts_as_a_matrix_of_one_row():
    one = np.arange(10, dtype=np.int8)
    assert dot(one, one).tolist() == [[285]]


@pytest.mark.parametrize(("queries", "rows"), [(0, 3), (3, 0), (0, 0)])
def test_empty_input_has_no_dots(queries, rows):
    dots = dot(np.empty((queries, 8), np.int8), np.empty((rows, 8), np.int8))
    assert dots.shape == (queries, rows)


GOOD = np.ones((4, 8), np.int8)


@pytest.mark.parametrize(
    ("queries", "rows", "argument", "message"),
    [
        (np.ones((4, 0), np.int8), np.ones((4, 0), np.int8), "dim", "0"),
        (np.ones((1, 65536), np.int8), np.ones((1, 65536), np.int8), "dim", "65536"),
        (GOOD, GOOD.astype(np.int64), "rows", "int64"),
        (GOOD, GOOD.astype(">i2"), "rows", ">i2"),
        (GOOD.astype(np.float32), GOOD, "queries", "float32"),
        (GOOD.astype(np.float16), GOOD.astype(np.float16), "queries", "float32"),
        (np.ones((4, 7), np.int8), GOOD, "queries", "7 columns"),
        (GOOD[:, ::2], GOOD[:, ::2], "rows", "contiguous"),
        (GOOD.T, np.ones((8, 4), np.int8), "queries", "contiguous"),
        (GOOD, GOOD[None], "rows", "3 dimensions"),
        (np.int8(1), GOOD, "queries", "int8"),
        ([[1]], GOOD, "queries", "list"),
        (GOOD, None, "rows", "NoneType"),
    ],
)
def test_bad_arguments_are_named(queries, rows, argument, message):
    with pytest.raises(vecq.ArgumentError, match=message) as caught:
        dot(queries, rows)
    assert caught.value.argument == argument

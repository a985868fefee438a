"""What indexes take, what they refuse and by which name, leaving no trace of what was refused."""

import numpy as np
import pytest

import vecq

METRICS = ["ip", "cosine", "l2"]
DIM = 16
every_metric = pytest.mark.parametrize("metric", METRICS)


def sample(count=300, dim=DIM, seed=0):
    return np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)


ITEMS = sample()


def changed(value, row=7, column=3, dtype=np.float32):
    rows = sample(seed=2).astype(dtype)
    with np.errstate(over="ignore"):
        rows[row, column] = value
    return rows


def state(index):
    """All that can be seen of an index, but for the memory that it keeps ready."""
    stats, found = index.stats(), index.search(ITEMS[:40], 300)
    return (
        *(len(index), stats.rows, stats.layers, stats.degrees.tolist()),
        *(stats.unreachable, stats.kept_out, found.ids.tolist(), found.scores.tolist()),
    )


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        *[("dim", value) for value in (0, -1, 65536, 1.5, "8", None)],
        *[("metric", value) for value in ("l1", "", None, 0, ["ip"])],
        *[("codec", value) for value in ("int2", "INT8", None, 8)],
        *[("rerank_codec", value) for value in ("int2", "", 8)],
        *[("link", value) for value in ("graph", "Auto", None, 1)],
        *[("m", value) for value in (1, 257, 0, -16, 16.0, "16", 2**64)],
        *[("ef_construction", value) for value in (0, -1, 100_001, 1.5)],
        *[("seed", value) for value in (-1, 2**64, 0.5, "0")],
    ],
)
def test_bad_settings_are_named(argument, value, refuse):
    refuse(argument, "", vecq.Index, **{"dim": DIM, argument: value})


@pytest.mark.parametrize(
    ("metric", "link"), [("l2", "moebius"), ("l2", "cosine"), ("cosine", "moebius")]
)
def test_links_are_for_metrics(metric, link, refuse):
    refuse("link", "", vecq.Index, DIM, metric, link=link)


def test_a_codec_that_centres_has_its_own_links(refuse):
    refuse("link", "centers", vecq.Index, DIM, "ip", vecq.Codec(center=True), link="cosine")


@pytest.mark.parametrize("argument", ["codec", "rerank_codec"])
def test_codecs_for_another_dim_are_refused(argument, refuse):
    used, fitted = vecq.Codec(), vecq.Codec(center=True).fit(sample(dim=DIM + 1))
    used.encode(sample(dim=DIM + 1))
    for codec in (used, fitted):
        refuse(argument, "dim 17, not 16", vecq.Index, DIM, **{argument: codec})


INDEX = vecq.Index(DIM).add(ITEMS)
RERANKED = vecq.Index(DIM, rerank_codec="fp16").add(ITEMS)
SEARCHES = [
    *[(INDEX, "k", value) for value in (0, -1, 1.5, "a", None, 2**31, 2**70)],
    *[(INDEX, "ef", value) for value in (0, -1, 1.5, "a", 2**31)],
    *[(INDEX, "threads", value) for value in (-1, 1.5, "a", None, 1025)],
    *[(INDEX, "query_bits", value) for value in (9, 0, -8, 16, "15", None)],
    *[(INDEX, "rerank_factor", value) for value in (1, 2.5, -1, "a")],
    *[(RERANKED, "rerank_factor", value) for value in (0.5, -1, 1001, np.nan, np.inf, "a")],
]


@pytest.mark.parametrize(("index", "argument", "value"), SEARCHES)
def test_bad_arguments_of_search_are_named(index, argument, value, refuse):
    before = state(index)
    refuse(argument, "", index.search, **{"queries": ITEMS, "k": 10, argument: value})
    assert state(index) == before


NOT_VECTORS = [
    (sample(dim=DIM + 1), "17 columns, expected 16"),
    (np.ones(DIM - 1), "15 columns, expected 16"),
    (np.ones((3, DIM), np.int32), "int32"),
    (np.ones((3, DIM), bool), "bool"),
    (np.ones((3, DIM), complex), "complex128"),
    (np.ones((3, DIM), object), "object"),
    ([[1] * DIM], "int64"),
    ([[1.0], [2.0, 3.0]], "no array"),
    (np.ones((2, 3, DIM), np.float32), "3 dimensions"),
    (np.float32(1), "0 dimensions"),
    (None, "object"),
    ("abc", "<U3"),
    (np.ma.masked_array(ITEMS, mask=np.eye(300, DIM, dtype=bool)), "masked"),
    (changed(np.nan), "not finite.* row 7"),
    (changed(-np.inf), "not finite.* row 7"),
    (changed(np.inf, row=299, column=0), "not finite.* row 299"),
    (changed(1e39, dtype=np.float64), "not finite.* row 7"),
    (changed(1e34), "too large .* row 7"),
]


@every_metric
@pytest.mark.parametrize(("given", "message"), NOT_VECTORS, ids=[m for _, m in NOT_VECTORS])
def test_what_is_no_matrix_of_floats_is_refused(metric, given, message, refuse):
    for index in (vecq.Index(DIM, metric), vecq.Index(DIM, metric).add(ITEMS)):
        before = state(index)
        refuse("vectors", message, index.add, given)
        if len(index) > 0 and message != "3 dimensions":  # several interests per user
            refuse("queries", message, index.search, given, 5)
        if metric == "ip" and given is not None:
            refuse("users", message, index.add, ITEMS, users=given)
        assert state(index) == before


BAD_ADDITIONS = [
    ("ids", "shape", {"ids": range(299)}),
    ("ids", "shape", {"ids": 5}),
    ("ids", "shape", {"ids": np.ones((300, 1), np.int64)}),
    ("ids", "float64", {"ids": np.arange(300.0)}),
    ("ids", "bool", {"ids": np.ones(300, bool)}),
    ("ids", "'a' in row 1, which is taken|<U", {"ids": ["a"] * 300}),
    ("ids", "beyond int64", {"ids": np.arange(300, dtype=np.uint64) + np.uint64(2**63)}),
    ("ids", "1000 in row 299, which is taken", {"ids": [*range(1000, 1299), 1000]}),
    ("ids", "299 in row 0, which is taken", {"ids": range(299, 599)}),
    ("threads", "", {"threads": -1}),
    ("threads", "", {"threads": 1.5}),
    ("progress", "is 3", {"progress": 3}),
    ("progress", "'bar'", {"progress": "bar"}),
]


@every_metric
def test_refused_additions_leave_no_trace(metric, refuse):
    first, then = sample(200, seed=3), sample(400, seed=4)
    index, untroubled = (vecq.Index(DIM, metric, seed=5) for _ in range(2))

    def refuse_all(skip=()):
        before = state(index)
        for argument, message, options in BAD_ADDITIONS:
            if message not in skip:
                refuse(argument, message, index.add, sample(seed=2), **options)
        for given in (changed(np.nan, row=299), changed(1e34)):
            refuse("vectors", "row", index.add, given, range(1000, 1300), threads=1)
        assert state(index) == before

    refuse_all(skip=["299 in row 0, which is taken"])
    for some in (ITEMS, first, then):
        index.add(some, threads=1)
        untroubled.add(some, threads=1)
        refuse_all()
        assert state(index) == state(untroubled)


def test_users_are_for_inner_products(refuse):
    for metric in ("cosine", "l2"):
        index = vecq.Index(DIM, metric)
        refuse("users", "metric ip", index.add, ITEMS, users=sample(9))
        assert len(index.add(ITEMS)) == 300


def test_norms_beyond_float32_are_refused(refuse):
    index = vecq.Index(DIM, "l2").add(ITEMS)
    refuse("vectors", "squared norm beyond float32 in row 7", index.add, changed(1e20))
    refuse("queries", "squared norm beyond float32 in row 7", index.search, changed(1e20), 3)
    assert len(index.add(ITEMS)) == 600


@pytest.mark.parametrize("rerank", [None, "int16"])
@pytest.mark.parametrize("value", [np.nan, 1e39])
def test_rows_beyond_the_first_block_keep_their_number(rerank, value, refuse):
    bad = np.zeros((70_000, 64))
    bad[66_123, 63] = value
    index, few = vecq.Index(64, rerank_codec=rerank), sample(100, dim=64)
    refuse("vectors", "row 66123, column 63", index.add, bad)
    refuse("users", "row 66123, column 63", index.add, few, users=bad)
    if rerank is None:
        refuse("queries", "row 66123, column 63", index.add(few).search, bad, 1)
        ids = np.arange(500, 70_500)
        ids[66_123] = 42
        refuse("ids", "42 in row 66123", index.add, np.zeros((70_000, 64)), ids)
        assert len(index) == 100
    assert index.add(few).stats().unreachable == 0


@pytest.mark.parametrize(
    "options", [{}, {"codec": "fp32", "rerank_codec": vecq.Codec(center=True)}]
)
def test_what_was_refused_fits_no_codec(options, refuse):
    """The sample that codecs are fitted on is thinned, and may not hold the row at fault."""
    bad = sample(20_001, dim=3) + 1000
    bad[19_999] = np.nan
    index = vecq.Index(3, "l2", **options)
    refuse("vectors", "row 19999", index.add, bad)
    good, fresh = sample(50, dim=3), vecq.Index(3, "l2", **options)
    np.testing.assert_array_equal(
        index.add(good).search(good, 5).scores, fresh.add(good).search(good, 5).scores
    )


STALE = """
import numpy as np, vecq
rows = np.random.default_rng(0).standard_normal((6000, 8)).astype("f4")
for metric in ("ip", "cosine", "l2"):
    index = vecq.Index(8, metric).add(rows)
    before = index.search(rows[:50], 10).ids
    try:
        index.add(np.full((9000, 8), np.nan))
    except vecq.ArgumentError:
        assert (index.search(rows[:50], 10).ids == before).all(), metric
"""


def test_searches_after_a_refusal_read_no_freed_memory(python, monkeypatch):
    monkeypatch.setenv("MALLOC_PERTURB_", "165")  # overwrites what is freed
    result = python(STALE, vecq.cpu().active)
    assert result.returncode == 0, result.stderr


LAYOUTS = {
    "float64": lambda x: x.astype(np.float64),
    "float16": lambda x: x.astype(np.float16),
    "fortran": np.asfortranarray,
    "every other row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "every other column": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "backwards": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "big-endian": lambda x: x.astype(">f4"),
    "lists": lambda x: x.astype(float).tolist(),
}


@every_metric
@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout_is_as_good_as_a_plain_copy(metric, layout):
    plain = np.array(ITEMS.astype(np.float16), np.float32)  # float16 holds it exactly
    given = LAYOUTS[layout](plain)
    users, given_users = (plain[:50], given[:50]) if metric == "ip" else (None, None)
    one = vecq.Index(DIM, metric).add(plain, users=users, threads=1)
    two = vecq.Index(DIM, metric).add(given, users=given_users, threads=1)
    assert state(one) == state(two)
    np.testing.assert_array_equal(one.search(plain, 5).ids, two.search(given, 5).ids)


@every_metric
def test_nothing_can_be_added_and_searched(metric):
    nothing = np.empty((0, DIM))
    index = vecq.Index(DIM, metric).add(nothing).add(nothing, []).add(ITEMS)
    before = state(index)
    assert index.add(nothing, np.empty(0, np.int64), progress=lambda done, total: None) is index
    assert state(index) == before
    for some in (index, vecq.Index(DIM, metric)):
        result = some.search(nothing, 5)
        assert (result.ids.shape, result.scores.shape, result.counts.shape) == (
            (0, 5),
            (0, 5),
            (0,),
        )

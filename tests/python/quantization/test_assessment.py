import warnings

import numpy as np
import pytest

import vecq
from vecq.datasets import heavy_tailed


@pytest.fixture(params=["ip", "cosine", "l2"])
def metric(request):
    return request.param


@pytest.fixture(scope="module")
def data():
    return heavy_tailed(3000, 48, 100)


def brute_force_recall(data, codec, metric, k):
    """Return recall by numpy, from decoded rows in float64."""
    queries, rows = data.test.astype("f8"), data.train.astype("f8")
    decoded = codec.encode(data.train).decode().astype("f8")

    def best(rows):
        scores = queries @ rows.T
        if metric == "cosine":
            scores /= np.linalg.norm(rows, axis=1)
        if metric == "l2":
            scores = 2 * scores - (rows**2).sum(axis=1)
        return np.argsort(-scores, axis=1)[:, :k]

    pairs = zip(best(rows), best(decoded), strict=True)
    return np.mean([np.isin(truth, found).mean() for truth, found in pairs])


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
@pytest.mark.parametrize("kind", ["int8", "int12", "int16", "fp16"])
def test_recall_equals_numpy(data, kind, metric):
    codec = vecq.Codec(kind)
    found = vecq.assess(data.train, data.test, metric=metric, k=20, codecs=codec)
    assert found.recall == pytest.approx(brute_force_recall(data, codec, metric, 20), abs=0.003)


def test_all_kinds_are_compared(data):
    found = vecq.assess(data.train, data.test, codecs="int8")
    kinds = [cost.codec.kind for cost in found.costs]
    assert kinds == ["fp32", "fp16", "int16", "int12", "int8", "int4"]  # from most to fewest bits
    assert found.asked == (4,)
    assert found.recall == found.costs[4].recall
    assert found.costs[0].recall == 1
    assert found.costs[0].signal_to_noise == np.inf
    noise = [cost.signal_to_noise for cost in found.costs]
    assert noise[2] > noise[1] > noise[3]
    text = str(found)
    assert all(kind in text for kind in kinds)
    assert [line.split()[0] for line in text.splitlines() if "*" in line] == ["int8"]
    assert f"{found.recall:.4f}" in text


@pytest.mark.parametrize("kind", ["int8", "int12", "int16", "fp16", "fp32"])
def test_names_stand_for_the_codecs_that_an_index_makes_of_them(metric, kind):
    rng = np.random.default_rng(0)
    rows, queries = (rng.standard_normal((n, 24)).astype(np.float32) + 9 for n in (600, 50))
    index = vecq.Index(24, metric, kind).add(rows)
    by_index = index.search(queries, 10, plan="scan")
    alone = vecq.brute_force(rows, queries, k=10, metric=metric, codec=kind)
    np.testing.assert_allclose(alone.scores, by_index.scores, rtol=1e-5)
    truth = vecq.brute_force(rows, queries, k=10, metric=metric)
    ours = [np.isin(*pair).mean() for pair in zip(truth.ids, by_index.ids, strict=True)]
    assessed = vecq.assess(rows, queries, metric=metric, k=10, codecs=kind)
    assert assessed.recall == pytest.approx(np.mean(ours), abs=0.005)
    centred = metric == "l2" and kind.startswith("int")
    assert assessed.costs[assessed.asked[-1]].codec.settings["center"] == centred


def test_several_codecs_at_once(data):
    asked = ["int16", vecq.Codec("int8", scale="global")]
    found = vecq.assess(data.train, data.test, codecs=asked)
    assert [repr(found.costs[place].codec) for place in found.asked] == [
        "vecq.Codec('int16')",
        "vecq.Codec('int8', scale='global')",
    ]
    kinds = [cost.codec.kind for cost in found.costs]
    assert kinds == ["fp32", "fp16", "int16", "int12", "int8", "int8", "int4"]
    assert found.recall == found.costs[5].recall


def test_fp32_alone_and_twice_is_listed_once(data):
    found = vecq.assess(data.train[:200], data.test, k=5, codecs=["fp32", "fp32"])
    assert found.asked == (0, 0)
    assert len(found.costs) == 6
    assert found.recall == 1


def test_no_codecs_are_refused(data):
    with pytest.raises(vecq.ArgumentError, match="codecs is empty"):
        vecq.assess(data.train[:200], data.test, codecs=[])


@pytest.mark.parametrize("dim", [64, 128, 768])
def test_defaults_keep_recall_on_heavy_tails(dim):
    data = heavy_tailed(5000, dim, 200)
    by_kind = {
        cost.codec.kind: cost.recall
        for cost in vecq.assess(data.train, data.test, codecs="int8").costs
    }
    assert by_kind["int8"] >= 0.99
    assert by_kind["int16"] >= 0.9995


def test_rotation_guards_against_large_coordinates():
    rng = np.random.default_rng(0)
    rows = rng.standard_t(3, (5000, 128)).astype(np.float32)
    queries = rng.standard_normal((100, 128), np.float32)
    plain, rotated = (
        vecq.assess(rows, queries, codecs=vecq.Codec("int8", rotate=rotate)).recall
        for rotate in (False, None)
    )
    assert rotated >= 0.99
    assert rotated > plain + 0.003


def test_items_as_queries_are_excluded_from_their_results():
    # Each vector has one neighbor, its duplicate: unless excluded, it would find itself.
    half = np.random.default_rng(0).standard_normal((200, 16), np.float32)
    found = vecq.assess(np.concatenate([half, half]), metric="cosine", k=1, codecs="int8")
    assert found.own_queries
    assert found.recall == 1


def test_clipping_that_costs_recall_is_named(data):
    rows = data.train.copy()
    rows[:, 7] *= 20
    codec = vecq.Codec("int8", scale="global", rotate=False).fit(data.train)
    with pytest.warns(vecq.QuantizationWarning, match=r"dimensions 7 \("):
        found = vecq.assess(rows, data.test, codecs=codec)
    assert found.costs[found.asked[-1]].clipped.argmax() == 7


def test_no_warning_without_loss(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vecq.assess(data.train, data.test, codecs="int8")


def test_progress_counts_all_rows(data):
    seen = []
    vecq.assess(
        data.train,
        data.test,
        codecs="int8",
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (3000, 3000)


@pytest.mark.parametrize(
    ("argument", "arguments"),
    [
        ("k", {"k": 0}),
        ("k", {"k": -3}),
        ("k", {"k": 3001}),
        ("metric", {"metric": "manhattan"}),
        ("codecs", {"codecs": "int9"}),
        ("queries", {"queries": np.ones((2, 47), "f4")}),
        ("queries", {"queries": np.ones((0, 48), "f4")}),
        ("queries", {"queries": np.full((1, 48), np.nan, "f4")}),
        ("vectors", {"vectors": np.ones((0, 48), "f4"), "queries": None}),
        ("vectors", {"vectors": np.full((3, 48), np.inf, "f4"), "k": 1}),
    ],
)
def test_bad_arguments_are_named(data, argument, arguments):
    given = {"vectors": data.train, "queries": data.test} | arguments
    with pytest.raises(vecq.ArgumentError) as caught:
        vecq.assess(**given)
    assert caught.value.argument == argument


@pytest.mark.parametrize("progress", [True, False, None])
def test_progress_may_be_a_bool(data, progress):
    assert vecq.assess(data.train[:500], k=10, progress=progress).recall > 0.9


def test_progress_is_refused_by_name(data):
    with pytest.raises(vecq.ArgumentError, match="progress is 3"):
        vecq.assess(data.train[:500], k=10, progress=3)


def test_an_unfitted_codec_stays_unfitted(data):
    codec = vecq.Codec("int8", scale="global", center=True)
    assert vecq.assess(data.train[:500], k=10, codecs=codec, metric="l2").recall > 0.5
    assert codec.dim is None
    codec.fit(data.train[:500])
    mean = codec.mean
    vecq.assess(data.train[:300], k=10, codecs=codec, metric="l2")
    np.testing.assert_array_equal(codec.mean, mean)

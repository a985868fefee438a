"""Graphs that are built in bulk search as well as incremental ones, and change as well later."""

import hashlib
import random
import signal
import threading
import time

import numpy as np
import pytest

import vecq

pytestmark = pytest.mark.filterwarnings("ignore::vecq.QuantizationWarning")
METRICS = ("ip", "cosine", "l2")
KINDS = ("int8", "int16", "fp16", "fp32")
DIM = 24


def clusters(rows, seed=0, count=12, dim=DIM):
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((count, dim))
    spread = 0.4 * rng.standard_normal((rows, dim))
    return (centers[rng.integers(0, count, rows)] + spread).astype("f4")


def built(items, metric="l2", kind="int8", build="bulk", threads=1, **options):
    index = vecq.Index(items.shape[1], metric, kind, **options)
    return index.add(items, build=build, threads=threads)


def truth(items, queries, metric, k):
    if metric == "cosine":
        items = items / np.maximum(np.linalg.norm(items, axis=1, keepdims=True), 1e-30)
    scores = queries.astype(float) @ items.astype(float).T
    if metric == "l2":
        scores = 2 * scores - (items.astype(float) ** 2).sum(1)
    return np.argsort(-scores, axis=1)[:, :k]


def recall(index, queries, expected, **options):
    found = index.search(queries, expected.shape[1], plan="walk", **options)
    pairs = zip(found.ids, expected, strict=True)
    return np.mean([len(np.intersect1d(own, best)) for own, best in pairs]) / expected.shape[1]


def graph_of(index, queries):
    """A digest that differs where graphs differ."""
    stats, digest = index.stats(), hashlib.sha256()
    digest.update(str((stats.layers, stats.degrees.tolist())).encode())
    for ef in (10, 60):
        found = index.search(queries, 10, ef=ef, plan="walk")
        digest.update(found.ids.tobytes() + str((found.hops, found.n_scored)).encode())
    return digest.hexdigest()


@pytest.mark.parametrize("metric", METRICS)
def test_recall_is_near_that_of_an_incremental_graph(metric):
    """The means of several sets: a walk of a narrow beam may miss one of 12 clusters."""
    recalls = {"bulk": [], "incremental": []}
    for seed in range(5):
        items, queries = clusters(8000, seed), clusters(8200, seed)[-200:]
        if metric == "ip":
            items *= np.random.default_rng(1).lognormal(0, 0.3, (len(items), 1)).astype("f4")
        expected = truth(items, queries, metric, 10)
        for how, found in recalls.items():
            index = built(items, metric, "fp32", how)
            assert index.check().ok
            assert index.stats().unreachable == 0
            found.append([recall(index, queries, expected, ef=ef) for ef in (16, 64)])
    bulk, incremental = (np.mean(found, axis=0) for found in recalls.values())
    assert (bulk > incremental - 0.03).all()
    assert np.min(recalls["bulk"], axis=0)[1] > 0.9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("metric", METRICS)
def test_every_kind_finds_its_own_items(metric, kind):
    items = clusters(1500, seed=2)
    index = built(items, metric, kind)
    expected = truth(items, items[:100], metric, 1)
    assert index.check().ok
    assert recall(index, items[:100], expected, ef=100) > 0.9


@pytest.mark.parametrize("metric", METRICS)
def test_the_graph_depends_on_the_seed_alone(metric):
    items, queries = clusters(6000, seed=3), clusters(50, seed=4)
    one, two = (graph_of(built(items, metric, threads=n, seed=7), queries) for n in (1, 2))
    assert one == two
    assert one != graph_of(built(items, metric, threads=2, seed=8), queries)


@pytest.mark.parametrize("metric", METRICS)
def test_slabs(metric):
    # Reservoirs of more rows than fit 32 MB at 384 bytes each.
    items, queries = clusters(90_000, seed=20, count=60, dim=12), clusters(100, seed=20, dim=12)
    one, two = (built(items, metric, threads=n, ef_construction=50) for n in (1, 2))
    assert graph_of(one, queries) == graph_of(two, queries)
    assert two.check().ok
    assert two.stats().unreachable == 0
    assert recall(two, queries, truth(items, queries, metric, 10), ef=100) > 0.95


def test_every_isa_builds_the_same_graph(python):
    code = """
import hashlib, numpy as np, vecq
items = np.random.default_rng(0).standard_normal((1200, 40)).astype("f4")
for metric in ("ip", "cosine", "l2"):
    index = vecq.Index(40, metric, "int8").add(items, build="bulk", threads=1)
    found = index.search(items[:50], 10, ef=20, plan="walk")
    print(hashlib.sha256(found.ids.tobytes()).hexdigest(), found.hops, found.n_scored)
"""
    names = [isa.name for isa in vecq.cpu().isas if isa.available]
    answers = {python(code, name).stdout for name in (names[0], names[-1])}
    assert len(answers) == 1
    assert len(answers.pop().splitlines()) == 3


@pytest.mark.parametrize("metric", METRICS)
def test_any_number_of_rows(metric):
    items = clusters(300, seed=5)
    for rows in (*range(12), 31, 32, 33, 63, 64, 65, 127, 128, 300):
        index = built(items[:rows], metric)
        assert len(index) == rows
        assert index.check().ok
        if rows:
            found = index.search(items[:rows], min(rows, 10), plan="walk")
            assert (found.counts == min(rows, 10)).all()


@pytest.mark.parametrize("m", [2, 3, 256])
@pytest.mark.parametrize("metric", METRICS)
def test_few_links_and_many(metric, m):
    items = clusters(2000, seed=17)
    items[:50] = items[0]
    index = built(items, metric, m=m, threads=2)
    assert index.check().ok
    assert recall(index, items[:100], truth(items, items[:100], metric, 1), ef=500) > 0.4


@pytest.mark.parametrize("metric", METRICS)
def test_equal_rows_and_sorted_rows(metric):
    items = clusters(4500, seed=6, count=3)
    items[:3000] = items[0]
    items[3000:] = items[np.argsort(items[3000:, 0]) + 3000]
    index = built(items, metric, threads=2)
    assert index.check().ok
    assert index.stats().unreachable == 0
    others = items[3000::10]
    assert recall(index, others, truth(items, others, metric, 1), ef=100) > 0.95
    found = index.search(items[:1], 3000, plan="walk", ef=3100)
    assert np.intersect1d(found.ids, np.arange(3000)).size > 2900


def test_scaled_copies_are_equal_under_cosine():
    items = clusters(3000, seed=14)
    items[1000:] = items[:1000].repeat(2, axis=0) * np.tile([[0.5], [4.0]], (1000, 1))
    index = built(items, "cosine", threads=2)
    assert index.check().ok
    assert index.stats().unreachable == 0
    found = index.search(items[:200], 3, ef=60, plan="walk")
    assert np.mean(found.scores > 0.999) > 0.95


def test_clusters_of_about_equal_norms_under_ip():
    items, queries = clusters(5000, seed=8), clusters(200, seed=9)
    expected = truth(items, queries, "ip", 10)
    bulk, incremental = (
        recall(built(items, "ip", "fp32", how, threads=2), queries, expected, ef=100)
        for how in ("bulk", "incremental")
    )
    assert bulk > incremental - 0.04


@pytest.mark.parametrize("metric", METRICS)
def test_changes_after_a_bulk_build(metric):
    items, queries = clusters(5000, seed=8), clusters(50, seed=9)
    index = built(items[:4000], metric, "fp32", build="bulk", threads=2)
    index.add(items[4000:4500]).upsert(items[4500:], ids=np.arange(500))
    index.remove(np.arange(500, 1500))
    index.compact()
    assert index.check().ok
    kept = np.r_[1500:4500]
    now = np.concatenate([items[4500:], items[kept]])
    expected = np.r_[0:500, kept][truth(now, queries, metric, 10)]
    assert recall(index, queries, expected, ef=100) > 0.9


def test_saved_graphs_are_read(tmp_path):
    items = clusters(5000, seed=10)
    index = built(items)
    index.save(tmp_path / "bulk.vecq")
    opened = vecq.Index.open(tmp_path / "bulk.vecq")
    assert opened.check().ok
    assert graph_of(opened, items[:50]) == graph_of(index, items[:50])


@pytest.fixture(scope="module")
def many():
    return np.random.default_rng(3).standard_normal((50_000, 4), dtype="float32")


def test_many_first_items_are_built_in_bulk_by_default(many, tmp_path):
    def links(build):
        index = vecq.Index(4, "cosine", m=4).add(many, build=build, progress=False)
        index.save(tmp_path / "items.vecq")
        info = vecq.info(tmp_path / "items.vecq")
        return [one.checksum for one in info.sections if one.name.startswith("links")]

    assert links("auto") == links("bulk")


@pytest.mark.parametrize(
    ("rows", "options"),
    [(49_999, {}), (50_000, {"ef_construction": 201}), (50_000, {"users": True})],
)
def test_other_additions_are_incremental_by_default(many, rows, options):
    """An incremental build that is stopped leaves rows, a bulk build none."""

    def stop(done, total):
        if done > 0:
            raise KeyboardInterrupt

    users = many[:10] if options.pop("users", False) else None
    index = vecq.Index(4, "ip", m=4, **options)
    with pytest.raises(KeyboardInterrupt):
        index.add(many[:rows], users=users, progress=stop)
    assert 0 < len(index) < rows


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_near_items_are_stored_side_by_side(metric, tmp_path):
    rng = np.random.default_rng(14)
    centers = rng.standard_normal((8, DIM))
    of = rng.integers(0, 8, 12_000)
    items = (centers[of] + 0.1 * rng.standard_normal((12_000, DIM))).astype("f4")
    stored = {}
    for build in ("bulk", "incremental"):
        path = tmp_path / build
        built(items, metric, build=build).save(path)
        ids = next(one for one in vecq.info(path).sections if one.name == "ids")
        rows = np.fromfile(path, "i8", ids.count, offset=ids.offset)
        assert np.array_equal(np.sort(rows), np.arange(12_000))
        stored[build] = np.mean(of[rows[1:]] == of[rows[:-1]])
    # Upper layers hold the first sixteenth of the rows, each layer in its own order.
    assert stored["bulk"] > 0.95 > 0.2 > stored["incremental"]


def test_rows_move_with_their_ids_biases_and_attributes():
    items, names = clusters(6000, seed=15), [f"item {i}" for i in range(6000)]
    prices, biases = np.arange(6000, dtype="f4"), np.linspace(0, 1, 6000, dtype="f4")
    index = vecq.Index(DIM, "l2", id_type="str", attributes={"price": "float32"})
    index.add(items, names, build="bulk", bias=biases, attributes={"price": prices})
    found = index.search(items[::7], 1, bias_weight=0)
    assert found.ids[:, 0].tolist() == names[::7]
    assert np.allclose(index.get(names[::7]), items[::7], atol=0.05)
    for row in (0, 3000, 5999):
        found = index.search(items[row], 1, where=f"price == {row}", bias_weight=0)
        biased = index.search(items[row], 1, where=f"price == {row}", bias_weight=1)
        assert found.ids.tolist() == biased.ids.tolist() == [[names[row]]]
        assert np.isclose(biased.scores - found.scores, biases[row], atol=1e-5).all()


def test_an_interrupt_leaves_no_row(monkeypatch):
    items = clusters(12_000, seed=11)
    rng = random.Random(1)
    for _ in range(6):
        index = vecq.Index(DIM, "l2")
        timer = threading.Timer(rng.uniform(0.0, 0.5), signal.raise_signal, [signal.SIGINT])
        timer.start()
        try:
            index.add(items, build="bulk", threads=1)
            timer.join()
        except KeyboardInterrupt:
            pass
        assert len(index) in (0, len(items))
        assert index.check().ok
        assert len(index.add(items[:100] + 1, build="auto")) in (100, len(items) + 100)


def test_progress_rises_and_may_stop_the_build():
    items, seen = clusters(6000, seed=12), []
    built(items).search(items[:1], 1)
    index = vecq.Index(DIM, "l2")
    index.add(items, build="bulk", progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (6000, 6000)

    def stop(done, total):
        raise TimeoutError

    index = vecq.Index(DIM, "l2")
    with pytest.raises(TimeoutError):
        index.add(items, build="bulk", progress=stop)
    assert len(index) in (0, 6000)
    assert index.check().ok


def test_steps_are_short():
    items, times = clusters(20_000, seed=13, dim=96), [time.perf_counter()]
    index = vecq.Index(96, "l2")
    index.add(items, build="bulk", threads=1, progress=lambda *_: times.append(time.perf_counter()))
    assert np.median(np.diff(times)) < 0.2


def test_wrong_choices_are_refused():
    index = vecq.Index(DIM, "ip", link="metric")
    with pytest.raises(vecq.ArgumentError, match="needs links by a distance") as caught:
        index.add(clusters(100), build="bulk")
    assert caught.value.argument == "build"
    index.add(clusters(100), build="incremental")
    index = built(clusters(100))
    for rows in (10, 100):
        with pytest.raises(vecq.ArgumentError, match="first items of an index"):
            index.add(clusters(rows, seed=1), build="bulk")
    with pytest.raises(vecq.ArgumentError, match="build is 'fast', expected one of"):
        index.add(clusters(10), build="fast")
    assert len(index.add(clusters(10, seed=2))) == 110

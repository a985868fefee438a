"""Ranges of one attribute, another for each query of a call, against numpy and single searches.

Such queries are scanned together, in the order of the attribute's values.
"""

import threading

import numpy as np
import pytest

import vecq

from .conditions import COUNT, DIM, K, agree, vectors

QUERIES = 200
LEAST, MOST = -(2**63) + 1, 2**63 - 1
NULL = -(2**63)


def values_of(kind, count, seed=1):
    """Values with ties, extremes and nulls. Null is NaN, or NULL of integers."""
    rng = np.random.default_rng(seed)
    if kind == "float32":
        values = rng.normal(size=count).astype(np.float32)
        values[rng.random(count) < 0.2] = 0.25
        extremes = [np.inf, -np.inf, np.nan, -0.0, 0.0, np.finfo(np.float32).max]
    else:
        values = rng.integers(-1000, 1000, count)
        values[rng.random(count) < 0.2] = 7
        extremes = [LEAST, MOST, NULL, 0] if kind == "int64" else [NULL, 0]
    at = rng.permutation(count)[: 20 * len(extremes)]
    values[at] = np.repeat(extremes, 20)
    return values


def column_of(kind, values):
    if kind == "float32":
        return values
    if kind == "datetime":
        return values.astype("datetime64[us]")  # NaT is NULL
    return [None if value == NULL else int(value) for value in values]


def range_of(kind, values, rng):
    """Draw a condition and the flags of the values that satisfy it."""
    known = values != NULL if kind != "float32" else ~np.isnan(values)
    low, high = np.sort(rng.choice(values[known & np.isfinite(values.astype(float))], 2))
    if rng.random() < 0.1:
        high = low
    form = rng.integers(5)
    a, b = repr(low.item()), repr(high.item())
    if form == 0:
        return f"x between {a} and {b}", known & (values >= low) & (values <= high)
    if form == 1:
        return f"x >= {a} and x < {b}", known & (values >= low) & (values < high)
    if form == 2:
        return f"x > {b}", known & (values > high)
    if form == 3:
        return f"x <= {a}", known & (values <= low)
    return f"x = {a}", known & (values == low)


def index_of(kind, values, codec="int8"):
    index = vecq.Index(DIM, "l2", codec, attributes={"x": kind})
    return index.add(vectors(len(values)), attributes={"x": column_of(kind, values)})


def agree_on_ranges(index, kind, values, ids=None, seed=2, k=K, **options):
    """Draw a range for each query, and compare."""
    rng = np.random.default_rng(seed)
    drawn = [range_of(kind, values, rng) for _ in range(QUERIES)]
    agree(index, drawn, np.arange(len(values)) if ids is None else ids, seed, k, **options)


@pytest.mark.parametrize("plan", ["scan", "auto", "walk"])
@pytest.mark.parametrize("kind", ["float32", "int64", "datetime"])
def test_each_query_has_a_range(kind, plan):
    values = values_of(kind, COUNT)
    agree_on_ranges(index_of(kind, values), kind, values, plan=plan, threads=1)


@pytest.mark.filterwarnings("ignore:.*int4.* alone finds:vecq.QuantizationWarning")
@pytest.mark.parametrize("codec", ["fp32", "fp16", "int16", "int12", "int4"])
def test_ranges_hold_with_every_codec(codec):
    values = values_of("float32", COUNT)
    agree_on_ranges(index_of("float32", values, codec), "float32", values, plan="auto")


def test_ranges_hold_after_changes_of_few_and_of_many_items():
    rng, values = np.random.default_rng(3), values_of("int64", COUNT)
    index = index_of("int64", values)
    agree_on_ranges(index, "int64", values, plan="scan")
    for changed in (1, 50, COUNT):
        at = rng.permutation(COUNT)[:changed]
        values[at] = rng.integers(-1000, 1000, changed)
        index.set_attributes(at, x=values[at])
        agree_on_ranges(index, "int64", values, plan="scan", seed=changed)
    new = rng.integers(-1000, 1000, 30)
    index.add(vectors(30, 5), np.arange(COUNT, COUNT + 30), attributes={"x": new})
    values = np.concatenate([values, new])
    agree_on_ranges(index, "int64", values, plan="scan", seed=9)
    gone = rng.permutation(len(values))[:700]
    index.remove(gone)
    left = np.setdiff1d(np.arange(len(values)), gone)
    agree_on_ranges(index, "int64", values[left], left, plan="scan", seed=10)
    index.compact()
    agree_on_ranges(index, "int64", values[left], left, plan="scan", seed=11)


@pytest.mark.parametrize("threads", [1, 2])
def test_ranges_combine_with_filters_exclusions_and_biases(threads):
    rng, values = np.random.default_rng(4), values_of("float32", COUNT)
    index = index_of("float32", values)
    index.set_bias(index.ids, rng.standard_normal(COUNT).astype(np.float32))
    options = {"plan": "scan", "threads": threads}
    agree_on_ranges(index, "float32", values, bias_weight=0.5, **options)
    best = index.search(vectors(QUERIES, 3), 30).ids
    agree_on_ranges(index, "float32", values, exclude=list(best), **options)
    kept = np.sort(rng.permutation(COUNT)[: COUNT // 2])
    agree_on_ranges(
        index, "float32", values[kept], kept, allow=vecq.Filter(index, allow=kept), **options
    )


def test_all_results_come_back_where_k_is_large():
    values = values_of("float32", COUNT)
    agree_on_ranges(index_of("float32", values), "float32", values, k=700, plan="scan")


def test_ranges_hold_while_values_change():
    rng, values = np.random.default_rng(5), np.arange(COUNT)
    index = index_of("int64", values)
    queries, stop, errors = vectors(QUERIES, 6), threading.Event(), []
    lows = rng.integers(0, COUNT, QUERIES)
    where = [f"x between {low} and {low + 500}" for low in lows]

    def search():
        while not stop.is_set():
            found = index.search(queries, K, where=where)
            for ids, low, n in zip(found.ids, lows, found.counts, strict=True):
                # Values of ids below 100 change; all others keep theirs.
                fixed = ids[:n][ids[:n] >= 100]
                if not ((fixed >= low) & (fixed <= low + 500)).all():
                    errors.append((low, ids))

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        at = rng.permutation(100)[:20]
        index.set_attributes(at, x=rng.integers(0, COUNT, 20))
    stop.set()
    for thread in threads:
        thread.join()
    assert not errors


def test_an_invalid_query_is_named_by_its_number():
    values = values_of("float32", COUNT)
    index, queries = index_of("float32", values), vectors(QUERIES)
    where = [f"x < {i / QUERIES!r}" for i in range(QUERIES)]
    index.search(queries, K, where=where)
    queries[123, 3] = np.nan
    with pytest.raises(vecq.ArgumentError, match="123"):
        index.search(queries, K, where=where)
    where[7] = "x < 'a'"
    with pytest.raises(vecq.ArgumentError, match="character 4"):
        index.search(vectors(QUERIES), K, where=where)

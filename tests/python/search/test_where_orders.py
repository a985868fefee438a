"""Conditions on texts, alone and with a range, another for each query of a call, against numpy and
single searches.

Such queries are scanned together, in the order of texts, or of texts and then of another attribute.
Alternatives are scanned one after the other, and what orders do not decide is tested.
"""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vecq

from .conditions import COUNT, DIM, K, agree, vectors

QUERIES = 160
KINDS = {
    "shop": "category",
    "color": "category",
    "tags": "tags",
    "price": "float32",
    "year": "int64",
    "new": "bool",
}


class Table:
    """Values of items, and conditions on them with the flags of the items that satisfy these."""

    def __init__(self, count=COUNT, shops=40, nulls=0.1, seed=1):
        rng = np.random.default_rng(seed)
        draw = np.minimum(rng.zipf(1.5, count), shops)
        self.shop = np.where(rng.random(count) < nulls, "", [f"s{i}" for i in draw])
        self.color = rng.choice(["red", "green", "blue"], count)
        self.tags = [
            [f"t{i}" for i in rng.integers(0, 20, rng.integers(0, 4))] for _ in range(count)
        ]
        self.price = rng.normal(size=count).astype(np.float32)
        self.price[rng.random(count) < 0.2] = 0.25
        self.price[rng.random(count) < nulls] = np.nan
        self.year = rng.integers(0, 50, count)
        self.new = rng.choice([True, False, None], count).astype(object)
        self.shops = shops

    def columns(self, rows=slice(None)):
        tags = np.array([*self.tags, []], dtype=object)[:-1]
        return {
            "shop": [name or None for name in self.shop[rows]],
            "color": list(self.color[rows]),
            "tags": list(tags[rows]),
            "price": self.price[rows],
            "year": self.year[rows],
            "new": list(self.new[rows]),
        }

    def text(self, rng):
        form = rng.integers(6)
        one, *others = (f"s{i}" for i in rng.integers(1, self.shops + 3, 3))
        if form == 0:
            return f"shop = '{one}'", self.shop == one
        if form == 1:
            names = [one, *others]
            return f"shop in ({', '.join(map(repr, names))})", np.isin(self.shop, names)
        if form == 2:
            return f"shop != '{one}'", (self.shop != one) & (self.shop != "")
        if form == 3:
            return f"not shop = '{one}'", self.shop != one
        if form == 4:
            return "shop is null", self.shop == ""
        tag = f"t{rng.integers(22)}"
        return f"tags has '{tag}'", np.array([tag in own for own in self.tags])

    def range(self, rng):
        name = ("price", "year")[rng.integers(2)]
        values = self.price if name == "price" else self.year
        low, high = np.sort(rng.choice(values[~np.isnan(values)], 2))
        if rng.random() < 0.1:
            high = low
        text = f"{name} between {low.item()!r} and {high.item()!r}"
        return text, (values >= low) & (values <= high)

    def flag(self, rng):
        text, flags = [
            ("new", self.new == True),  # noqa: E712
            ("new = false", self.new == False),  # noqa: E712
            ("not new", self.new != True),  # noqa: E712
            ("new != true", self.new == False),  # noqa: E712
            ("new is null", np.equal(self.new, None)),
            ("new is not null", ~np.equal(self.new, None)),
        ][rng.integers(6)]
        return text, flags.astype(bool)

    def color_of(self, rng):
        color = rng.choice(["red", "green", "gray"])
        return f"color = '{color}'", self.color == color

    def tag(self, rng):
        tag = f"t{rng.integers(22)}"
        return f"tags has '{tag}'", np.array([tag in own for own in self.tags])

    def text_and_range(self, rng):
        return joined("and", self.text(rng), self.range(rng))

    def two_texts(self, rng):
        return joined("and", self.text(rng), self.color_of(rng))

    def two_tags(self, rng):
        return joined(("and", "or")[rng.integers(2)], self.tag(rng), self.tag(rng))

    def text_and_flag(self, rng):
        return joined("and", self.text(rng), self.flag(rng))

    def flag_and_range(self, rng):
        return joined("and", self.flag(rng), self.range(rng))

    def two_ranges(self, rng):
        return joined("and", self.range(rng), self.range(rng))

    def same_texts(self, rng):
        return joined("or", *(self.text(rng) for _ in range(3)))

    def other_texts(self, rng):
        return joined("or", self.text(rng), self.color_of(rng), self.flag(rng))

    def text_or_range(self, rng):
        return joined("or", self.text(rng), self.range(rng))

    def three_attributes(self, rng):
        return joined("and", self.text(rng), self.color_of(rng), self.range(rng), self.flag(rng))

    def three_wide(self, rng):
        shops = ["s1", *(f"s{i}" for i in rng.integers(2, 9, 3))]
        colors = rng.choice(["red", "green", "blue"], 2, replace=False).tolist()
        year = rng.integers(0, 20)
        return joined(
            "and",
            (f"shop in ({', '.join(map(repr, shops))})", np.isin(self.shop, shops)),
            (f"color in ({', '.join(map(repr, colors))})", np.isin(self.color, colors)),
            (f"year >= {year}", self.year >= year),
        )

    def pairs(self, rng):
        return joined("or", self.two_texts(rng), self.flag_and_range(rng), self.two_tags(rng))

    def inverse(self, rng):
        text, flags = self.pairs(rng) if rng.random() < 0.5 else self.other_texts(rng)
        return f"not {text}", ~flags

    def condition(self, rng):
        """Draw a condition of a text, of a range, of both, or of more than one order holds."""
        form = rng.integers(8)
        texts, has_text = self.text(rng)
        numbers, is_within = self.range(rng)
        if form < 3:
            return texts, has_text
        if form == 3:
            return numbers, is_within
        if form < 6:
            return f"{texts} and {numbers}", has_text & is_within
        if form == 6:
            return f"{texts} or {numbers}", has_text | is_within
        color = rng.choice(["red", "green", "gray"])
        return f"({numbers} and {texts}) and color = '{color}'", (
            is_within & has_text & (self.color == color)
        )


def joined(word, *conditions):
    """Join conditions by a word, and their flags."""
    flags = [own for _, own in conditions]
    both = np.logical_and.reduce(flags) if word == "and" else np.logical_or.reduce(flags)
    return f"({f' {word} '.join(text for text, _ in conditions)})", both


SHAPES = [
    "flag",
    "two_texts",
    "two_tags",
    "text_and_flag",
    "flag_and_range",
    "two_ranges",
    "same_texts",
    "other_texts",
    "text_or_range",
    "three_attributes",
    "three_wide",
    "pairs",
    "inverse",
]


def index_of(table, codec="int8"):
    index = vecq.Index(DIM, "l2", codec, attributes=KINDS)
    return index.add(vectors(len(table.shop)), attributes=table.columns())


def drawn_from(table, count=QUERIES, seed=2):
    rng = np.random.default_rng(seed)
    return [table.condition(rng) for _ in range(count)]


@pytest.mark.parametrize("plan", ["scan", "auto", "walk"])
def test_each_query_has_a_condition(plan):
    table = Table()
    agree(index_of(table), drawn_from(table, 400), np.arange(COUNT), plan=plan, threads=1)


@pytest.mark.parametrize("draw", ["text", "range"])
@pytest.mark.parametrize("count", [1, 31, 32, 200])
def test_any_number_of_queries_agrees(draw, count):
    table, rng = Table(), np.random.default_rng(6)
    index = index_of(table)
    drawn = [getattr(table, draw)(rng) for _ in range(count)]
    agree(index, drawn, np.arange(COUNT), plan="scan", threads=1)


def test_texts_with_ranges_agree():
    table, rng = Table(), np.random.default_rng(8)
    index, drawn = index_of(table), []
    for _ in range(QUERIES):
        (text, flags), (numbers, within) = table.text(rng), table.range(rng)
        drawn.append((f"{numbers} and {text}", flags & within))
    agree(index, drawn, np.arange(COUNT), plan="scan")


@pytest.mark.parametrize("plan", ["scan", "auto"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_agrees(shape, plan):
    table, rng = Table(shops=12), np.random.default_rng(SHAPES.index(shape))
    index = index_of(table)
    drawn = [getattr(table, shape)(rng) for _ in range(QUERIES)]
    agree(index, drawn, np.arange(COUNT), plan=plan)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_agrees_after_changes(shape):
    table, rng = Table(shops=12), np.random.default_rng(SHAPES.index(shape))
    index, ids = index_of(table), np.arange(COUNT)
    agree(index, [getattr(table, shape)(rng) for _ in range(QUERIES)], ids, plan="scan")
    at, other = rng.permutation(COUNT)[:40], Table(shops=12, seed=7)
    for name in ("shop", "color", "price", "year", "new"):
        getattr(table, name)[at] = getattr(other, name)[at]
    for row in at.tolist():
        table.tags[row] = other.tags[row]
    index.set_attributes(at, **table.columns(at))
    gone = rng.permutation(COUNT)[:60]
    index.remove(gone)
    left = np.setdiff1d(ids, gone)
    drawn = [getattr(table, shape)(rng) for _ in range(QUERIES)]
    agree(index, [(text, flags[left]) for text, flags in drawn], left, plan="scan")


def test_exclusions_filters_and_biases_hold_with_every_shape():
    rng, table = np.random.default_rng(4), Table(shops=12)
    index = index_of(table)
    index.set_bias(index.ids, rng.standard_normal(COUNT).astype(np.float32))
    kept = np.sort(rng.permutation(COUNT)[: COUNT // 2])
    best = list(index.search(vectors(QUERIES, 3), 30).ids)
    for shape in SHAPES:
        drawn = [getattr(table, shape)(rng) for _ in range(QUERIES)]
        drawn = [(text, flags[kept]) for text, flags in drawn]
        allow = vecq.Filter(index, allow=kept)
        agree(index, drawn, kept, allow=allow, exclude=best, bias_weight=0.5, plan="scan")


def test_more_clauses_than_fit_agree():
    table, rng = Table(), np.random.default_rng(6)
    drawn = [joined("or", *(table.two_texts(rng) for _ in range(20))) for _ in range(40)]
    drawn += [joined("and", *(table.other_texts(rng) for _ in range(4))) for _ in range(40)]
    drawn += [joined("and", *(table.range(rng) for _ in range(50))) for _ in range(40)]
    agree(index_of(table), drawn, np.arange(COUNT), plan="scan")


def test_equal_conditions_agree():
    table = Table()
    index, drawn = index_of(table), drawn_from(table, 8)
    agree(index, drawn * 20, np.arange(COUNT), plan="scan")


@pytest.mark.parametrize("text", ["shop = 'nowhere'", "shop != 'nowhere' and price < -99"])
def test_conditions_of_no_item_find_none(text):
    index = index_of(Table())
    found = index.search(vectors(100), K, where=[text] * 50 + [text + " "] * 50)
    assert (found.counts == 0).all()
    assert (found.ids == -1).all()


def test_conditions_of_all_items_agree():
    table, rng = Table(nulls=0), np.random.default_rng(7)
    drawn = [(f"shop != 'none{rng.integers(99)}'", np.ones(COUNT, bool)) for _ in range(QUERIES)]
    agree(index_of(table), drawn, np.arange(COUNT), plan="scan")


@pytest.mark.filterwarnings("ignore:.*int4.* alone finds:vecq.QuantizationWarning")
@pytest.mark.parametrize("codec", ["fp32", "fp16", "int16", "int12", "int4"])
def test_conditions_hold_with_every_codec(codec):
    table = Table()
    agree(index_of(table, codec), drawn_from(table), np.arange(COUNT), plan="auto")


def test_conditions_hold_after_changes_of_few_and_of_many_items():
    rng, table = np.random.default_rng(3), Table()
    index, ids = index_of(table), np.arange(COUNT)
    agree(index, drawn_from(table), ids, plan="scan")
    for changed in (1, 50, COUNT):
        at, other = rng.permutation(COUNT)[:changed], Table(seed=changed + 5)
        for name in ("shop", "price", "year"):
            getattr(table, name)[at] = getattr(other, name)[at]
        for row in at.tolist():
            table.tags[row] = other.tags[row]
        columns = table.columns(at)
        index.set_attributes(
            at, **{name: columns[name] for name in ("shop", "tags", "price", "year")}
        )
        agree(index, drawn_from(table, seed=changed), ids, plan="scan")
    table.shop[:40] = "new"
    index.set_attributes(ids[:40], shop=["new"] * 40)
    drawn = [
        (f"shop = 'new' and year >= {i % 50}", (table.shop == "new") & (table.year >= i % 50))
        for i in range(QUERIES)
    ]
    agree(index, drawn, ids, plan="scan")
    gone = rng.permutation(COUNT)[:700]
    index.remove(gone)
    left = np.setdiff1d(ids, gone)
    drawn = [(text, flags[left]) for text, flags in drawn_from(table, seed=10)]
    agree(index, drawn, left, plan="scan")
    index.compact()
    agree(index, drawn, left, plan="scan")


@pytest.mark.parametrize("threads", [1, 2])
def test_conditions_combine_with_filters_exclusions_and_biases(threads):
    rng, table = np.random.default_rng(4), Table()
    index, ids, drawn = index_of(table), np.arange(COUNT), drawn_from(table)
    index.set_bias(index.ids, rng.standard_normal(COUNT).astype(np.float32))
    options = {"plan": "scan", "threads": threads}
    agree(index, drawn, ids, bias_weight=0.5, **options)
    best = index.search(vectors(QUERIES, 3), 30).ids
    agree(index, drawn, ids, exclude=list(best), **options)
    kept = np.sort(rng.permutation(COUNT)[: COUNT // 2])
    drawn = [(text, flags[kept]) for text, flags in drawn]
    agree(index, drawn, kept, allow=vecq.Filter(index, allow=kept), **options)


def test_all_results_come_back_where_k_is_large():
    table = Table()
    agree(index_of(table), drawn_from(table, 60), np.arange(COUNT), k=700, plan="scan")


def test_many_texts_are_one_condition():
    table, rng = Table(shops=300), np.random.default_rng(5)
    drawn = []
    for _ in range(QUERIES):
        names = [f"s{i}" for i in rng.choice(300, 100, replace=False)]
        drawn.append((f"shop in ({', '.join(map(repr, names))})", np.isin(table.shop, names)))
    agree(index_of(table), drawn, np.arange(COUNT), plan="scan")


@pytest.mark.parametrize("shape", ["text_and_range", "two_texts", "three_attributes", "pairs"])
def test_conditions_hold_while_values_change(shape):
    rng, table = np.random.default_rng(9), Table(nulls=0)
    index, queries, stop, errors = index_of(table), vectors(QUERIES, 6), threading.Event(), []
    drawn = [getattr(table, shape)(rng) for _ in range(QUERIES)]

    def search():
        while not stop.is_set():
            found = index.search(queries, K, where=[text for text, _ in drawn])
            for (text, flags), ids, n in zip(drawn, found.ids, found.counts, strict=True):
                # Shops of ids below 100 change; all others keep theirs.
                if not flags[ids[:n][ids[:n] >= 100]].all():
                    errors.append((text, ids))

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for step in range(200):
        at = rng.permutation(100)[:20]
        index.set_attributes(at, shop=[f"s{i}" for i in rng.integers(1, 40 + step, 20)])
    stop.set()
    for thread in threads:
        thread.join()
    assert not errors


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(1, 900),
    shops=st.integers(1, 200),
    nulls=st.sampled_from([0.0, 0.3, 1.0]),
    queries=st.integers(1, 120),
    k=st.integers(1, 40),
    seed=st.integers(0, 2**31),
)
def test_any_table_agrees(count, shops, nulls, queries, k, seed):
    table = Table(count, shops, nulls, seed)
    table.price[0] = 1  # ranges are drawn from values that are not null
    index = index_of(table)
    agree(index, drawn_from(table, queries, seed), np.arange(count), seed % 1000, k, plan="scan")


def test_orders_of_attributes_without_values_are_told_apart():
    index = vecq.Index(8, attributes={"a": "float32", "cat": "category"})
    items = np.random.default_rng(3).standard_normal((5000, 8), dtype=np.float32)
    index.add(items, attributes={"cat": ["x"] * 5000})
    conditions = [f"a > {i} or (cat = 'x' and a > {i})" for i in range(200)]
    found = index.search(items[:200], 5, where=conditions)
    assert (found.counts == 0).all()
    index.set_attributes(index.ids[:1], a=[100.5])
    found = index.search(items[:200], 5, where=conditions)
    assert found.counts.tolist() == [int(i <= 100) for i in range(200)]

"""Attributes and conditions, against numpy over random schemas, conditions and changes."""

from dataclasses import dataclass, field
from datetime import datetime, timezone

import numpy as np
import pandas
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vecq

DIM = 8
KINDS = ("float32", "int64", "datetime", "bool", "category", "tags")
NAMES = ("price", "size of it", "created", "stock", "seller", "tags")
TEXTS = ["a", "b", "it's", "äöü", "x y", "and", ""]
VALUES = {
    "float32": st.sampled_from([-1.5, 0.0, 0.1, 1.0, 3.0, 1e30]),
    "int64": st.sampled_from([-(2**62), -1, 0, 1, 5, 2**62 + 1]),
    "datetime": st.sampled_from(
        [np.datetime64("1969-12-31T23:59:59.5", "us"), np.datetime64("2026-01-31", "us")]
    ),
    "bool": st.booleans(),
    "category": st.sampled_from(TEXTS),
    "tags": st.lists(st.sampled_from(TEXTS), max_size=3),
}
SCALARS = {**VALUES, "tags": st.sampled_from(TEXTS)}


def vectors(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, DIM), dtype=np.float32)


def schema_of(kinds):
    return {NAMES[KINDS.index(kind)]: kind for kind in kinds}


@dataclass
class Model:
    """What an index should hold: a dict per id."""

    schema: dict
    rows: dict = field(default_factory=dict)

    def ids_where(self, holds):
        return {id for id, row in self.rows.items() if holds(row)}


def same(kind, stored, value):
    """Whether an item's value compares as numpy would: literals are rounded as values are."""
    return np.float32(stored) == np.float32(value) if kind == "float32" else stored == value


def less(kind, stored, value):
    return np.float32(stored) < np.float32(value) if kind == "float32" else stored < value


@st.composite
def conditions(draw, schema, depth=3):
    """A pair: an expression of vecq.col, and the same as a function of a row."""
    if depth > 0 and draw(st.integers(0, 2)) > 0:
        one, holds_one = draw(conditions(schema, depth - 1))
        operator = draw(st.sampled_from(["and", "or", "not"]))
        if operator == "not":
            return ~one, lambda row: not holds_one(row)
        two, holds_two = draw(conditions(schema, depth - 1))
        if operator == "and":
            return one & two, lambda row: holds_one(row) and holds_two(row)
        return one | two, lambda row: holds_one(row) or holds_two(row)
    name = draw(st.sampled_from(sorted(schema)))
    kind, column = schema[name], vecq.col(name)
    value, other = draw(SCALARS[kind]), draw(SCALARS[kind])

    def checked(test):
        return lambda row: row[name] is not None and bool(test(row[name]))

    choices = [
        (column.is_null(), lambda row: row[name] is None),
        (
            column.isin([value, other]),
            checked(
                lambda own: (
                    bool({value, other} & set(own))
                    if kind == "tags"
                    else same(kind, own, value) or same(kind, own, other)
                )
            ),
        ),
    ]
    if kind == "tags":
        choices.append((column.has(value), checked(lambda own: value in own)))
    else:
        choices.append((column == value, checked(lambda own: same(kind, own, value))))
        choices.append((column != value, checked(lambda own: not same(kind, own, value))))
    if kind == "bool":
        choices.append((column, checked(bool)))
    if kind in KINDS[:3]:
        choices += [
            (column < value, checked(lambda own: less(kind, own, value))),
            (column <= value, checked(lambda own: not less(kind, value, own))),
            (column > value, checked(lambda own: less(kind, value, own))),
            (column >= value, checked(lambda own: not less(kind, own, value))),
            (
                column.between(value, other),
                checked(lambda own: not less(kind, own, value) and not less(kind, other, own)),
            ),
        ]
    return draw(st.sampled_from(choices))


def found(index, where, **options):
    """All ids that satisfy a condition, by a scan."""
    result = index.search(vectors(1), k=len(index) + 1, where=where, plan="scan", **options)
    return set(result.ids[0, : result.counts[0]].tolist())


def rows_of(draw, schema, count):
    nullable = {name: st.none() | VALUES[kind] for name, kind in schema.items()}
    return [{name: draw(nullable[name]) for name in schema} for _ in range(count)]


def table_of(schema, rows):
    return {name: [row[name] for row in rows] for name in schema}


def plain(kind, value):
    """A value as `get_attributes` returns it, to compare."""
    if kind == "tags" and value is not None:
        return sorted(set(value), key=TEXTS.index)
    if value is None or (kind in KINDS[:3:2] and value != value):
        return None
    return np.float32(value) if kind == "float32" else value


def agree(index, model):
    ids = sorted(model.rows)
    held = index.get_attributes(ids)
    for name, kind in model.schema.items():
        own = [
            sorted(one, key=TEXTS.index) if kind == "tags" and one is not None else plain(kind, one)
            for one in held[name]
        ]
        assert own == [plain(kind, model.rows[id][name]) for id in ids], name


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(st.data())
def test_conditions_agree_with_python_after_any_changes(tmp_path_factory, data):
    draw = data.draw
    schema = schema_of(draw(st.lists(st.sampled_from(KINDS), min_size=1, unique=True)))
    index, model = vecq.Index(DIM, "l2", m=4, ef_construction=10, attributes=schema), Model(schema)
    next_id = 0
    for step in range(draw(st.integers(1, 6))):
        change = draw(st.sampled_from(["add", "add", "set", "upsert", "remove", "compact", "open"]))
        known = sorted(model.rows)
        some = known[:: draw(st.integers(1, 3))]
        if change == "add" or not known:
            rows = rows_of(draw, schema, draw(st.integers(1, 70)) // 7 + 1)
            ids = range(next_id, next_id + len(rows))
            next_id += len(rows)
            index.add(vectors(len(rows), step), list(ids), attributes=table_of(schema, rows))
            model.rows |= dict(zip(ids, rows, strict=True))
        elif change in ("set", "upsert"):
            given_names = draw(st.lists(st.sampled_from(sorted(schema)), min_size=1, unique=True))
            part = {name: schema[name] for name in given_names}
            rows = rows_of(draw, part, len(some))
            if change == "set":
                index.set_attributes(some, table_of(part, rows))
            else:
                index.upsert(vectors(len(some), step), some, attributes=table_of(part, rows))
            for id, row in zip(some, rows, strict=True):
                model.rows[id] = {**model.rows[id], **row}
        elif change == "remove":
            index.remove(some)
            for id in some:
                del model.rows[id]
        elif change == "compact":
            index.compact()
        else:
            path = tmp_path_factory.mktemp("attributes") / "a.vecq"
            index.save(path)
            index = vecq.open(path, writable=True, verify="full")
            assert index.attributes == schema
        if model.rows:
            expression, holds = draw(conditions(schema))
            for where in (expression, str(expression)):
                assert found(index, where) == model.ids_where(holds), str(expression)
    agree(index, model)
    assert index.check().ok


def sample(count=3000, seed=1):
    """An index with attributes, and the values of its columns."""
    random = np.random.default_rng(seed)
    table = {
        "price": random.uniform(0, 100, count).astype(np.float32),
        "seller": random.choice(["a", "b", "c"], count, p=[0.9, 0.09, 0.01]).tolist(),
        "tags": [["new"] * (i % 2) + ["x"] * (i % 50 == 0) for i in range(count)],
        "stock": random.random(count) < 0.5,
    }
    kinds = {"price": "float32", "seller": "category", "tags": "tags", "stock": "bool"}
    index = vecq.Index(DIM, "l2", attributes=kinds).add(vectors(count), attributes=table)
    return index, table


def test_conditions_hold_in_every_kind_of_search():
    index, table = sample()
    where = (vecq.col("price") < 30) & vecq.col("seller").isin(["a", "c"])
    mask = (table["price"] < 30) & np.isin(table["seller"], ["a", "c"])
    allowed, queries = set(np.flatnonzero(mask).tolist()), vectors(40, 9)
    for plan in ("auto", "walk", "step_over", "scan"):
        result = index.search(queries, k=20, where=where, plan=plan)
        assert set(result.ids.ravel().tolist()) <= allowed
        assert (result.counts == 20).all()
    assert set(index.search_range(queries[0], -1e9, where=where, plan="scan").ids) == allowed
    pages = list(index.search_iter(queries[0], page=100, where=where))
    assert sorted(id for page in pages for id in page.ids[0].tolist()) == sorted(allowed)
    by_id = index.search_by_ids([1, 2], k=10, where=where)
    assert set(by_id.ids.ravel().tolist()) <= allowed - {1, 2} | allowed
    assert index.search(queries, 5, where=where, explain=True).explanation.allowed == len(allowed)
    find = index.searcher(10, where=str(where))
    assert set(find(queries).ids.ravel().tolist()) <= allowed


def test_conditions_combine_with_allow_deny_and_exclude():
    index, table = sample()
    allow, deny = list(range(0, 3000, 3)), list(range(0, 3000, 6))
    left = {
        id for id in allow if id not in set(deny) and table["price"][id] < 50 and id not in (3, 9)
    }
    for filter in ({"allow": allow, "deny": deny}, {"allow": vecq.Filter(index, allow, deny)}):
        for _ in range(2):  # evaluated, then remembered
            assert found(index, "price < 50", exclude=[[3, 9]], **filter) == left
    index.remove(sorted(left)[:5])
    assert found(index, "price < 50", exclude=[[3, 9]], allow=allow, deny=deny) == left - set(
        sorted(left)[:5]
    )


@pytest.mark.parametrize("plan", [None, "walk", "step_over", "scan"])
@pytest.mark.parametrize("threads", [1, 2])
def test_each_query_may_have_a_condition_of_its_own(plan, threads):
    index, table = sample()
    count = 60
    where = [f"price < {3 + i % 40}" if i < 40 else "stock" for i in range(count)]
    where[5] = None
    where[6] = "price < -1"
    where[7] = vecq.col("seller") == "c"
    queries = vectors(count, 3)
    exclude = [[i] for i in range(count)]
    result = index.search(
        queries, 10, where=where, plan=plan, threads=threads, exclude=exclude, ef=200
    )
    for i in range(count):
        alone = index.search(queries[i], 10, where=where[i], plan="scan", exclude=[[i]])
        assert result.counts[i] == alone.counts[0]
        if plan == "scan":
            assert result.ids[i].tolist() == alone.ids[0].tolist()
        else:
            both = np.intersect1d(result.ids[i], alone.ids[0])
            assert len(both) >= len(np.unique(alone.ids[0])) - 1
    assert result.counts[6] == 0
    with pytest.raises(vecq.ArgumentError, match="where has 2 expressions, expected one for each"):
        index.search(queries, 10, where=["stock", "stock"])
    ranges = index.search_range(queries, -5.0, where=where, plan="scan")
    prices = table["price"][ranges.ids[: ranges.indptr[1]]]
    assert (prices < 3).all()


def test_recall_holds_at_every_selectivity_correlated_or_not():
    count, random = 20_000, np.random.default_rng(0)
    items = random.standard_normal((count, DIM), dtype=np.float32)
    near = np.argsort(np.argsort(items[:, 0])) / count
    index = vecq.Index(DIM, "l2", attributes={"near": "float32", "far": "float32"})
    index.add(items, attributes={"near": near, "far": random.permutation(near)})
    queries = random.standard_normal((50, DIM), dtype=np.float32)
    for name in ("near", "far"):
        for share in (0.001, 0.01, 0.1, 0.3, 0.7, 0.99):
            where = vecq.col(name) < share
            truth = index.search(queries, 10, where=where, plan="scan")
            result = index.search(queries, 10, where=where)
            hits = [len(np.intersect1d(a, b)) for a, b in zip(truth.ids, result.ids, strict=True)]
            assert np.mean(hits) >= 9.5, (name, share)


def test_upsert_keeps_attributes_unless_they_are_given():
    index = vecq.Index(DIM, attributes={"price": "float32", "seller": "category"})
    index.add(vectors(3), attributes={"price": [1, 2, 3], "seller": ["a", "b", "c"]})
    index.upsert(vectors(2, 5), [0, 9])
    assert index.get_attributes([0, 9], ["seller"])["seller"].tolist() == ["a", None]
    index.upsert(vectors(100, 6), range(100), attributes={"price": [7.0] * 100})
    assert index.get_attributes([0])["seller"].tolist() == ["a"]
    assert index.get_attributes([0])["price"].tolist() == [7]
    assert found(index, "seller = 'b' and price = 7") == {1}


def test_values_come_from_any_table():
    times = [datetime(2026, 1, 31, 12), None, datetime(2026, 1, 31, 12, tzinfo=timezone.utc)]
    plain_table = {
        "price": [1.5, None, 3.0],
        "size of it": [2**60 + 1, None, -3],
        "created": [*times[:2], times[0]],
        "stock": [True, None, False],
        "seller": ["a", None, "b"],
        "tags": [["x", "y"], None, []],
    }
    tables = [
        plain_table,
        {**plain_table, "created": times},
        pyarrow.table(plain_table),
        pyarrow.table(plain_table).to_batches()[0],
        pandas.DataFrame({**plain_table, "size of it": pandas.array([2**60 + 1, None, -3])}),
    ]
    try:
        import polars

        tables.append(polars.DataFrame(plain_table))
    except ImportError:
        pass
    expected = None
    for table in tables:
        index = vecq.Index(DIM, attributes=schema_of(KINDS)).add(vectors(3), attributes=table)
        held = {
            name: repr(values.tolist()) for name, values in index.get_attributes(range(3)).items()
        }
        expected = expected or held
        assert held == expected, type(table)
    assert expected["size of it"] == f"[{2**60 + 1}, None, -3]"
    assert expected["tags"] == "[['x', 'y'], None, []]"
    again = vecq.Index(DIM, attributes=schema_of(KINDS))
    again.add(vectors(3), attributes=index.get_attributes(range(3)))
    assert {n: repr(v.tolist()) for n, v in again.get_attributes(range(3)).items()} == expected


def test_attributes_are_listed(tmp_path):
    index, _ = sample(50)
    assert index.attributes["tags"] == "tags"
    assert "attributes price, seller, tags, stock" in repr(index)
    assert index.stats().attribute_bytes > 50 * 13
    index.save(tmp_path / "a.vecq")
    assert "values of attribute 3" in str(vecq.info(tmp_path / "a.vecq"))
    assert vecq.Index(DIM).attributes == {}
    assert "attributes" not in repr(vecq.Index(DIM))


def test_a_save_holds_the_values_of_its_start(tmp_path):
    index, table = sample(2000)
    path = tmp_path / "a.vecq"
    changed = []

    def change(done, total):
        if not changed:
            changed.append(index.set_attributes(range(2000), price=np.full(2000, -1.0)))

    index.save(path, progress=change)
    assert changed
    assert found(index, "price = -1") == set(range(2000))
    np.testing.assert_array_equal(
        vecq.open(path).get_attributes(range(2000))["price"], table["price"]
    )


def test_new_texts_are_found_while_little_has_changed():
    """Postings made before a text existed have no rows of it."""
    index, _ = sample()
    for i in range(30):
        assert index.search(vectors(1), 1, where="seller = 'a' or tags has 'x'").counts[0] == 1
        index.set_attributes([i, i + 100], seller=[f"new {i}", None], tags=[[f"tag {i}"], None])
        assert found(index, f"seller = 'new {i}' and tags has 'tag {i}'") == {i}
        assert found(index, f"seller in ('new {i}', 'c') and tags in ('tag {i}')") == {i}

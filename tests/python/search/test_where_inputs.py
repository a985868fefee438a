"""Conditions and values that are wrong are refused, by what and where the fault is."""

import random
import string

import numpy as np
import pytest

import vecq

KINDS = {
    "price": "float32",
    "year": "int64",
    "created": "datetime",
    "stock": "bool",
    "seller": "category",
    "tags": "tags",
}
QUERY = np.ones(4, np.float32)


@pytest.fixture(scope="module")
def index():
    return vecq.Index(4, attributes=KINDS).add(
        np.eye(4), attributes={"price": [1, 2, 3, 4], "seller": ["a", "b", None, "a"]}
    )


@pytest.mark.parametrize(
    ("where", "at", "fault"),
    [
        ("", 0, "expected the name of an attribute, found the end"),
        ("price", 5, r"expected a comparison of 'price' \(float32\), found the end"),
        ("price < ", 8, "expected a number"),
        ("price < 'x'", 8, "expected a number to compare 'price'"),
        ("price < nan", 8, "expected a number"),
        ("price < 1e999", 8, "expected a number"),
        ("price < 1 2", 10, "expected 'and', 'or' or the end, found '2'"),
        ("price < 1 and", 13, "expected the name"),
        ("(price < 1", 10, r"expected '\)'"),
        ("prise < 1", 0, "'prise' is no attribute of the index, expected one of 'price', 'year'"),
        ("`price < 1", 0, "a ` has no end"),
        ("seller = 'a", 9, "a ' has no end"),
        ("seller = 5", 9, "expected a text in quotes"),
        ("seller < 'a'", 7, "'seller' .category. has no order"),
        ("seller has 'a'", 7, "'has' is for tags"),
        ("tags = 'a'", 5, "tags are compared with 'has' or 'in'"),
        ("year = 1.5", 7, "expected a whole number"),
        ("year = 99999999999999999999", 7, "expected a whole number"),
        ("stock = 1", 8, "expected true or false"),
        ("created < 'yesterday'", 10, "expected a datetime"),
        ("created < '2026-02-30'", 10, "expected a datetime"),
        ("seller in ()", 11, "expected a text"),
        ("seller in ('a'", 14, r"expected ',' or '\)'"),
        ("seller not 'a'", 11, "expected 'in' or 'between'"),
        ("price is 5", 9, "expected 'null'"),
        ("price between 1 or 2", 16, "expected 'and'"),
        ("seller = 'äö' and ?", 18, "unexpected '[?]'"),
        ("(" * 51 + "stock" + ")" * 51, 50, "nested more than 50 deep"),
        ("stock or " * 1000 + "stock", 9005, "more than 1000 comparisons"),
        (f"price in ({', '.join(['1'] * 1001)})", 6, "a list of numbers has more than 1000"),
        ("a\0b", 1, "a null character"),
        ("seller = '\ud800'", 10, "a lone surrogate"),
    ],
)
def test_faults_are_named_with_their_position(index, where, at, fault):
    for options in ({"where": where}, {"where": [where]}):
        with pytest.raises(vecq.ArgumentError, match=f"at character {at}: .*{fault}") as error:
            index.search(QUERY, 2, **options)
        assert error.value.argument == "where"
    with pytest.raises(vecq.ArgumentError, match="at character"):
        index.searcher(2, where=where)


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("PRICE < 1".lower(), set()),
        ("price<2", {0}),
        ("price >= -5 & ~(price==2)", {0, 2, 3}),
        ("NOT NOT price = 2", {1}),
        ("price not in (1, 2)", {2, 3}),
        ("not price between 2 and 3", {0, 3}),
        ("price not between 2 and 3", {0, 3}),
        ("seller in (\"a\", 'none such')", {0, 3}),
        ("seller != 'a'", {1}),
        ("not seller = 'a'", {1, 2}),
        ("seller not in ('b')", {0, 3}),
        ("seller is null or price = +1.0", {0, 2}),
        ("seller is not null and price > 1", {1, 3}),
        ("stock is null", {0, 1, 2, 3}),
        ("stock", set()),
        ("year > 9223372036854775807", set()),
        ("year < -9223372036854775807 or created <= 0", set()),
        ("price < 1e300 and price > -1e300", {0, 1, 2, 3}),
        ("((((((((((price = 4))))))))))", {3}),
    ],
)
def test_the_grammar(index, where, ids):
    result = index.search(QUERY, 4, where=where)
    assert set(result.ids[0, : result.counts[0]].tolist()) == ids


def test_datetimes():
    index = vecq.Index(4, attributes={"at": "datetime"})
    index.add(
        np.eye(4), attributes={"at": ["2026-01-31T12:30:15.5", "1960-02-29", None, "2026-02-01"]}
    )
    for text in ("2026-01-31T12:30:15.500000Z", "2026-01-31 14:30:15.5+02:00"):
        assert index.search(QUERY, 4, where=f"at = '{text}'").counts[0] == 1
    micros = int(np.datetime64("1960-02-29", "us").astype(np.int64))
    assert index.search(QUERY, 4, where=f"at = {micros}").ids[0, 0] == 1
    assert index.search(QUERY, 4, where="at >= '2026-01-31'").counts[0] == 2


def test_random_texts_are_parsed_or_refused(index):
    """Random bytes, cut and shuffled expressions: a typed error or an answer, never a crash."""
    generator = random.Random(1)
    words = [
        *("price", "seller", "tags", "`year`", "stock", "created", "and", "or", "not", "in", "is"),
        *("null", "has", "between", "true", "(", ")", ",", "<", "<=", "=", "!=", "'a'", '"', "5"),
        *("-1e3", "1.5", "'2026-01-31'", "~", "&", "|", "ü", "\u200b"),
    ]
    valid = "not (price < 3 and seller in ('a', 'b')) or tags has 'x' and year between 1 and 5"
    texts = [valid[:cut] for cut in range(len(valid))]
    texts += [" ".join(generator.choices(words, k=generator.randint(1, 12))) for _ in range(4000)]
    texts += [
        "".join(generator.choices(string.printable + "äß€𝄞", k=generator.randint(1, 40)))
        for _ in range(2000)
    ]
    errors = []
    for text in texts:
        try:
            index.search(QUERY, 2, where=text)
        except vecq.ArgumentError as error:
            errors.append(error)
    assert {error.argument for error in errors} == {"where"}
    assert all("at character" in str(error) for error in errors)
    assert 1000 < len(errors) < len(texts) - 10


@pytest.mark.parametrize("bad", [5, {"price": 3}, True, b"stock", [5], [["stock"]]])
def test_other_types_are_refused(index, bad):
    with pytest.raises(vecq.ArgumentError, match=r"where (is|has) a") as error:
        index.search(QUERY, 2, where=bad)
    assert error.value.argument == "where"


def test_expressions_refuse_what_they_cannot_mean():
    price = vecq.col("price")
    for wrong in (None, float("nan"), float("inf"), object(), np.datetime64("NaT")):
        with pytest.raises(vecq.ArgumentError, match="where compares with"):
            price < wrong  # noqa: B015
    with pytest.raises(vecq.ArgumentError, match="between"):
        1 < price < 5  # noqa: B015
    with pytest.raises(vecq.ArgumentError, match="parentheses"):
        (price < 5) & 3
    with pytest.raises(vecq.ArgumentError, match="empty"):
        price.isin([])
    with pytest.raises(vecq.ArgumentError, match="list of values"):
        price.isin("abc")
    for name in (5, "a`b"):
        with pytest.raises(vecq.ArgumentError, match="expected a str"):
            vecq.col(name)
    many = vecq.col("stock")
    for _ in range(900):
        many = many | vecq.col("stock")
    index = vecq.Index(4, attributes=KINDS).add(np.eye(4))
    assert index.search(QUERY, 2, where=many).counts[0] == 0


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ({"price": "float64"}, 'expected one of "float32"'),
        ({"": "bool"}, "has a name of 0 bytes"),
        ({"a" * 60: "bool"}, "60 bytes, expected at most 59"),
        ({"a`": "bool"}, "has a `"),
        ({5: "bool"}, "expected a str"),
        (["price"], "expected a dict"),
        ({f"a{i}": "bool" for i in range(41)}, "expected at most 40"),
    ],
)
def test_wrong_schemas_are_refused(attributes, fault):
    with pytest.raises(vecq.ArgumentError, match=fault) as error:
        vecq.Index(4, attributes=attributes)
    assert error.value.argument == "attributes"


@pytest.mark.parametrize(
    ("column", "fault"),
    [
        ({"price": ["x", "y"]}, "'x', expected numbers"),
        ({"price": [1.0]}, "has 1 value, expected 2"),
        ({"price": [1e300, 1]}, "beyond float32"),
        ({"price": 5}, "is an int, expected a column"),
        ({"price": [[1], [2]]}, "expected numbers"),
        ({"year": [1.5, 2]}, "expected whole numbers"),
        ({"year": [2**63, 2]}, "int64"),
        ({"year": [True, None]}, "True, expected whole"),
        ({"created": [1, 2]}, "expected datetimes"),
        ({"created": ["soon", "later"]}, "'soon', expected datetimes"),
        ({"stock": [1, 0]}, "expected booleans"),
        ({"seller": [1, 2]}, "expected strs"),
        ({"seller": ["a", 2]}, "2, expected strs"),
        ({"seller": ["\ud800", "a"]}, "surrogate"),
        ({"seller": ["a" * 65536, "a"]}, "65536 bytes"),
        ({"tags": ["a", "b"]}, "'a', expected lists of strs"),
        ({"tags": [["a"], [5]]}, "5, expected lists of strs"),
        ({"color": [1, 2]}, "'color', expected names among"),
        ([1, 2], "expected a dict of columns"),
    ],
)
def test_wrong_values_are_refused_and_change_nothing(column, fault):
    index = vecq.Index(4, attributes=KINDS).add(np.eye(4)[:2])
    before = repr(index.get_attributes([0, 1]))
    for change in (
        lambda: index.add(np.eye(4)[2:], attributes=column),
        lambda: index.upsert(np.eye(4)[2:], [0, 1], attributes=column),
        lambda: index.set_attributes([0, 1], column),
    ):
        with pytest.raises(vecq.ArgumentError, match=fault) as error:
            change()
        assert error.value.argument == "attributes"
    assert len(index) == 2
    assert repr(index.get_attributes([0, 1])) == before


def test_unknown_ids_and_names_are_refused(tmp_path):
    index = vecq.Index(4, attributes=KINDS).add(np.eye(4)[:2])
    for refused in (
        lambda: index.set_attributes([0, 7], price=[1, 2]),
        lambda: index.get_attributes(7),
        lambda: index.get_attributes(0, ["color"]),
        lambda: index.set_attributes(0),
        lambda: index.set_attributes(0, {"price": [1]}, price=1),
    ):
        with pytest.raises(vecq.ArgumentError):
            refused()
    bare = vecq.Index(4).add(np.eye(4))
    for refused in (
        lambda: bare.get_attributes(0, ["color"]),
        lambda: bare.add(np.eye(4)[:1], attributes={"color": ["red"]}),
        lambda: bare.search(np.eye(4), 1, where="color = 'red'"),
    ):
        with pytest.raises(vecq.ArgumentError, match="no attributes, which are declared by"):
            refused()
    index.set_attributes(1, price=5, tags=["a"], seller=None)
    assert index.get_attributes(1, "price")["price"].tolist() == [5]
    index.save(tmp_path / "a.vecq")
    with pytest.raises(vecq.ReadOnlyError):
        vecq.open(tmp_path / "a.vecq").set_attributes(1, price=5)

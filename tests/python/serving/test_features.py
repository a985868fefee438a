"""Conditions, biases, groups, diversity and string ids over HTTP answer as the index does."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import vecq

from .conftest import DIM, binary_search, vectors

ROWS = 300
QUERIES = vectors(3, seed=1)
BODY = {"queries": QUERIES.tolist()}
SELLERS = ["ann", "bob", None, "eve"]
ATTRIBUTES = {"price": "float32", "seller": "category", "year": "int64"}


def make(path, ids):
    values = {
        "price": np.arange(ROWS) / 10,
        "seller": [SELLERS[i % 4] for i in range(ROWS)],
        "year": [2000 + i % 5 for i in range(ROWS)],
    }
    index = vecq.Index(DIM, "ip", attributes=ATTRIBUTES)
    index.add(vectors(ROWS), ids=ids, attributes=values, bias=np.arange(ROWS) / ROWS)
    index.save(path)
    return index


@pytest.fixture(scope="module", params=["numbers", "strings"])
def served(request, tmp_path_factory, start):
    """An index, and a service of it with one worker."""
    path = tmp_path_factory.mktemp("features") / "items.vecq"
    ids = [f"é {i}" for i in range(ROWS)] if request.param == "strings" else np.arange(ROWS)
    index = make(path, ids)
    return index, start(path, "--processes", "1")


@pytest.fixture
def client(served):
    client = served[1].client()
    yield client
    client.close()


def same(answer, found):
    status, content = answer
    assert status == 200, content
    rows = zip(found.ids, found.scores, found.counts, strict=True)
    for ids, scores, (own_ids, own_scores, count) in zip(
        content["ids"], content["scores"], rows, strict=True
    ):
        assert ids == own_ids[:count].tolist()
        assert np.array_equal(np.float32(scores), own_scores[:count])


@pytest.mark.parametrize(
    "options",
    [
        {"where": "price < 9 and seller in ('ann', 'eve')"},
        {"where": ["price < 2", None, "year = 2003"], "k": 30},
        {"bias_weight": -2.5},
        {"bias_weight": [0, 1, 100]},
        {"diversity": 0.5, "candidates": 50},
        {"where": "price >= 20", "bias_weight": 3, "plan": "scan", "diversity": 0.25},
    ],
)
def test_options_answer_as_the_index_does(served, client, options):
    expected = served[0].search(QUERIES, **{"k": 10, **options})
    same(client.post("/search", {**BODY, **options}), expected)


@pytest.mark.parametrize(("attribute", "per_group"), [("seller", 2), ("year", 1)])
def test_attributes_are_groups(served, client, attribute, per_group):
    index = served[0]
    values = index.get_attributes(index.ids, [attribute])[attribute]
    known = np.array([value is not None for value in values])
    groups = vecq.Groups(index, index.ids[known], values[known].tolist())
    found = index.search(QUERIES, 12, group_by=groups, per_group=per_group)
    options = {"k": 12, "group_by": attribute, "per_group": per_group}
    same(client.post("/search", {**BODY, **options}), found)


def test_ids_are_those_of_the_index(served, client):
    index = served[0]
    ids = index.ids.tolist()
    for options in ({"allow": ids[5:9]}, {"deny": ids[::2]}, {"exclude": [ids[:9], [], ids[40:]]}):
        expected = index.search(QUERIES, 10, **options)
        same(client.post("/search", {**BODY, **options}), expected)
    weights = {"k": 6, "bias_weight": [1, 2]}
    found = index.search_by_ids(ids[3:5], **weights)
    same(client.post("/search_by_ids", {"ids": ids[3:5], **weights}), found)
    kind = client.get("/openapi.json")[1]["components"]["schemas"]["Answer"]
    kind = kind["properties"]["ids"]["items"]["items"]["type"]
    assert kind == ("string" if index.id_type == "str" else "integer")
    info = client.get("/info")[1]
    assert (info["id_type"], info["attributes"]) == (index.id_type, ATTRIBUTES)
    status, _ = client.binary(binary_search(QUERIES, 5))
    assert status == (415 if index.id_type == "str" else 200)


def test_lists_of_many_queries_are_cut_with_them(served, client):
    queries = vectors(150, seed=2)
    options = {
        "where": [f"price < {3 + i % 20}" for i in range(150)],
        "bias_weight": [i % 7 for i in range(150)],
        "exclude": [served[0].ids[i : i + 5].tolist() for i in range(150)],
    }
    answer = client.post("/search", {"queries": queries.tolist(), "k": 5, **options})
    same(answer, served[0].search(queries, 5, **options))


def test_concurrent_exclusions_do_not_mix(served):
    index, service = served
    excluded = [index.ids[i : i + 10].tolist() for i in range(0, 80, 10)]

    def run(own):
        client = service.client()
        found = [client.post("/search", {**BODY, "exclude": [own] * 3}) for _ in range(20)]
        client.close()
        return found

    with ThreadPoolExecutor(8) as threads:
        for own, answers in zip(excluded, threads.map(run, excluded), strict=True):
            expected = index.search(QUERIES, 10, exclude=[own] * 3)
            for answer in answers:
                same(answer, expected)


@pytest.mark.parametrize(
    ("options", "argument", "message"),
    [
        ({"where": 7}, "where", "expected text"),
        ({"where": "price <"}, "where", "at character 7"),
        ({"where": "prize < 1"}, "where", "no attribute"),
        ({"where": ["price < 1"]}, "where", "1 value, expected one for each of 3"),
        ({"where": [1, 2, 3]}, "where", "expected text"),
        ({"bias_weight": "1"}, "bias_weight", "expected a number"),
        ({"bias_weight": 1e19}, "bias_weight", "expected -1e+18 to 1e+18"),
        ({"bias_weight": [1, 2]}, "bias_weight", "2 values"),
        ({"bias_weight": [1, None, 2]}, "bias_weight", "expected a number"),
        ({"group_by": "price"}, "group_by", "seller, year"),
        ({"group_by": [1]}, "group_by", "expected text"),
        ({"per_group": 2}, "per_group", "without group_by"),
        ({"diversity": 2}, "diversity", "0 to 1"),
        ({"candidates": 0}, "candidates", "1 to"),
        ({"allow": [0.5]}, "allow", "expected"),
        ({"exclude": [[], [], [None]]}, "exclude", "exclude"),
    ],
)
def test_wrong_options_are_refused(client, options, argument, message):
    status, answer = client.post("/search", {**BODY, **options})
    assert (status, answer["error"]["argument"]) == (422, argument)
    assert message in answer["error"]["message"]

"""Every endpoint of `vecq serve`: answers equal those of the index, bad input gets typed errors."""

import json

import numpy as np
import pytest

from .conftest import DIM, binary_answer, binary_search, save, vectors, wait_for

QUERIES = vectors(3, seed=1)
BODY_LIMIT = 1 << 20


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    path = tmp_path_factory.mktemp("serve") / "items.vecq"
    index = save(path)
    index.path = path
    return index


@pytest.fixture(scope="module")
def service(index, start):
    return start(index.path, "--max-body", str(BODY_LIMIT), "--max-queries", "200")


@pytest.fixture
def client(service):
    client = service.client()
    yield client
    client.close()


def same(answer, found):
    ids, scores = answer
    assert np.array_equal(ids, found.ids)
    assert np.array_equal(np.asarray(scores, np.float32), found.scores)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"k": 7, "ef": 60},
        {"exclude": [[1, 2, 3], [], [399, 10_000]]},
        {"allow": [5, 6, 7, 8], "k": 4},
        {"deny": list(range(0, 400, 2)), "plan": "scan", "query_bits": 8},
    ],
)
def test_a_search_answers_as_the_index_does(client, index, options):
    status, answer = client.post("/search", {"queries": QUERIES.tolist(), **options})
    assert status == 200
    found = index.search(QUERIES, **{"k": 10, **options})
    same((answer["ids"], answer["scores"]), found)
    assert answer["version"] == client.get("/readyz")[1]["version"]


def test_rows_are_as_long_as_there_are_results(client):
    body = {"queries": QUERIES[:2].tolist(), "k": 5, "allow": [3, 4]}
    _, answer = client.post("/search", body)
    assert [len(row) for row in answer["ids"]] == [len(row) for row in answer["scores"]] == [2, 2]


@pytest.mark.parametrize(("count", "k"), [(1, 1), (3, 10), (150, 40)])
def test_a_binary_search_answers_as_the_index_does(client, index, count, k):
    queries = vectors(count, seed=2)
    exclude = [np.arange(query, query + 5) for query in range(count)]
    for excluded, options in ((None, {}), (exclude, {"ef": 200}), (exclude, {"deny": [7]})):
        text = json.dumps(options).encode() if options else b""
        status, body = client.binary(binary_search(queries, k, excluded, text))
        assert status == 200, body
        ids, scores, version = binary_answer(body)
        same((ids, scores), index.search(queries, k, exclude=excluded, **options))
        assert version == client.get("/readyz")[1]["version"]


def test_a_binary_answer_is_padded(client):
    body = binary_search(QUERIES, 5, None, b'{"allow": [3, 4]}')
    ids, scores, _ = binary_answer(client.binary(body)[1])
    assert (ids[:, 2:] == -1).all()
    assert np.isneginf(scores[:, 2:]).all()


def test_a_search_by_ids_answers_as_the_index_does(client, index):
    status, answer = client.post("/search_by_ids", {"ids": [3, 9], "k": 6, "ef": 50})
    assert status == 200
    same((answer["ids"], answer["scores"]), index.search_by_ids([3, 9], 6, ef=50))


def test_the_service_describes_itself(client):
    assert client.get("/healthz") == (200, {"status": "alive"})
    status, info = client.get("/info")
    assert (status, info["rows"], info["dim"], info["metric"]) == (200, 400, DIM, "ip")
    assert (info["workers"], info["limits"]["queries"]) == (2, 200)
    status, document = client.get("/openapi.json")
    assert (status, document["openapi"]) == (200, "3.1.0")
    assert set(document["paths"]) >= {"/search", "/search_by_ids", "/info", "/metrics"}
    status, headers, page = client.call("GET", "/docs")
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    assert b"/search_by_ids" in page
    assert b"http://" not in page
    assert b"https://" not in page


def test_head_has_no_body(client):
    status, headers, body = client.call("HEAD", "/healthz")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0


def test_metrics_sum_over_the_workers(service, client):
    before = client.metric("vecq_queries_total")
    clients = [service.client() for _ in range(8)]  # the kernel spreads them over both workers
    for one in clients:
        assert one.post("/search", {"queries": QUERIES.tolist()})[0] == 200
        one.close()
    assert client.metric("vecq_queries_total") == before + 24
    assert client.metric('vecq_request_seconds_bucket{endpoint="search",le="\\+Inf"}') >= 8
    assert client.metric("vecq_request_seconds_sum") > 0
    assert client.metric("vecq_workers") == 2
    assert client.metric("vecq_index_items") == 400
    wait_for(lambda: client.metric("vecq_connections") >= 1)


GOOD = {"queries": QUERIES.tolist()}


def row(value):
    return {"queries": [[value] * DIM]}


@pytest.mark.parametrize(
    ("content", "status", "argument", "message"),
    [
        (b"", 400, "body", "not JSON"),
        (b"{", 400, "body", "not JSON"),
        (b"\xff\xfe", 400, "body", "not JSON"),
        (b"[" * 100_000, 400, "body", "not JSON"),
        (b'{"queries": [[NaN]]}', 400, "body", "not JSON"),
        (b"[]", 400, "body", "expected an object"),
        ({}, 422, "queries", "missing"),
        ({"queries": 7}, 422, "queries", "expected a list"),
        ({"queries": []}, 422, "queries", "expected 1 to 200"),
        ({"queries": [[0.5] * DIM] * 201}, 422, "queries", "expected 1 to 200"),
        ({"queries": [[0.5] * (DIM - 1)]}, 422, "queries", f"expected a list of {DIM}"),
        ({"queries": [0.5] * DIM}, 422, "queries", "a float in row 0"),
        (row("1"), 422, "queries", "row 0"),
        (row(None), 422, "queries", "row 0"),
        (row(True), 422, "queries", "row 0"),
        (row(1e39), 422, "queries", "finite"),
        ({**GOOD, "k": 0}, 422, "k", "from 1 to 10000"),
        ({**GOOD, "k": 10_001}, 422, "k", "from 1 to 10000"),
        ({**GOOD, "k": 1.0}, 422, "k", "whole number"),
        ({**GOOD, "k": True}, 422, "k", "whole number"),
        ({**GOOD, "k": "x" * 1000}, 422, "k", "whole number"),
        ({**GOOD, "exclude": [[1]]}, 422, "exclude", "1 list for 3 queries"),
        ({**GOOD, "exclude": {}}, 422, "exclude", "a dict"),
        ({**GOOD, "exclude": None}, 422, "exclude", "a NoneType"),
        ({**GOOD, "exclude": [[1], [1.5], []]}, 422, "exclude", "query 1"),
        ({**GOOD, "exclude": [[1], [2**63], []]}, 422, "exclude", "query 1"),
        ({**GOOD, "exclude": [[1], [True], []]}, 422, "exclude", "query 1"),
        ({**GOOD, "exclude": [[1], 2, []]}, 422, "exclude", "query 1"),
        ({**GOOD, "ef": 0}, 422, "ef", "1 to 100000"),
        ({**GOOD, "ef": "wide"}, 422, "ef", "whole number"),
        ({**GOOD, "probes": 0}, 422, "probes", "1 to 100000"),
        ({**GOOD, "probes": 4, "ef": 50}, 422, "probes", "expected one"),
        ({**GOOD, "probes": 4}, 422, "plan", "partition()"),
        ({**GOOD, "allow": 7}, 422, "allow", "expected a list"),
        ({**GOOD, "allow": [7.5]}, 422, "allow", "whole number"),
        ({**GOOD, "deny": [2**63]}, 422, "deny", "beyond int64"),
        ({**GOOD, "plan": "guess"}, 422, "plan", "expected one of auto"),
        ({**GOOD, "query_bits": 9}, 422, "query_bits", "expected one of 8, 15"),
        ({**GOOD, "target_recall": 0}, 422, "target_recall", "more than 0"),
        ({**GOOD, "target_recall": 0.9}, 422, "target_recall", "recall curve"),
        ({**GOOD, "rerank_factor": 2}, 422, "rerank_factor", "no rerank store"),
        ({**GOOD, "rerank_factor": -1}, 422, "rerank_factor", "0 to 1000"),
        ({**GOOD, "threads": 8}, 422, "threads", "unknown"),
    ],
)
def test_a_bad_search_is_refused(client, content, status, argument, message):
    found, answer = client.post("/search", content)
    error = answer["error"]
    assert (found, error["argument"]) == (status, argument)
    assert argument in error["message"]
    assert message in error["message"]
    assert error["type"] == ("malformed" if status == 400 else "argument")


@pytest.mark.parametrize(
    ("content", "status", "argument", "message"),
    [
        ({}, 422, "ids", "missing"),
        ({"ids": []}, 422, "ids", "expected 1 to 200"),
        ({"ids": [1.5]}, 422, "ids", "whole number"),
        ({"ids": [4711]}, 422, "ids", "4711"),
        ({"ids": [1], "exclude": [[1]]}, 422, "exclude", "unknown"),
    ],
)
def test_a_bad_search_by_ids_is_refused(client, content, status, argument, message):
    found, answer = client.post("/search_by_ids", content)
    assert (found, answer["error"]["argument"]) == (status, argument)
    assert message in answer["error"]["message"]


def changed(at, value, body=None):
    body = bytearray(body or binary_search(QUERIES, 5, [[1], [2], [3]]))
    body[at : at + len(value)] = value
    return bytes(body)


@pytest.mark.parametrize(
    ("body", "status", "argument"),
    [
        (b"", 400, "body"),
        (b"VQS1", 400, "body"),
        (changed(0, b"VQS2"), 400, "body"),
        (changed(20, b"\1"), 400, "body"),
        (binary_search(QUERIES, 5) + b"\0", 400, "body"),
        (binary_search(QUERIES, 5)[:-1], 400, "body"),
        (changed(4, b"\xff\xff\xff\xff"), 422, "queries"),
        (changed(24, b"\xff" * 8), 400, "body"),
        (changed(8, b"\x11"), 422, "queries"),
        (binary_search(QUERIES, 0), 422, "k"),
        (binary_search(QUERIES[:0], 5), 422, "queries"),
        (changed(32 + 24, b"\7"), 422, "exclude"),
        (binary_search(np.full((1, DIM), np.nan, np.float32), 5), 422, "queries"),
        (binary_search(np.full((1, DIM), np.inf, np.float32), 5), 422, "queries"),
        (binary_search(QUERIES, 5, None, b"{"), 400, "body"),
        (binary_search(QUERIES, 5, None, b"[1]"), 400, "body"),
        (binary_search(QUERIES, 5, None, b'{"k": 7}'), 422, "k"),
        (binary_search(QUERIES, 5, None, b'{"ef": -7}'), 422, "ef"),
    ],
)
def test_a_bad_binary_search_is_refused(client, body, status, argument):
    found, answer = client.binary(body)
    error = json.loads(answer)["error"]
    assert (found, error["argument"]) == (status, argument), error
    assert argument in error["message"]


def test_other_requests_are_refused(client):
    def refused(method, path, body=None, **headers):
        status, found, answer = client.call(method, path, body, **headers)
        return status, json.loads(answer)["error"]["argument"], found

    assert refused("GET", "/nothing")[:2] == (404, "path")
    assert refused("POST", "/")[:2] == (404, "path")
    status, argument, headers = refused("GET", "/search")
    assert (status, argument, headers["allow"]) == (405, "method", "POST")
    status, argument, headers = refused("POST", "/info")
    assert (status, argument, headers["allow"]) == (405, "method", "GET, HEAD")
    assert refused("POST", "/search", b"{}", content_type="text/plain")[:2] == (415, "content-type")
    assert refused("POST", "/search", b"{}")[:2] == (415, "content-type")
    assert refused("POST", "/search_by_ids", b"", content_type="application/vnd.vecq")[0] == 415


def test_a_body_over_the_limit_is_refused(service, client):
    too_long = b" " * (BODY_LIMIT + 1)
    for _ in range(2):  # the connection stays usable
        status, answer = client.post("/search", too_long)
        assert (status, answer["error"]["argument"]) == (413, "body")
    chunks = iter([b" " * 50_000] * 30)
    other = service.client()
    status, _, answer = other.call("POST", "/search", chunks, content_type="application/json")
    other.close()
    assert (status, json.loads(answer)["error"]["argument"]) == (413, "body")
    assert client.get("/healthz")[0] == 200

"""Ray Serve: replicas of a whole index and groups behind a router, versions and lost replicas."""

import json
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
import ray

import vecq
from vecq.integrations.ray import app, build, update
from vecq.sharding import ShardedIndex, rollback

pytestmark = [
    pytest.mark.usefixtures("whole_tests", "nodes"),
    # Ray Serve itself uses them.
    pytest.mark.filterwarnings("ignore:.* deprecated:DeprecationWarning"),
]
PORT = 18_723


@pytest.fixture(scope="module")
def serve(nodes):
    from ray import serve

    serve.start(http_options={"host": "127.0.0.1", "port": PORT})
    yield serve
    serve.shutdown()


@pytest.fixture
def folder(nodes, dataset, items, tmp_path):
    build(dataset(items), tmp_path, shards=2)
    return tmp_path


def post(values, raw=None):
    body = json.dumps(values).encode() if raw is None else raw
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/", body, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("groups", [1, 2])
def test_answers_errors_and_versions(serve, folder, dataset, items, users, groups):
    serve.run(app(folder, groups=groups, refresh_s=0.1, cpus=0, timeout_s=20))
    request = {
        "vectors": users[:3].tolist(),
        "k": 5,
        "plan": "scan",
        "exclude": [[1], [], [2, 3]],
    }
    expected = ShardedIndex(folder).search(users[:3], 5, plan="scan", exclude=[[1], [], [2, 3]])
    status, answer = post(request)
    assert status == 200
    assert [one["ids"] for one in answer["results"]] == expected.ids.tolist()
    np.testing.assert_array_equal(
        np.array([one["scores"] for one in answer["results"]], np.float32), expected.scores
    )
    assert (answer["generation"], answer["partial"]) == (1, False)
    assert post({"vector": users[0].tolist(), "exclude": [1]})[1]["results"][0]["ids"]

    for wrong, argument in (
        ({"vector": [1.0]}, "vectors"),
        ({"vectors": users[:1].tolist(), "k": 0}, "k"),
        ({"vectors": users[:1].tolist(), "ef": -1}, "ef"),
        ({"vectors": users[:1].tolist(), "efs": 1}, "request"),
        ([], "request"),
    ):
        status, answer = post(wrong)
        assert (status, answer["argument"]) == (400, argument), answer
    assert post(None, raw=b"{")[0] == 400

    update(folder, dataset([None], ids=[expected.ids[0, 0]]))
    wait_for(lambda: post(request)[1]["generation"] == 2)
    assert expected.ids[0, 0] not in post(request)[1]["results"][0]["ids"]
    rollback(folder)
    wait_for(lambda: post(request)[1]["generation"] == 1)
    assert post(request)[1]["results"][0]["ids"] == expected.ids[0].tolist()


@pytest.mark.parametrize("partial", [True, False])
def test_a_lost_group(serve, folder, users, partial):
    serve.run(app(folder, groups=2, cpus=0, timeout_s=0.5, partial=partial))
    request = {"vectors": users[:1].tolist(), "k": 5, "plan": "scan"}
    wait_for(lambda: post(request)[0] == 200 and not post(request)[1]["partial"])
    (name,) = (
        one["name"]
        for one in ray.util.list_named_actors(all_namespaces=True)
        if "vecq-group-1" in one["name"]
    )
    ray.kill(ray.get_actor(name, namespace="serve"))
    status, answer = post(request)
    if partial:
        assert status == 200
        assert (answer["partial"], answer["missing_groups"]) == (True, [1])
        assert answer["results"][0]["ids"] == (
            ShardedIndex(folder, shards=[0]).search(users[:1], 5, plan="scan").ids[0].tolist()
        )
    else:
        assert status == 503
        assert "no answer from groups [1]" in answer["error"]
    wait_for(lambda: post(request)[0] == 200 and not post(request)[1]["partial"])


def test_no_answer_mixes_versions(serve, folder, dataset, items, users):
    """Searches run while versions change; each answer is that of its version alone."""
    serve.run(app(folder, groups=2, refresh_s=0.05, cpus=0, timeout_s=20))
    vectors = users[:1].tolist()
    request = {"vectors": vectors, "k": 50, "plan": "scan"}
    best = ShardedIndex(folder).search(users[:1], 40, plan="scan").ids[0]
    update(folder, dataset([None] * 40, ids=best))
    expected = {
        number: ShardedIndex(folder, number).search(users[:1], 50, plan="scan").ids[0].tolist()
        for number in (1, 2)
    }
    seen = []
    for _ in range(6):
        rollback(folder, 1 if len(seen) % 2 else 2)
        for _ in range(20):
            answer = post(request)[1]
            assert answer["results"][0]["ids"] == expected[answer["generation"]]
            seen.append(answer["generation"])
        time.sleep(0.15)
    assert set(seen) == {1, 2}


def test_wrong_arguments_are_refused(folder, refuse, tmp_path):
    refuse("groups", "from 1 to 2", app, folder, groups=3)
    refuse("refresh_s", "above 0", app, folder, refresh_s=0)
    with pytest.raises(vecq.FileError):
        app(tmp_path / "nothing")

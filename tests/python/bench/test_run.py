import shlex
import signal
import subprocess
import sys

import numpy as np
import pytest

import vecq
from vecq.bench import Plan, Progress, read, truth, write
from vecq.bench.contender import Contender
from vecq.bench.harness import Harness
from vecq.bench.records import Accuracy, Build, Data, IsaSpeed, Point
from vecq.bench.report import write as write_page
from vecq.bench.sweep import CURVE
from vecq.datasets import Dataset, save


def test_a_run_records_all_measurements(measure, data, tmp_path):
    found = measure(
        "broken_indexes:Scan",
        codecs=["fp32", "int8"],
        k=[20, 5],
        regimes=["single", "batch", "concurrent"],
        repetitions=2,
        threads=2,
        accuracy=True,
    )
    (described,) = found.all(Data)
    assert (described.rows, described.dim, described.queries) == (2000, 24, 60)
    assert described.heldout
    assert described.seen
    assert found.about.parameters["k"] == [5, 20]
    assert found.about.seconds > 0
    assert not found.about.interrupted
    for name in ("vecq fp32", "vecq int8", "scan"):
        assert found.build(name).error is None
        for regime in ("single", "batch", "concurrent"):
            points = found.points(name, regime)
            assert {point.k for point in points} == {5, 20}
            assert max(point.recall for point in points) > 0.98
            for point in points:
                assert point.error is None
                assert len(point.qps) == 2
                assert (point.latency is None) == (regime == "batch")
                assert (point.business is None) == (regime != "batch")
                assert point.threads == (1 if regime == "single" else 2)
    batch = found.points("vecq int8")[0]
    assert batch.hops > 0
    assert batch.distances > batch.hops
    assert batch.limit_share > 0
    assert found.points("scan")[0].distances is None
    write(found.records, tmp_path / "run.jsonl")
    assert read(tmp_path / "run.jsonl") == found.records


def test_latencies_are_in_order(measure):
    (point,) = measure("broken_indexes:Scan", regimes=["single"]).points("scan", "single")
    assert [quantile for quantile, _ in point.latency_curve] == CURVE
    seconds = [seconds for _, seconds in point.latency_curve]
    assert seconds == sorted(seconds)
    assert point.latency["p50"] <= point.latency["p95"] <= point.latency["p999"] <= seconds[-1]


def test_held_out_items_are_found_among_unseen_ones(measure):
    """Users chose the best three unseen items, so exact search finds all of them."""
    (point,) = measure("broken_indexes:Scan").points("scan")
    assert point.business == pytest.approx({"hit_rate": 1, "recall": 1, "ndcg": 1})
    accuracies = measure("broken_indexes:Scan", accuracy=True).all(Accuracy)
    by_metric = {one.metric: one for one in accuracies}
    assert set(by_metric) == {"recall", "hit_rate", "heldout_recall", "ndcg"}
    assert by_metric["recall"].fp32 == 1
    assert by_metric["recall"].int16 >= by_metric["recall"].int8 > 0.97
    assert by_metric["heldout_recall"].fp32 == 1


def test_a_climb_ends_at_enough_recall_or_saturation(measure):
    (only,) = measure("broken_indexes:Scan").points("scan")
    assert only.ended == "recall"
    low = measure("broken_indexes:Random", k=[100], quick=False).points("random")
    assert [point.ended for point in low] == [None] * 6 + ["saturation"]
    late = measure("broken_indexes:Late", k=[100], quick=False).points("late")
    assert [point.recall for point in late][:3] == [late[0].recall] * 3
    assert late[-1].recall > late[0].recall + 0.1


def test_truth_is_computed_and_the_neighbors_of_the_data_are_only_compared(measure, data):
    wrong = np.zeros((len(data.test), 10), np.int32)
    wrong[:] = np.arange(10)
    other = Dataset("other", "ip", data.train, data.test, wrong)
    found = measure("broken_indexes:Scan", data=other)
    assert found.points("scan")[0].recall == 1
    source = found.all(Data)[0].truth
    assert source.startswith(
        "float32 brute force, checked against faiss on 60 queries, agrees with "
    )
    assert source.endswith(" of the data set's own neighbors")


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
def test_truth_that_faiss_refutes_is_an_error(data, metric, monkeypatch):
    plain = Dataset("plain", metric, data.train, data.test)
    right = truth.ground_truth(plain, 10)
    assert "checked against faiss on 60 queries" in right.source
    wrong = truth.GroundTruth(right.ids[:, ::-1], right.scores[:, ::-1])
    monkeypatch.setattr(truth, "brute_force", lambda *_, **__: wrong)
    with pytest.raises(vecq.VecqError, match="brute force and faiss disagree on query 0 of plain"):
        truth.ground_truth(plain, 10)


def test_equal_items_are_all_right(measure, data):
    """Every item exists four times, and any of them is right."""
    twins = np.tile(data.train[:300], (4, 1))
    (point,) = measure(
        "broken_indexes:Backwards", data=Dataset("twins", "ip", twins, data.test)
    ).points("backwards")
    assert point.recall == 1


def test_contenders_are_measured_in_random_order(measure, data, monkeypatch):
    visits = []
    measured = Contender.measure

    def watched(self, regime, k, setting):
        visits.append(self.name)
        return measured(self, regime, k, setting)

    monkeypatch.setattr(Contender, "measure", watched)
    names = ["vecq fp32", "vecq fp16", "vecq int16", "vecq int8"]
    codecs = [name.removeprefix("vecq ") for name in names]
    plain = Dataset("plain", "ip", data.train, data.test)
    options = {"data": plain, "codecs": codecs, "repetitions": 3, "enough": 0.0}
    measure(**options)
    rounds = [visits[at : at + 4] for at in range(0, 12, 4)]
    assert [sorted(one) for one in rounds] == 3 * [sorted(names)]
    assert len({tuple(one) for one in rounds}) > 1
    first = visits.copy()
    visits.clear()
    measure(**options)
    assert visits == first
    visits.clear()
    measure(**options, seed=1)
    assert visits != first


def test_a_climb_whose_ladder_ends_says_so(measure):
    points = measure("broken_indexes:TwoSettings", quick=False).points("two settings")
    assert [point.ended for point in points] == [None, "ladder"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("duplicates", "ids repeat within a query, 60 times"),
        ("strangers", "ids outside the data, 600 times"),
        ("not numbers", "scores are NaN"),
        ("shape", "ids have shape (10, 60), expected (60, 10)"),
        ("raises on search", "KeyError: 'lost'"),
    ],
)
def test_faults_of_contenders_are_recorded(measure, name, error):
    target = "broken_indexes:" + name.title().replace(" O", "O").replace(" ", "")
    found = measure(target, "broken_indexes:Scan", codecs=["int8"])
    points = found.points(name)
    assert points
    assert all(error in point.error for point in points)
    assert all(point.business is None for point in points)
    assert all(point.error is None for point in found.points("scan") + found.points("vecq int8"))


def test_random_answers_have_random_recall(measure):
    points = measure("broken_indexes:Random").points("random")
    assert all(point.recall < 0.1 for point in points)


def test_missing_results_are_counted(measure):
    points = measure("broken_indexes:Fewer").points("fewer")
    assert all((point.short, point.recall) == (300, 0.5) for point in points)


def test_failed_builds_are_noted(measure):
    found = measure("broken_indexes:RaisesOnBuild", "broken_indexes:Scan")
    assert found.build("raises on build").error == "RuntimeError: no memory"
    assert found.points("raises on build") == []
    assert "raises on build failed to build: RuntimeError: no memory" in found.about.notes
    assert found.points("scan")


def test_a_crash_does_not_end_the_run(measure):
    found = measure("broken_indexes:Dies", "broken_indexes:DiesLater", "broken_indexes:Scan")
    assert found.build("dies").error == "killed its process (SIGSEGV)"
    assert found.build("dies later").error is None
    assert {point.error for point in found.points("dies later")} == {"killed its process (SIGSEGV)"}
    assert found.points("scan")[0].error is None


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("RaisesOnConstruction", "ImportError: no license"),
        ("DiesOnConstruction", "killed its process (SIGSEGV)"),
    ],
)
def test_failed_constructors_are_named_by_their_class(measure, name, error):
    found = measure(f"broken_indexes:{name}", "broken_indexes:Scan")
    assert found.build(f"broken_indexes:{name}").error == error
    assert found.points("scan")[0].error is None


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("raises on ladder", "IndexError: no rungs"),
        ("empty ladder", "ladder gave [], expected dicts of settings"),
    ],
)
def test_failed_ladders_are_recorded_as_points(measure, name, error):
    target = "broken_indexes:" + name.title().replace(" O", "O").replace(" ", "")
    found = measure(target, "broken_indexes:Scan")
    (point,) = found.points(name)
    assert error in point.error
    assert (point.setting, point.ended) == ({}, "errors")
    assert found.points("scan")[0].error is None


def test_failures_to_close_are_noted(measure):
    found = measure("broken_indexes:RaisesOnClose")
    assert "raises on close failed to close: OSError: stuck" in found.about.notes
    assert found.points("raises on close")[0].recall == 1


def test_settings_of_any_type_are_recorded_as_json(measure, tmp_path):
    found = measure("broken_indexes:Careless", path=tmp_path / "run.jsonl")
    assert found.build("careless").settings == {"m": 8}
    (point,) = found.points("careless")
    assert point.error is None
    assert point.setting == {"ef": 10, "rate": None, "steps": [1, 2]}
    assert read(tmp_path / "run.jsonl") == found.records
    write_page(found.records, tmp_path / "run.html")


def test_names_of_contenders_are_unique(measure):
    found = measure("broken_indexes:Scan", "broken_indexes:Other", "broken_indexes:Nameless")
    names = {one.contender for one in found.all(Build)}
    assert names == {"scan", "scan (broken_indexes:Other)", "broken_indexes:Nameless"}
    assert all(found.points(name) for name in names)


def test_records_survive_a_kill(measure, data, tmp_path):
    """A contender in the same process kills it; users' classes run in subprocesses."""
    path = tmp_path / "run.jsonl"
    script = (
        "import os, signal\n"
        "from vecq.bench import Plan, harness\n"
        "from vecq.bench.sweep import Sweep\n"
        "from vecq.datasets import load\n"
        "Sweep.points = lambda self: os.kill(os.getpid(), signal.SIGKILL)\n"
        "plan = Plan(load('data'), [10], ['int8'], [], ['single'], isas=(), quick=True)\n"
        "harness.run(plan, path='run.jsonl')\n"
    )
    save(data, tmp_path / "data")
    done = subprocess.run([sys.executable, "-I", "-c", script], cwd=tmp_path, capture_output=True)
    assert done.returncode == -signal.SIGKILL
    about, *records = read(path)
    assert about.interrupted
    points = [one for one in records if isinstance(one, Point)]
    assert points
    assert all(len(point.qps) == 3 and point.latency for point in points)
    assert len({str(point.setting) for point in points}) == len(points)


def test_bytes_are_recorded_of_all_contenders_with_save(measure):
    found = measure("broken_indexes:Saved", codecs=["int8"])
    for name in ("vecq int8", "saved"):
        assert found.build(name).file_bytes > 0
        assert found.build(name).bytes_are == "as saved"
    assert found.build("vecq int8").resident_is == "reported by the index"
    assert found.build("vecq int8").resident_bytes > 2000 * 24
    assert found.build("saved").file_bytes == pytest.approx(2000 * 24 * 4, rel=0.01)


def test_contenders_without_batches_skip_that_regime(measure):
    found = measure("broken_indexes:OneByOne", regimes=["single", "batch"])
    assert found.points("one by one", "batch") == []
    assert found.points("one by one", "single")
    note = "one by one, batch: skipped, its API takes one query per call, on one thread"
    assert note in found.about.notes


def test_the_command_can_be_pasted(monkeypatch):
    words = ["/usr/bin/vecq", "bench", "--peers", "hnswlib,faiss HNSWFlat", "--isas", ""]
    monkeypatch.setattr("sys.argv", words)
    command = Harness(Plan("toy"), Progress(quiet=True), None).about.command
    assert shlex.split(command) == ["vecq", *words[1:]]


@pytest.mark.usefixtures("interruptible")
def test_records_survive_ctrl_c(measure):
    found = measure("broken_indexes:Scan", "broken_indexes:Interrupted", accuracy=True)
    assert found.about.interrupted
    assert found.points("scan")[0].recall == 1
    assert found.all(Accuracy) == []


def test_no_measurement_starts_after_the_time_limit(measure):
    found = measure("broken_indexes:Scan", seconds=1e-9)
    assert found.all(Point) == []
    assert "measuring ended after the limit of 1e-09 s" in found.about.notes


def test_peers_are_built_with_every_m(measure):
    pytest.importorskip("hnswlib", reason="hnswlib is not installed")
    found = measure("hnswlib", peer_m=[16, 4, 8], quick=False)
    builds = [(one.contender, one.group, one.settings["M"]) for one in found.all(Build)]
    assert builds == [(f"hnswlib FP32 M={m}", "hnswlib FP32", m) for m in (4, 8, 16)]


def test_processes_share_an_index(measure):
    found = measure(
        "broken_indexes:Saved", "broken_indexes:Scan", regimes=["processes"], processes=2
    )
    (point,) = found.points("saved", "processes")
    assert point.recall == 1
    assert point.processes == 2
    assert any(note.startswith("scan, processes: skipped") for note in found.about.notes)
    assert any(note.startswith("numa: ") for note in found.about.notes)


@pytest.mark.parametrize(
    ("argument", "values", "message"),
    [
        ("k", {"k": []}, "expected whole numbers"),
        ("k", {"k": [0]}, "expected whole numbers"),
        ("k", {"k": ["ten"]}, "expected whole numbers"),
        ("peer_m", {"peer_m": []}, "expected whole numbers"),
        ("seed", {"seed": -1}, "expected a whole number from 0"),
        ("threads", {"threads": -1}, "is -1, expected a whole number from 0"),
        ("processes", {"processes": 1.5}, "is 1.5"),
        ("repetitions", {"repetitions": 0}, "from 1 to"),
        ("ef_construction", {"ef_construction": 0}, "from 1 to"),
        ("regimes", {"regimes": ["slow"]}, "expected some of single, batch, concurrent, processes"),
        ("regimes", {"regimes": []}, "expected some of"),
        ("codecs", {"codecs": [], "peers": []}, "are empty"),
        ("seconds", {"seconds": 0}, "more than 0"),
    ],
)
def test_invalid_plans_are_refused(refuse, argument, values, message):
    refuse(argument, message, lambda: Plan("toy", **values))


def test_arguments_that_do_not_fit_the_data_are_refused_before_builds(measure, refuse):
    refuse("k", "but small has 2,000 rows", measure, "broken_indexes:Scan", k=[2001])
    refuse("isas", "has 'mmx', expected of scalar", measure, "broken_indexes:Scan", isas=["mmx"])


def test_every_instruction_set_finds_the_same(measure):
    found = measure(codecs=["int8"], isas=None, repetitions=2)
    speeds = found.all(IsaSpeed)
    available = [isa.name for isa in vecq.cpu().isas if isa.available]
    assert [one.isa for one in speeds] == available
    assert all(one.same_as_first and len(one.qps) == 2 for one in speeds)
    assert len({one.recall for one in speeds}) == 1


def test_processes_open_an_index_of_vecq(measure):
    points = measure(codecs=["int8"], regimes=["processes"], processes=2).points(
        "vecq int8", "processes"
    )
    assert max(point.recall for point in points) > 0.95

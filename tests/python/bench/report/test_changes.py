"""Comparison of two runs: regressions, improvements and noise."""

from dataclasses import replace

from vecq.bench.records import GROWTH, Build, Data, Point
from vecq.bench.report import compare


def states(changes, contender="vecq int8"):
    return {
        (one.what.split(",")[0], one.state)
        for one in changes
        if one.contender == contender and one.state != "within noise"
    }


def changed(records, name, kind, **values):
    return [
        replace(one, **values)
        if isinstance(one, kind) and getattr(one, "contender", "") == name
        else one
        for one in records
    ]


def test_a_run_is_no_worse_than_itself(run):
    found = compare(run(), run())
    assert found.regressions == []
    count = len(found.changes)
    assert str(found) == f"no regressions in {count} figures, {count} within noise"
    assert {one.state for one in found.changes} == {"within noise"}


def test_a_change_within_noise_is_no_regression(run):
    assert compare(run(), run(faster=0.96)).regressions == []


def test_a_change_beyond_noise_is_a_regression(run):
    found = compare(run(), run(faster=0.9))
    assert states(found.changes) == {("median QPS at recall 0.95", "regression")}
    assert len(found.regressions) == 4
    assert str(found).startswith("4 regressions in ")


def test_noise_between_runs_has_a_minimum(run):
    noise = (1.0, 1.0)
    assert compare(run(noise=noise), run(noise=noise, faster=0.96)).regressions == []
    assert len(compare(run(noise=noise), run(noise=noise, faster=0.9)).regressions) == 4


def test_faster_is_better(run):
    assert states(compare(run(), run(faster=1.3)).changes) == {
        ("median QPS at recall 0.95", "better")
    }


def test_wider_noise_allows_more(run):
    noise = (1.0, 0.9, 0.8)
    assert compare(run(noise=noise), run(noise=noise, faster=0.9)).regressions == []


def test_what_was_not_repeated_is_no_regression(run):
    found = compare(run(noise=(1.0,)), run(noise=(1.0,), faster=0.5))
    assert found.regressions == []
    assert "not repeated" in {one.state for one in found.changes}


def test_lost_recall_a_slower_build_and_more_memory_are_regressions(run):
    new = [
        replace(one, recall=one.recall - 0.01)
        if isinstance(one, Point) and one.contender == "vecq int8"
        else one
        for one in run()
    ]
    new = changed(new, "vecq int8", Build, seconds=6.0, bytes_per_vector=230.0)
    found = states(compare(run(), new).changes)
    assert ("recall with ef=800", "regression") in found
    assert ("build", "regression") in found
    assert ("bytes per vector", "regression") in found


def test_the_recall_of_few_queries_may_differ_by_more(run):
    few, lost = run(ks=(10,)), run(ks=(10,))
    for records in (few, lost):
        records[1] = replace(records[1], queries=50)
    assert isinstance(few[1], Data)
    lost = [
        replace(one, recall=one.recall - 0.005) if isinstance(one, Point) else one for one in lost
    ]
    recalls = [one for one in compare(few, lost).changes if one.what.startswith("recall")]
    assert {one.state for one in recalls} == {"within noise"}
    many = compare(run(ks=(10,)), [lost[0], run()[1], *lost[2:]]).changes
    assert "regression" in {one.state for one in many if one.what.startswith("recall")}


def test_process_growth_has_no_noise_band(run):
    old = changed(run(), "vecq int8", Build, bytes_are=GROWTH)
    new = changed(old, "vecq int8", Build, bytes_per_vector=300.0)
    assert states(compare(old, new).changes) == {("bytes per vector", "not repeated")}


def test_new_faults_are_regressions(run):
    new = changed(run(), "hnswlib FP32", Point, duplicates=3)
    (broken,) = compare(run(), new).regressions
    assert (broken.contender, broken.old) == ("hnswlib FP32", "sound")
    assert "ids repeat" in broken.new


def test_missing_figures_and_different_machines_are_noted(run):
    old = run(data=("synthetic", "old set"))
    old[0] = replace(old[0], machine={**old[0].machine, "cpu": "Older CPU"})
    new = [one for one in run() if getattr(one, "contender", "") != "vecq int16"]
    notes = "\n".join(compare(old, new).notes)
    assert "cpu was Older CPU" in notes
    assert "only in the old run: old set, vecq int16 on synthetic" in notes

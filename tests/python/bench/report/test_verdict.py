"""The verdict on INT8: figures of the records, interpolated between measured points only."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

import vecq
from vecq.bench.records import Accuracy, Build, Point, Run
from vecq.bench.report import tables, verdict
from vecq.bench.report.curves import Curve, Regime, common_level, ratio, ratio_above
from vecq.bench.report.sheet import Sheet

REGIME = Regime("toy", 10, "single", 1, 1)


def curve(points, name="one"):
    made = [
        Point("toy", name, 10, "single", {"ef": ef}, recall=recall, qps=qps)
        for ef, (recall, *qps) in enumerate(points)
    ]
    return Curve.of(name, REGIME, made)


def of_codec(records, codec, change):
    return [
        change(one) if getattr(one, "contender", "") == f"vecq {codec}" else one for one in records
    ]


def without(records, kind):
    return [one for one in records if not isinstance(one, kind)]


def test_values_are_interpolated_logarithmically():
    line = curve([(0.9, 1000), (0.96, 10)])
    assert line.at(0.9) == 1000
    assert line.at(0.93) == pytest.approx(100)
    assert line.at(0.96) == pytest.approx(10)


@pytest.mark.parametrize("recall", [0.0, 0.8999, 0.9601, 1.0])
def test_values_are_not_extrapolated(recall):
    assert curve([(0.9, 1000), (0.96, 10)]).at(recall) is None


def test_dominated_points_do_not_count():
    line = curve([(0.9, 1000), (0.92, 50), (0.94, 400), (0.96, 10)])
    assert [point.recall for point in line.front] == [0.9, 0.94, 0.96]


def test_the_fastest_point_of_a_recall_counts():
    line = curve([(1.0, 50), (1.0, 90), (1.0, 70)])
    assert line.at(1.0) == 90
    assert ratio(line, line).value == 1


def test_a_curve_that_ends_below_ours_is_compared_at_its_highest_usual_recall():
    ours = curve([(0.96, 1000, 900, 1100), (0.99, 100)])
    other = curve([(0.8, 400), (0.9, 100, 90, 110), (0.93, 10)])
    assert ratio(ours, other) is None
    found = ratio_above(ours, other)
    assert (found.level, found.is_above) == (0.9, True)
    assert found.value == pytest.approx(10)
    assert found.low == pytest.approx(900 / 110)
    assert found.high == pytest.approx(1100 / 90)


def test_a_curve_that_ends_below_usual_recalls_is_compared_at_its_end():
    found = ratio_above(curve([(0.9, 1000)]), curve([(0.41, 200), (0.43, 50)]))
    assert (found.level, found.value) == (0.43, 20)


@pytest.mark.parametrize("points", [[], [(0.97, 100)], [(0.9, 100), (0.98, 50)]])
def test_curves_that_reach_our_recall_are_not_compared_above(points):
    assert ratio_above(curve([(0.96, 1000)]), curve(points)) is None


def test_unsound_points_do_not_count():
    points = [
        Point("toy", "one", 10, "single", {}, recall=0.9, qps=[1.0], short=1),
        Point("toy", "one", 10, "single", {}, recall=0.9, qps=[9.0], duplicates=1),
        Point("toy", "one", 10, "single", {}, recall=0.9, qps=[9.0], invalid=1),
        Point("toy", "one", 10, "single", {}, recall=0.9, qps=[9.0], error="wrong"),
        Point("toy", "one", 10, "single", {}, recall=None, qps=[9.0]),
        Point("toy", "one", 10, "single", {}, recall=0.9, qps=[]),
    ]
    assert Curve.of("one", REGIME, points).points == (points[0],)


def test_curves_are_compared_at_a_usual_recall_or_the_start_of_their_overlap():
    low, high = curve([(0.5, 9), (0.93, 4)]), curve([(0.91, 8), (0.99, 2)])
    assert common_level([low, high]) == 0.91
    assert common_level([low, curve([(0.85, 8), (0.99, 2)])]) == 0.9
    assert common_level([low, curve([(0.94, 8), (0.99, 2)])]) is None
    assert ratio(low, curve([(0.94, 8), (0.99, 2)])) is None


def test_curves_above_all_usual_recalls_are_shown_at_the_highest_of_these():
    curves = [curve([(0.992, 90), (0.998, 20)], "one"), curve([(0.995, 40), (0.997, 30)], "two")]
    sheet = SimpleNamespace(
        of=lambda regime: curves, faulty=lambda *names: False, variants=lambda curve: []
    )
    table = tables.at_recall(sheet, REGIME)
    assert table.head == ["contender", "0.99", "best recall", "widest spread"]
    assert [row[1].text for row in table.rows] == ["90*", "40*"]


def test_noise_is_the_range_of_repetitions():
    ours, other = curve([(0.9, 110, 90), (0.96, 55, 45)]), curve([(0.9, 100, 80), (0.96, 50, 40)])
    found = ratio(ours, other)
    assert found.value == pytest.approx(100 / 90)
    assert found.low == pytest.approx(90 / 100)
    assert found.high == pytest.approx(110 / 80)
    assert found.even
    once = curve([(0.9, 100), (0.96, 50)])
    assert not ratio(curve([(0.9, 110), (0.96, 55)]), once).even
    assert ratio(curve([(0.9, 103), (0.96, 51.5)]), once).even


def test_the_sentence_has_the_figures_of_the_records(run):
    text = verdict(run(ks=(100,)))
    assert text.startswith(
        "synthetic: INT8 keeps 99.4 % of FP32's recall at 2.9x the QPS and 0.31x the memory."
    )
    assert "k=100" in text
    assert "at recall 0.95" in text
    assert "against hnswlib FP32 3.1x the QPS" in text


def test_every_data_set_has_its_own(run):
    text = verdict(run(data=("one", "two")))
    assert "one: INT8 keeps" in text
    assert "two: INT8 keeps" in text


def test_without_exact_search_recall_is_compared_at_a_common_setting(run):
    text = verdict(without(run(), Accuracy))
    assert "INT8 keeps 99.4 % of FP32's recall" in text
    assert "both with ef=800" in text


def test_a_loss_that_matters_is_called_one(run):
    records = [
        replace(one, int8=0.9 * one.fp32) if isinstance(one, Accuracy) else one for one in run()
    ]
    assert "INT8 keeps 90.0 % of FP32's recall" in verdict(records)
    assert "That is not good enough" in verdict(records)


def test_another_k_is_used_if_the_first_is_not_comparable(run):
    records = [
        one for one in run() if not (is_point(one) and one.k == 100 and one.setting["ef"] > 100)
    ]
    text = verdict(records)
    assert "k=10;" in text
    assert "INT8 keeps 99.4 % of FP32's recall at 2.9x the QPS" in text


def test_slower_is_called_slower(run):
    text = verdict(run(faster=0.2))
    assert " at 0.58x the QPS" in text
    assert "It is slower than FP32." in text


def test_slower_regimes_are_listed(run):
    records = [
        replace(one, qps=[0.2 * speed for speed in one.qps])
        if is_point(one) and (one.contender, one.regime) == ("vecq int8", "batch")
        else one
        for one in run(ks=(100,))
    ]
    text = verdict(records)
    assert "INT8 keeps 99.4 % of FP32's recall at 2.9x the QPS" in text
    assert "slower than FP32 at k=100, all queries in one call: 0.58x the QPS" in text
    assert "slower" not in verdict(run())


def test_a_difference_within_noise_is_none(run):
    text = verdict(run(faster=1 / 2.9))
    assert "at about the same QPS (1.0" in text
    assert "slower" not in text


def test_no_common_recall_means_no_statement_of_speed(run):
    records = of_codec(
        run(), "int8", lambda one: replace(one, recall=0.6 * one.recall) if is_point(one) else one
    )
    text = verdict(records)
    assert "of FP32's recall at 0.31x the memory. Its speed can't be compared." in text
    assert "they share no measured recall" in text


@pytest.mark.parametrize("codec", ["int8", "fp32"])
def test_a_missing_or_failed_contender_means_no_verdict(run, codec):
    name = f"vecq {codec}"
    gone = [one for one in run() if getattr(one, "contender", "") != name]
    assert f"No verdict on INT8 against FP32: vecq {codec.upper()} was not measured." in verdict(
        gone
    )
    failed = of_codec(
        run(), codec, lambda one: replace(one, error="no room") if isinstance(one, Build) else one
    )
    assert f"No verdict on INT8 against FP32: {name} failed: no room." in verdict(failed)


def test_a_single_repetition_is_said_to_be_one(run):
    assert "measured once" in verdict(run(noise=(1.0,)))


def test_records_without_a_run_are_refused(run, refuse):
    refuse("records", "expected all records", verdict, without(run(), Run))
    assert issubclass(vecq.ArgumentError, ValueError)


def is_point(one):
    return isinstance(one, Point)


def of_m(records, values):
    """Replace hnswlib by variants with several M: factors of speed and of memory."""
    name = "hnswlib FP32"
    for one in records:
        if getattr(one, "contender", "") != name:
            yield one
            continue
        for m, (factor, size) in values.items():
            if isinstance(one, Build):
                weight = size * one.bytes_per_vector
                yield replace(one, contender=f"{name} M={m}", system=name, bytes_per_vector=weight)
            else:
                qps = [factor * speed for speed in one.qps]
                yield replace(one, contender=f"{name} M={m}", qps=qps)


def test_a_peer_is_compared_by_its_fastest_variant(run):
    alone = verdict(run(ks=(100,)))
    assert "against hnswlib FP32 3.1x the QPS at recall 0.95 and 0.31x the memory" in alone
    records = list(of_m(run(ks=(100,)), {16: (1, 1), 32: (2, 1.5), 48: (0.5, 2)}))
    text = verdict(records)
    assert "against hnswlib FP32 M=32 1.55x the QPS at recall 0.95 and 0.20x the memory" in text
    assert text.count("hnswlib") == 1
    table = tables.at_recall(Sheet(records), Regime("synthetic", 100, "batch", 1, 1))
    assert [row[0].text for row in table.rows].count("hnswlib FP32") == 1


def test_speeds_are_medians_and_not_the_best(run):
    line = curve([(0.9, 100, 10, 20), (0.96, 50, 5, 10)])
    assert line.at(0.9) == 20
    assert line.points[0].spread == pytest.approx(90 / 20)

"""Comparisons of curves that end below a recall, or begin above it."""

import pytest
from studies.curves import compare, curves_of

from vecq.bench.records import Build, Point


def curve(name, points, ended="recall"):
    found = [
        Point("toy", name, 10, "batch", {"ef": ef}, recall=recall, qps=[qps / 2, qps, 2 * qps])
        for ef, (recall, qps) in enumerate(points)
    ]
    found[-1].ended = ended
    return curves_of(found)[name, "batched", 10]


OURS = [(0.90, 400), (0.96, 200), (0.99, 100)]


def test_speeds_are_compared_at_the_recall():
    ratio, note = compare(curve("ours", OURS), curve("peer", [(0.90, 200), (0.96, 100)]), 0.95)
    assert (ratio, note) == (pytest.approx(2), "")


def test_curves_that_begin_above_the_recall_are_compared_where_both_have_begun():
    ratio, note = compare(curve("ours", OURS), curve("peer", [(0.96, 50), (0.99, 25)]), 0.92)
    assert ratio == pytest.approx(4)
    assert note == "at 0.960, where both curves have begun"


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ("saturation", "saturates at 0.940"),
        ("ladder", "has no further settings beyond 0.940"),
        ("time", "takes too long beyond 0.940"),
        (None, "was stopped at 0.940"),
    ],
)
def test_a_peer_that_ends_below_the_recall_gives_a_lower_bound_and_says_why(ended, said):
    peer = curve("peer", [(0.90, 80), (0.94, 50)], ended)
    ratio, note = compare(curve("ours", OURS), peer, 0.96)
    assert ratio == pytest.approx(200 / 50)
    assert note == f"at least: peer {said}"
    mark = {"saturation": "max", "ladder": "end", "time": "slow", None: "best"}[ended]
    assert peer.speed(0.96) == f"{mark} 0.940"


def test_a_peer_that_ends_below_our_start_is_not_called_the_beginning():
    peer = curve("peer", [(0.80, 80), (0.88, 50)], "ladder")
    ratio, note = compare(curve("ours", OURS), peer, 0.85)
    assert ratio == pytest.approx(400 / 50)
    assert "begins at 0.900" in note
    assert "peer has no further settings beyond 0.880" in note


def test_ours_that_ends_below_has_no_ratio():
    ratio, note = compare(curve("ours", OURS, "saturation"), curve("peer", [(0.9, 9)]), 0.995)
    assert (ratio, note) == (None, "ours saturates at 0.990")
    ratio, note = compare(curve("ours", OURS, "ladder"), curve("peer", [(0.995, 9)]), 0.95)
    assert ratio is None
    assert note == "ours has no further settings beyond 0.990, below the start of peer at 0.995"


def test_variants_of_a_system_share_a_curve():
    builds = [
        Build("toy", f"peer M={m}", {}, "peer", None, *(1.0, 1, None, None, 9.0), system="peer")
        for m in (16, 32)
    ]
    points = [
        Point("toy", f"peer M={m}", 10, "batch", {"ef": 10}, recall=recall, qps=[qps])
        for m, recall, qps in ((16, 0.9, 90.0), (32, 0.95, 80.0))
    ]
    found = curves_of([*builds, *points])["peer", "batched", 10]
    assert found.at(0.95).qps == 80
    assert (found.variant(0.9), found.variant(0.93)) == ("peer M=16", "peer M=32")

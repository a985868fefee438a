import io
import json

import pytest

from vecq.bench.records import (
    KINDS,
    Accuracy,
    Build,
    Data,
    IsaSpeed,
    Point,
    Run,
    line_of,
    parse,
    read,
    write,
)

ALL = [
    Run(
        "2026-01-01T00:00:00Z", "vecq bench", {"cores": 2}, {"numpy": "2"}, {"k": [10]}, ["a note"]
    ),
    Data("toy", 1000, 64, 10, "ip", True, False, "exact scan"),
    Build("toy", "vecq int8", {"m": 16}, "vecq", "int8", 1.5, 2, 9, None, 292.0),
    Point("toy", "vecq int8", 10, "single", {"ef": 20}, recall=0.9, qps=[90.0, 100.0, 80.0]),
    Point("toy", "x", 10, "batch", {}, error="RuntimeError: no", latency_curve=[[0.5, 0.1]]),
    Accuracy("toy", 10, "recall", 1.0, 0.99, 0.999, 0.998),
    IsaSpeed("toy", "avx2", 10, 20, "int8", 0.9, [5.0, 7.0], True),
]


def test_records_round_trip(tmp_path):
    path = tmp_path / "run.jsonl"
    write(ALL, path)
    assert read(path) == ALL
    assert {type(record) for record in ALL} == set(KINDS.values())
    stream = io.StringIO()
    write(ALL, stream)
    assert stream.getvalue() == path.read_text()


def test_unknown_fields_and_kinds_are_ignored():
    line = json.dumps(json.loads(line_of(ALL[1])) | {"color": "red"})
    assert list(parse([line, '{"kind": "smell"}', ""], "here")) == [ALL[1]]


def test_records_of_version_1_are_read():
    line = line_of(ALL[2]).replace('"contender"', '"contestant"')
    assert list(parse([line], "here")) == [ALL[2]]


def test_the_median_counts_and_the_spread_is_the_range():
    assert ALL[3].speed == 90.0
    assert ALL[3].spread == pytest.approx(20 / 90)
    assert (ALL[4].speed, ALL[4].spread) == (0.0, 0.0)
    assert ALL[6].speed == 6.0


def change(record, **values):
    return json.dumps({**json.loads(line_of(record)), **values})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "run.jsonl, line 2 is not JSON"),
        ("[1]", 'line 2 has no field "kind"'),
        ('{"kind": 3}', 'line 2 has no field "kind"'),
        ('{"kind": "data", "data": "toy"}', "line 2 .data. has no field 'rows'"),
        (change(ALL[0], version=3), "line 2 is of version 3, .* install a newer vecq"),
        (change(ALL[1], rows="many"), "line 2 .data. has rows = 'many', expected int"),
        (change(ALL[1], seen=1), "has seen = 1, expected bool"),
        (change(ALL[3], recall=True), "has recall = True, expected float or null"),
        (change(ALL[3], regime="fast"), "has regime = 'fast', expected 'single', 'batch'"),
        (change(ALL[3], qps=[1, "2"]), "has qps = "),
        (change(ALL[3], qps=[1e9]).replace("1000000000.0", "1e999"), "has qps = .inf"),
        (change(ALL[3], qps=[10**400]), "has qps = "),
        (change(ALL[3], qps=[-1.0]), "has qps = "),
        (change(ALL[3], recall=1.5), "has recall = 1.5, expected 0 to 1"),
        (change(ALL[5], int8=1.01), "has int8 = 1.01, expected 0 to 1"),
        (change(ALL[4], latency_curve=[[0.5]]), "has latency_curve = .*expected ascending"),
        (change(ALL[4], latency_curve=[[0.5, 1], [0.4, 2]]), "expected ascending pairs"),
        ("[" * 100_000, "line 2 is not JSON: it is nested too deeply"),
        (change(ALL[3], latency={"p50": None}), "has latency = "),
        (change(ALL[3]).replace("0.9", "NaN"), "line 2 is not JSON: NaN is not a JSON number"),
    ],
)
def test_errors_name_line_and_field(tmp_path, refuse, line, message):
    path = tmp_path / "run.jsonl"
    path.write_text(line_of(ALL[1]) + "\n" + line + "\n")
    refuse("path", message, read, path)


def test_binary_files_are_refused(tmp_path, refuse):
    refuse("path", "can't be read", read, tmp_path / "missing.jsonl")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    refuse("path", "can't be read", read, tmp_path / "bytes")


def test_non_json_values_are_never_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        line_of(Accuracy("toy", 10, "recall", float("nan"), 1.0, 1.0))

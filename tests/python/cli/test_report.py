import pytest

from vecq.bench import records
from vecq.bench.records import Build, Data, Point, Run


@pytest.fixture(scope="module")
def runs(shell):
    """Two runs that a formula made, the new one slower."""

    def write(name: str, speed: float) -> None:
        made = [
            Run("2026-01-01T00:00:00Z", "vecq bench toy", {"cpu": "one"}, {"vecq": "0"}, {"k": 10}),
            Data("toy", 100, 8, 10, "ip", False, False),
        ]
        for codec, size in (("fp32", 100.0), ("int8", 40.0)):
            name_of = f"vecq {codec}"
            made.append(Build("toy", name_of, {}, "vecq", codec, 1.0, 1, None, None, size))
            by = speed if codec == "int8" else 100.0
            made += [
                Point(
                    "toy",
                    name_of,
                    10,
                    "single",
                    {"ef": ef},
                    recall=r,
                    qps=[by / ef, 0.99 * by / ef],
                )
                for ef, r in ((10, 0.9), (20, 0.97), (40, 0.99))
            ]
        records.write(made, shell.folder / name)

    write("old.jsonl", 400.0)
    write("new.jsonl", 300.0)


@pytest.mark.usefixtures("runs")
def test_the_page_and_the_verdict(shell):
    text = shell("report", "new.jsonl").stdout
    assert text.startswith(
        "toy: INT8 keeps 100.0 % of FP32's recall at 3.0x the QPS and 0.40x the memory."
    )
    assert text.rstrip().endswith("report: new.html")
    assert "<!doctype html>" in (shell.folder / "new.html").read_text()[:100]


@pytest.mark.usefixtures("runs")
def test_regressions_end_with_1(shell):
    text = shell("report", "new.jsonl", "--compare", "old.jsonl", code=1).stdout
    assert "1 regression in " in text
    assert "1 regression among" in (shell.folder / "new.html").read_text()
    assert "no regressions" in shell("report", "old.jsonl", "--compare", "new.jsonl").stdout


@pytest.mark.usefixtures("runs")
def test_json_and_plots(shell):
    found = shell.json("report", "new.jsonl", "--plots", "plots", "--out", "page.html")
    assert found["verdict"].startswith("toy: INT8 keeps")
    assert found["changes"] is None
    assert found["report"] == "page.html"
    assert all((shell.folder / path).is_file() for path in found["plots"])
    assert {path.rsplit(".")[-1] for path in found["plots"]} == {"svg"}


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("records: nix.jsonl does not exist", ["nix.jsonl"]),
        ("items.npy can't be read", ["items.npy"]),
        ("records: . is a folder", ["."]),
        ("records: / is a folder", ["/"]),
        ("out: new.jsonl holds the records", ["new.jsonl", "--out", "new.jsonl"]),
        ("out: nix does not exist", ["new.jsonl", "--out", "nix/page.html"]),
        ("out: . is a folder", ["new.jsonl", "--out", "."]),
        ("compare: nix.jsonl does not exist", ["new.jsonl", "--compare", "nix.jsonl"]),
        ("headless.jsonl, line 1 (point) has no field", ["headless.jsonl"]),
        ('records have no "run"', ["empty.jsonl"]),
    ],
)
def test_what_is_wrong_is_named(shell, message, words):
    (shell.folder / "headless.jsonl").write_text('{"kind": "point", "data": "toy"}\n')
    (shell.folder / "empty.jsonl").write_text("")
    shell.refuses(message, "report", *words)

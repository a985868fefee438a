"""make results resumes from its records, and renders what they hold."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from studies.results import printed

ROOT = Path(__file__).parents[4]
TINY = "--k 5 --peers hnswlib --peer-m 8 --codecs int8 --regimes batch --quick --seconds 2"


def results(folder, *words):
    command = [sys.executable, "-I", "bench/studies", "results", *words]
    command += ["--records", str(folder / "records.jsonl"), "--page", str(folder / "page.md")]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_a_run_resumes_and_renders(tmp_path):
    vectors = np.random.default_rng(0).standard_normal((600, 16)).astype(np.float32)
    data = tmp_path / "items.npy"
    np.save(data, vectors)
    words = (str(data), "--only", "bench", "--bench", f"{TINY} --isas ''")
    first = results(tmp_path, *words)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("running: bench")
    records = tmp_path / "records.jsonl"
    (line,) = records.read_text().splitlines()
    page = (tmp_path / "page.md").read_text()
    assert "| vecq int8 |" in page
    # A crash cuts off the last line: the next run measures that again and keeps the others.
    records.write_text(line + "\n" + line[: len(line) // 2])
    second = results(tmp_path, *words)
    assert second.stdout.startswith("recorded: bench")
    assert (tmp_path / "page.md").read_text() == page
    # Other data is another measurement.
    np.save(data, vectors[:500])
    third = results(tmp_path, *words)
    assert third.stdout.startswith("running: bench")
    lines = records.read_text().splitlines()
    assert [json.loads(one)["name"] for one in (lines[0], lines[-1])] == ["bench", "bench"]


def test_studies_that_print_json_become_tables():
    lines = ["a title", '{"k": 5, "recall": {"plain": 0.98765, "biased": 1.0}}', "12", "[1, 2]"]
    assert "\n".join(printed(lines)).split("\n") == [
        *("```", "a title", "```", ""),
        *("| k | recall: plain | recall: biased |", "|---|---|---|", "| 5 | 0.9877 | 1 |", ""),
        *("```", "12", "[1, 2]", "```", ""),
    ]


def test_columns_that_all_rows_share_stand_above_the_table():
    lines = ['{"data": "a", "rows": 3, "k": 5}', '{"data": "a", "rows": 4, "k": 6}']
    assert "\n".join(printed(lines)).split("\n") == [
        *("data a:", "", "| rows | k |", "|---|---|", "| 3 | 5 |", "| 4 | 6 |", "")
    ]


def test_failures_are_told_and_not_recorded(tmp_path):
    done = results(tmp_path, str(tmp_path / "absent.npy"), "--only", "bench")
    assert done.returncode == 1
    assert "failed: bench" in done.stderr
    assert not (tmp_path / "records.jsonl").exists()
    unknown = results(tmp_path, "--only", "nothing")
    assert unknown.returncode == 2
    assert "--only has 'nothing', expected bench, features" in unknown.stderr

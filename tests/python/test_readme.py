"""The README: its blocks run and print its table; its figures and plot are those of a record."""

import re
from pathlib import Path

from vecq.bench import records
from vecq.bench.report.charts import charts
from vecq.bench.report.files import standalone
from vecq.bench.report.sheet import Sheet

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


def test_the_examples_run_and_print_the_table_of_the_readme(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = README.read_text()
    names = {}
    for code in re.findall(r"```python\n(.*?)```", text, flags=re.S):
        exec(code, names)
    table = capsys.readouterr().out
    assert "recall@100" in table
    assert table in text


def test_links_to_files_of_the_repository_are_not_broken():
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text())
    assert "docs/search.md" in links
    assert "bench/recorded/demo.jsonl" in links
    assert [link for link in links if not (README.parent / link).exists()] == []


def recorded():
    return records.read(ROOT / "bench" / "recorded" / "demo.jsonl")


def test_the_recall_of_int8_is_that_of_the_record():
    """The tables are compared by bench/studies/test_pages.py."""
    sheet = Sheet(recorded())
    (int8,) = (one for one in sheet.of(sheet.regimes[0]) if one.contender == "vecq int8")
    assert f"INT8 alone ends at recall {int8.best:.4f}" in README.read_text()


def test_the_plot_is_that_of_the_record():
    found = [one for one in charts(Sheet(recorded())) if one.kind == "pareto"]
    (chart,) = (one for one in found if one.regime.name == "single")
    assert standalone(chart.drawing) == (ROOT / "docs" / "plot.svg").read_text()


def test_the_conditions_are_those_of_the_record():
    (run,) = (one for one in recorded() if isinstance(one, records.Run))
    text = README.read_text()
    assert f"ef_construction={run.parameters['ef_construction']}, peers with M=16" in text
    assert run.parameters["peer_m"] == [16]
    assert run.machine["cpu"] in text
    for page in (text, (ROOT / "docs" / "index.md").read_text()):
        assert run.machine["isa"].upper() in page.replace("AVX-512-", "AVX512_")

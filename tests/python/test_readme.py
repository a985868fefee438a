"""The README: its blocks run, and the table that it shows is the one that they print."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


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
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_figures_are_those_of_the_results():
    """Every figure of the comparison is in bench/RESULTS.md, or the ratio of two that are."""
    results = (README.parent / "bench" / "RESULTS.md").read_text()
    rows = re.findall(r"^(vecq int8|vecq fp32|hnswlib FP32) .*", results, flags=re.M)
    assert {"vecq int8", "vecq fp32", "hnswlib FP32"} <= set(rows)
    queries = {}
    pattern = r"^(vecq int8|vecq fp32|hnswlib FP32)  +[\d.]+ +(\d+) +([\d,]+)\S* +([\d,]+)"
    for name, size, online, batched in re.findall(pattern, results, flags=re.M):
        numbers = [int(size), *(int(one.replace(",", "")) for one in (online, batched))]
        queries.setdefault(name, []).append(numbers)
    rows = re.findall(r"^\| (?:Gowalla|Fashion|GloVe|generated).*", README.read_text(), flags=re.M)
    assert len(rows) == 4
    for place, row in enumerate(rows):
        graph, codes, size = (
            [float(one) for one in cell.split(" / ")] for cell in row.strip("| ").split(" | ")[1:]
        )
        int8, fp32, peer = (
            queries[name][place] for name in ("vecq int8", "vecq fp32", "hnswlib FP32")
        )
        assert size == [int8[0], peer[0]]
        for own, other, ratios in ((fp32, peer, graph), (int8, fp32, codes)):
            for place_of in (0, 1):
                exact = own[place_of + 1] / other[place_of + 1]
                assert abs(ratios[place_of] - exact) <= 0.051

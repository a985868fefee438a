"""Tables in README, RESULTS and docs are those of the committed records, and prose repeats them."""

import re

import pytest
from studies import pages

README = pages.ROOT / "README.md"
RESULTS = pages.ROOT / "bench" / "RESULTS.md"
HISTORY = pages.ROOT / "bench" / "HISTORY.md"


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_page_agrees_with_the_records(name):
    text = (pages.ROOT / name).read_text()
    assert pages.rendered(text) == text, "run: make pages"


def test_readme_and_results_have_tables_of_records():
    assert len(pages.BLOCK.findall(README.read_text())) >= 1
    views = {words.split()[0] for words, _ in pages.BLOCK.findall(RESULTS.read_text())}
    assert views == set(pages.VIEWS)


def test_every_record_is_on_a_page():
    text = "\n".join((pages.ROOT / name).read_text() for name in pages.PAGES)
    shown = {one for words, _ in pages.BLOCK.findall(text) for one in words.split()[1:]}
    assert {path.stem for path in pages.HOME.glob("*.jsonl")} <= shown


def test_a_changed_figure_is_noticed_and_replaced():
    text = README.read_text()
    first = pages.BLOCK.search(text)
    figure = re.search(r"\d+\.\d+", first["text"])
    at = first.start("text") + figure.start()
    changed = f"{text[:at]}9{text[at:]}"
    assert changed != text
    assert pages.rendered(changed) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{pages.BEGIN}nothing demo -->\n{pages.END}", "view is 'nothing', expected one of"),
        (f"{pages.BEGIN}comparison demo -->\n", "not closed"),
        (f"{pages.BEGIN}speeds demo processes -->\n{pages.END}", "has no rows"),
        (f"{pages.BEGIN}study studies nothing -->\n{pages.END}", "has no study 'nothing'"),
    ],
)
def test_wrong_markers_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        pages.rendered(text)


NUMBER = r"(?<![\w.,])(\d[\d,]*(?:\.\d+)?)"
UNIT = r"\s?(?:x @|x\b(?! \d)|times\b|%|[mµu]s\b|microseconds|GB/s|QPS)"
# Multiples, shares, times, rates and recalls: 1.3x, by 1.3, 1 to 17 %, 3 ms, recall 0.9956.
FIGURE = re.compile(
    rf"{NUMBER} to (?=\d[\d.]*{UNIT})|{NUMBER}(?={UNIT})|\bby (\d\.\d+)|recall(?:@\d+)? (0\.\d+)"
)
# Figures of settings and limits rather than of measurements, by page.
SETTINGS = {
    "docs/codecs.md": {"1"},  # "often is below 1 %": the tables of RESULTS.md have it for every set
    "docs/faq.md": {"0.99"},  # where to raise m
    "docs/ray.md": {"0.9", "60"},  # constants of the simulation that the page draws
    "docs/tuning.md": {"1", "95"},  # examples of targets
}


def prose(text: str) -> str:
    """A page without code blocks and generated tables."""
    return re.sub(r"```.*?```", "", pages.BLOCK.sub("", text), flags=re.S)


@pytest.mark.parametrize("name", [one for one in pages.PAGES if one != "bench/RESULTS.md"])
def test_figures_in_prose_are_in_the_results(name):
    """RESULTS.md has the generated tables, and HISTORY.md older figures with their machines."""
    text = prose((pages.ROOT / name).read_text())
    results = RESULTS.read_text() + HISTORY.read_text()
    figures = {"".join(groups) for groups in FIGURE.findall(text)} - SETTINGS.get(name, set())
    missing = [one for one in figures if not contains(results, one)]
    assert missing == [], (
        "each needs a measurement in RESULTS.md or HISTORY.md, or an entry in SETTINGS"
    )


def contains(text: str, figure: str) -> bool:
    """Whether a figure is in a text, and not only as a part of another one."""
    return re.search(rf"(?<![\d.,]){re.escape(figure)}(?!\d|\.\d|,\d)", text) is not None


def test_figures_are_told_from_settings():
    text = "18.5x @0.99, by 1.3 and 120 to 680 us, recall@100 0.9956, at ef=64 on 200,000 x 128"
    found = {"".join(groups) for groups in FIGURE.findall(text)}
    assert found == {"18.5", "1.3", "120", "680", "0.9956"}
    assert contains("at 0.9956.", "0.9956")
    assert not contains("0.99561, 10.9956", "0.9956")

"""The page: its sections, faulty contenders in red, and its rendering in a browser."""

import html
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from vecq.bench.records import Accuracy, Build, IsaSpeed, Point
from vecq.bench.report import plots, verdict, write
from vecq.bench.report.drawing import Axis, Lines, Mark, Series
from vecq.bench.report.scales import Linear
from vecq.bench.report.svg import render

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
# Shows the page at a width and tells how wide it is, what it loaded, how well its texts stand out
# (the ratio of contrast that WCAG defines), and what went wrong.
PROBE = """<!doctype html>
<meta name="color-scheme" content="light dark">
<iframe width={width} height=900 style="border:0" srcdoc="{page}"></iframe>
<script>
  addEventListener("load", () => {{
    const inner = document.querySelector("iframe").contentWindow, page = inner.document;
    const root = page.documentElement;
    const out = [...page.querySelectorAll("body *")].filter(
      (one) => !one.closest(".table, pre, svg") && one.getBoundingClientRect().right > {width} + 0.5
    );
    const clipped = [...page.querySelectorAll("svg text")].filter((one) => {{
      const text = one.getBBox(), box = one.ownerSVGElement.viewBox.baseVal;
      return text.x < -0.5 || text.x + text.width > box.width + 0.5;
    }});
    const numbers = (color) => color.match(/[0-9.]+/g).map(Number);
    const light = (color) => {{
      const [r, g, b] = numbers(color).map((one) => one / 255).map(
        (one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
      );
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    }};
    const ground = (one) => {{
      const color = inner.getComputedStyle(one).backgroundColor;
      return numbers(color)[3] === 0 ? ground(one.parentElement) : color;
    }};
    const ink = (one) => {{
      const style = inner.getComputedStyle(one);
      return one.closest("svg") ? style.fill : style.color;
    }};
    const contrast = (one) => {{
      const [dark, bright] = [light(ground(one)), light(ink(one))].sort((a, b) => a - b);
      return (bright + 0.05) / (dark + 0.05);
    }};
    const texts = page.querySelectorAll("h1,h2,h3,p,a,li,td,th,dt,dd,pre,span,b,svg text");
    document.title = JSON.stringify({{
      width: root.scrollWidth,
      view: root.clientWidth,
      loaded: inner.performance.getEntriesByType("resource").map((one) => one.name),
      outside: out.map((one) => one.outerHTML.slice(0, 80)),
      clipped: clipped.map((one) => one.textContent),
      text: page.querySelector("h1").innerText,
      scheme: inner.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
      dark: light(ground(page.body)) < light(ink(page.body)),
      pale: [...texts].filter((one) => contrast(one) < 4.5).map((one) => one.outerHTML),
    }});
  }});
</script>"""


@pytest.fixture
def broken(run):
    """A run with random, repeated, missing and failed answers."""
    records = run()
    points = {
        "random": {"recall": 0.0021},
        "lost": {"recall": 0.0},
        "twice": {"recall": 0.9, "duplicates": 17, "error": "ids came twice, 17 times"},
        "scarce": {"recall": 0.04, "short": 2500},
        "made up": {"recall": 0.9, "invalid": 3},
        "raising": {"recall": None, "error": "RuntimeError: <no> luck"},
        "beginning": {"recall": 0.3},
    }
    for name, faults in points.items():
        records.append(Build("synthetic", name, {}, "peer", None, 1.0, 2, None, None, 99.0))
        records.append(
            Point("synthetic", name, 100, "single", {"ef": 1}, **{"qps": [1e6, 1e6]} | faults)
        )
    failed = Build("synthetic", "crashing", {}, "peer", None, None, 2, None, None, None, "killed")
    return [*records, failed]


def page(records, folder, **options):
    return write(records, folder / "report.html", **options).read_text()


def test_the_page_begins_with_the_verdict_and_has_every_section(run, tmp_path):
    text = page(run(), tmp_path)
    sentence = verdict(run()).splitlines()[0].removeprefix("synthetic: ")
    assert f"<h1>{html.escape(sentence, quote=False)}" in text.replace("&#39;", "'")
    titles = re.findall(r"<h2>(.*?)</h2>", text)
    assert titles == [
        "synthetic",
        "Recall and speed",
        "Accuracy",
        "Instruction sets",
        "Latency",
        "Build and memory",
        "What users would see",
        "The physical limit",
        "Data and settings",
        "Machine and versions",
        "Notes",
        "How to reproduce",
    ]
    for said in ("held-out items among the best 10", "held-out items among the best 100"):
        assert text.count(f'<p class="caption">synthetic: {said}</p>') == 1
    for said in ("usearch skipped", "vecq bench synthetic --k 10,100", "Imagined CPU 9000"):
        assert said in text


@pytest.mark.parametrize(
    ("faster", "kept", "badge"),
    [
        (1.0, 0.995, "good: INT8 is good enough, and faster"),
        (1.0, 0.98, "fair: INT8 costs some recall, and faster"),
        (1 / 2.9, 0.995, "fair: INT8 is good enough, and no faster"),
        (0.2, 0.995, "bad: INT8 is slower"),
        (1.0, 0.9, "bad: INT8 alone is not good enough"),
    ],
)
def test_badges_summarize_the_verdict(run, tmp_path, faster, kept, badge):
    records = [
        replace(one, int8=kept * one.fp32) if isinstance(one, Accuracy) else one
        for one in run(faster=faster)
    ]
    shown = re.search(
        r'class="finding (\w+)" id="verdict">\s*<span class="badge">(.*?)<', page(records, tmp_path)
    )
    assert f"{shown[1]}: {shown[2]}" == badge
    assert f"<b>{100 * kept:.1f} %</b><span>of FP32&#39;s NDCG" in page(records, tmp_path)


def test_the_page_is_self_contained(run, tmp_path):
    text = page(run(), tmp_path)
    assert not re.findall(r"<(?:script|link|img|iframe)\b(?![^>]*href=\"data:)", text)
    assert "@import" not in text
    assert set(re.findall(r"https?://[^\"'\s]*", text)) == {"http://www.w3.org/2000/svg"}


def test_broken_contenders_are_shown_as_such_and_left_out_of_plots(broken, tmp_path):
    text = page(broken, tmp_path)
    alarm = re.search(r'<section class="alarm".*?</section>', text, re.S)[0]
    for said in (
        "recall@100 is far below the others&#39;: 0.0021 at best",
        "recall@100 is far below the others&#39;: 0.0000 at best",
        "<li>17 ids repeat within a query</li></ul>",
        "2,500 results are missing",
        "3 ids belong to no item",
        "RuntimeError: &lt;no&gt; luck (1 of 1 points)",
        "the build failed: killed",
    ):
        assert said in alarm
    pareto = re.findall(r"<svg.*?</svg>", text, re.S)
    assert "beginning" not in alarm
    drawn = [one for one in pareto if 'aria-label="recall@100' in one]
    assert drawn
    assert not any(
        name in one for one in drawn for name in ("random", "lost", "twice", "scarce", "raising")
    )


def test_other_ids_on_an_instruction_set_are_shown_in_red(run, tmp_path):
    records = [
        replace(one, same_as_first=one.isa != "avx512") if isinstance(one, IsaSpeed) else one
        for one in run()
    ]
    assert page(records, tmp_path).count('<td class="bad text">NO</td>') == 1


def test_a_run_of_nothing_still_makes_a_page(run, tmp_path):
    text = page(run()[:1], tmp_path)
    assert "Nothing was measured." in text
    assert re.findall(r"<h2>(.*?)</h2>", text) == [
        "Machine and versions",
        "Notes",
        "How to reproduce",
    ]


def test_changes_are_on_the_page(run, tmp_path):
    text = page(run(), tmp_path, old=run(faster=2.0))
    assert "Old and new" in text
    assert text.count('<td class="text bad">regression</td>') == 4


def test_no_two_series_of_a_plot_look_alike():
    series = [Series(str(number), number, [Mark(0.5, 0.5)]) for number in range(30)]
    axis = Axis("", Linear([0, 1]))
    drawn = ET.fromstring(render(Lines("", "", axis, axis, series)))
    groups = [one for one in drawn.iter() if one.get("class", "").startswith("series")][:30]
    shapes = [re.sub(r"^M[\d.]+ [\d.]+", "", one[0].get("d")) for one in groups]
    assert len({(one.get("class"), shape) for one, shape in zip(groups, shapes, strict=True)}) == 30


def test_plots_are_svg_files(run, tmp_path):
    paths = plots(run(ks=(100,), data=("a/b <c>",)), tmp_path / "plots")
    kinds = {path.name.split("-")[0] for path in paths}
    assert kinds == {"pareto", "latency", "build", "memory", "loss"}
    for path in paths:
        assert ET.parse(path).getroot().tag.endswith("svg")
    assert {path.suffix for path in paths} == {".svg"}


@pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed: the page was not looked at"
)
@pytest.mark.parametrize(("scheme", "number"), [("dark", 0), ("light", 1)])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_renders_the_page_without_errors_requests_or_overflow(
    broken, run, tmp_path, width, scheme, number
):
    records = [*broken, *run(data=("a-very-long-name-of-a-data-set-768-angular",))[1:]]
    source = page(records, tmp_path, old=run(faster=2.0))
    probe = tmp_path / "probe.html"
    probe.write_text(PROBE.format(width=width, page=html.escape(source)))
    shown = subprocess.run(
        [
            *(CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr"),
            f"--blink-settings=preferredColorScheme={number}",
            *("--window-size=1400,1000", "--virtual-time-budget=5000", probe.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in shown.stderr
    found = json.loads(html.unescape(re.search("<title>(.*?)</title>", shown.stdout)[1]))
    assert found["outside"] == []
    assert found["clipped"] == []
    assert found["width"] <= found["view"] <= width
    assert found["loaded"] == []
    assert "INT8 keeps 99.4 %" in found["text"]
    assert found["scheme"] == scheme
    assert found["dark"] == (scheme == "dark")
    assert found["pale"] == []

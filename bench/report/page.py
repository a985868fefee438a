"""The report: one self-contained HTML file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vecq.bench.records import Record
from vecq.bench.report import words
from vecq.bench.report.changes import compare
from vecq.bench.report.charts import charts
from vecq.bench.report.judgment import Finding, findings
from vecq.bench.report.sections import Section, sections
from vecq.bench.report.sheet import Sheet
from vecq.bench.report.style import package, text
from vecq.bench.report.svg import render
from vecq.bench.report.tables import rivals

FOOTER = (
    "All figures come from one run; the page needs no network. Recall is measured against exact "
    "FP32 search, and counts ties. Speeds are medians of the repetitions, compared at equal recall "
    "between measured points."
)


def write(
    records: Sequence[Record], path: str | Path, *, old: Sequence[Record] | None = None
) -> Path:
    """Write the report of a run as one HTML file.

    Args:
        records: The records of the run.
        path: The file to write.
        old: The records of an earlier run to compare with. Default: None.

    Returns:
        The path of the file.

    Raises:
        UnsupportedError: jinja2 is not installed.

    >>> write(vecq.bench.records.read("run.jsonl"), "report.html")
    PosixPath('report.html')
    """
    sheet = Sheet(records)
    found = findings(sheet)
    page = filled(
        title=f"vecq: INT8 against FP32 on {words.listing(sheet.data_names) or 'nothing'}",
        subtitle=_subtitle(sheet),
        headline=_headline(found),
        sections=sections(sheet, charts(sheet), None if old is None else compare(old, records)),
        findings=found,
        faults=[
            {"data": data, "contender": name, "reasons": reasons}
            for (data, name), reasons in sheet.faults.items()
        ],
    )
    target = Path(path)
    target.write_text(page, encoding="utf-8")
    return target


def filled(
    *,
    title: str,
    subtitle: str,
    headline: str,
    sections: Sequence[Section],
    findings: Sequence[Finding] = (),
    faults: Sequence[dict[str, Any]] = (),
    footer: str = FOOTER,
) -> str:
    """Return the text of a page: findings first, then faults, then the sections."""
    jinja2 = package("jinja2", "the page of a run")
    template = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    ).from_string(text("page.html.j2"))
    page: str = template.render(
        title=title,
        subtitle=subtitle,
        headline=headline,
        style=text("page.css") + text("series.css"),
        svg=render,
        findings=findings,
        cards=_cards,
        rivals=rivals,
        faults=faults,
        sections=sections,
        footer=footer,
    )
    return page


def _subtitle(sheet: Sheet) -> str:
    run = sheet.run
    machine = [run.machine.get("cpu"), run.machine.get("isa")]
    cores = run.machine.get("cores")
    parts = [
        f"vecq {run.versions.get('vecq', '')}".strip(),
        *map(str, filter(None, machine)),
        f"{cores} cores" if cores else "",
        run.started.replace("T", " ").removesuffix("Z"),
        f"measured in {words.seconds(run.seconds)}" if run.seconds else "",
    ]
    return " · ".join(filter(None, parts))


def _headline(found: Sequence[Finding]) -> str:
    if not found:
        return "Nothing was measured."
    which = f"{found[0].data}: " if len(found) > 1 else ""
    return which + found[0].sentence


def _cards(finding: Finding) -> list[tuple[str, str]]:
    """Return the large figures of a verdict."""
    cards = []
    if finding.kept is not None:
        cards.append((words.percent(finding.kept), "of FP32's recall"))
    if finding.speed is not None:
        level = words.level(finding.speed.level)
        cards.append((words.multiple(finding.speed.value), f"the QPS, at recall {level}"))
    if finding.memory is not None:
        cards.append((words.multiple(finding.memory), "the memory"))
    if finding.ndcg is not None:
        fp32, int8 = finding.ndcg
        cards.append((words.percent(int8 / fp32), "of FP32's NDCG on held-out items"))
    return cards

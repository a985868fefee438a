"""The page of vecq.tune: what was tried, and where accuracy and speed could not both be better."""

from collections.abc import Sequence
from pathlib import Path

from vecq import Tuned
from vecq.bench.report import words
from vecq.bench.report.charts import Chart
from vecq.bench.report.drawing import Axis, Lines, Mark, Series
from vecq.bench.report.page import filled
from vecq.bench.report.scales import Log, Nines
from vecq.bench.report.sections import Block, Section
from vecq.bench.report.style import package
from vecq.bench.report.tables import Cell, Table, text
from vecq.tuning import Trial

FOOTER = (
    "Everything on this page comes from one run; the page needs no network. Accuracy is measured "
    "against exact FP32 search, or by what users chose later. Speeds were measured in turns."
)
STATES = {"met": "text good", "short": "text bad"}


def write(found: Tuned, path: str | Path, data: str = "vectors") -> Path:
    """Writes the page of what was tuned, and returns its path.

    >>> write(vecq.tune(items, users, k=10), "tuned.html")
    PosixPath('tuned.html')
    """
    target = Path(path)
    state = "meets" if found.met else "does not meet"
    page = filled(
        title=f"vecq: tuned on {data}",
        subtitle=f"vecq tune · {found.strategy} · {words.seconds(found.seconds)}",
        headline=f"{_named(found.chosen, found)} {state}: {found.criterion} at k={found.k}.",
        sections=[_chosen(found), _trials(found, data)],
        footer=FOOTER,
    )
    target.write_text(page, encoding="utf-8")
    return target


def check() -> None:
    """Refuses to go on where what draws a page is missing."""
    package("jinja2", "the page of a run")


def pareto(found: Tuned) -> Lines | None:
    """Accuracy against speed: a series for each way of coding, without what its others beat."""
    measured = [trial for trial in found.trials if trial.qps > 0]
    if not measured:
        return None
    groups: dict[str, list[Trial]] = {}
    for trial in measured:
        groups.setdefault(_named(trial, found), []).append(trial)
    series = [
        Series(name, number, _marks(front(trials), found))
        for number, (name, trials) in enumerate(groups.items())
    ]
    series.append(Series("chosen", len(series), _marks([found.chosen], found), strong=True))
    marks = [mark for one in series for mark in one.marks]
    said = "; ".join(mark.title for mark in marks)
    return Lines(
        f"accuracy and speed at k={found.k}",
        f"Queries per second against {found.criterion.measure}: {said}",
        Axis(found.criterion.measure.replace("_", " "), Nines([mark.x for mark in marks])),
        Axis("queries per second", Log([mark.y for mark in marks])),
        series,
    )


def front(trials: Sequence[Trial]) -> list[Trial]:
    """Those that no other beats in both accuracy and speed, the least accurate first."""
    kept: list[Trial] = []
    for trial in sorted(trials, key=lambda one: (-one.accuracy, -one.qps)):
        if not kept or trial.qps > kept[-1].qps:
            kept.append(trial)
    return kept[::-1]


def _marks(trials: Sequence[Trial], found: Tuned) -> list[Mark]:
    return [
        Mark(
            min(trial.accuracy, 1.0),
            trial.qps,
            f"{_named(trial, found)}, {_settings(trial)}: {words.share(trial.accuracy)}, "
            f"{words.whole(trial.qps)} queries/s",
        )
        for trial in trials
    ]


def _chosen(found: Tuned) -> Section:
    notes = [found.promise(), *found.notes()]
    blocks = [
        Block(code=found.code()),
        Block("for vecq build --settings and vecq search --settings", code=found.json()),
    ]
    lead = f"Nothing meets the criterion: {found.binding}." if found.binding else ""
    return Section("chosen", "Settings", lead, [*blocks, Block(notes=notes)])


def _trials(found: Tuned, data: str) -> Section:
    drawn = pareto(found)
    charts = [] if drawn is None else [Chart("tuning", data, drawn)]
    head = ["codes", "settings", "accuracy", "queries/s", "index", "build", "state"]
    rows = [
        [
            text(_named(trial, found)),
            text(_settings(trial)),
            Cell(words.share(trial.accuracy)),
            Cell(words.whole(trial.qps or None), "best" if trial is found.chosen else "number"),
            Cell(words.size(trial.bytes)),
            Cell(words.seconds(trial.build_seconds or None)),
            Cell(trial.state, STATES.get(trial.state, "text faint")),
        ]
        for trial in found.trials
    ]
    lead = (
        "Up and to the right is better. Accuracy is that on the queries that tuned; of what was "
        "pruned before a graph was built it is the most that its codes allow."
    )
    return Section(
        "trials",
        "Trials",
        lead,
        [Block(charts=charts, tables=[Table("What was tried", head, rows)])],
    )


def _named(trial: Trial, found: Tuned) -> str:
    return trial.name(found.metric)


def _settings(trial: Trial) -> str:
    graph = trial.build.graph
    links = {"m": graph.m, "ef_construction": graph.ef_construction}
    return words.settings(links | trial.search_settings)

"""The page of vecq.tune: all trials, and the Pareto front of accuracy and speed."""

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
    "All figures come from one run; the page needs no network. Accuracy is measured against exact "
    "FP32 search, or by held-out items. Measurements of speed were interleaved."
)
STATES = {"met": "text good", "missed": "text bad"}


def write(found: Tuned, path: str | Path, data: str = "vectors") -> Path:
    """Write the page of a tuning run.

    Args:
        found: The result of `vecq.tune`.
        path: The file to write.
        data: The name of the data. Default: "vectors".

    Returns:
        The path of the file.

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
    """Raise UnsupportedError if a package that the page needs is missing."""
    package("jinja2", "the page of a run")


def pareto(found: Tuned) -> Lines | None:
    """Accuracy against speed: the Pareto front of each codec."""
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
    """Return the Pareto front of accuracy and speed, the least accurate first."""
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
        "Up and to the right is better. Accuracy is measured on the tuning queries; for trials "
        "pruned before a graph was built, it is the best that their codes allow."
    )
    return Section(
        "trials",
        "Trials",
        lead,
        [Block(charts=charts, tables=[Table("Trials", head, rows)])],
    )


def _named(trial: Trial, found: Tuned) -> str:
    return trial.name(found.metric)


def _settings(trial: Trial) -> str:
    graph = trial.build.graph
    links = {"m": graph.m, "ef_construction": graph.ef_construction}
    return words.settings(links | trial.search_settings)

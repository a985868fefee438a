"""The sections of the page, in reading order."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vecq.bench.report import tables, words
from vecq.bench.report.changes import Comparison
from vecq.bench.report.charts import Chart
from vecq.bench.report.sheet import Sheet
from vecq.bench.report.tables import Cell, Table


@dataclass(frozen=True)
class Block:
    """Plots, tables, pairs of name and value, code and notes; any may be empty."""

    title: str = ""
    charts: Sequence[Chart] = ()
    tables: Sequence[Table | None] = ()
    pairs: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    notes: Sequence[str] = ()

    @property
    def filled(self) -> bool:
        rows = any(table.rows for table in self.tables if table is not None)
        return bool(self.charts or rows or self.pairs or self.code or self.notes)


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    lead: str
    blocks: Sequence[Block]


def sections(sheet: Sheet, charts: Sequence[Chart], changes: Comparison | None) -> list[Section]:
    """Return the sections that have content."""
    found = [
        *([] if changes is None else [_changes(changes)]),
        _speed(sheet, charts),
        _accuracy(sheet),
        _isas(sheet),
        _latency(sheet, charts),
        _builds(sheet, charts),
        _business(sheet),
        _limit(sheet),
        _settings(sheet),
        _machine(sheet),
        _notes(sheet),
        _again(sheet),
    ]
    kept = [Section(s.id, s.title, s.lead, [b for b in s.blocks if b.filled]) for s in found]
    return [section for section in kept if section.blocks]


def _changes(changes: Comparison) -> Section:
    kinds = {"regression": "text bad", "better": "text good"}
    rows = [
        [
            *map(tables.text, (one.data, one.contender, one.what)),
            *(Cell(one.old), Cell(one.new)),
            Cell(words.signed(f"{100 * one.gain:+.1f} %")),
            Cell(words.NONE if one.band is None else f"±{100 * one.band:.1f} %"),
            Cell(one.state, kinds.get(one.state, "text faint")),
        ]
        for one in sorted(changes.changes, key=lambda one: (one.state != "regression", one.gain))
        if one.state != "within noise"
    ]
    head = ["data", "contender", "figure", "old", "new", "gain", "noise", "verdict"]
    count = len(changes.regressions)
    total = len(changes.changes)
    lead = (
        f"{count or 'No'} regression{'s' * (count != 1)} among {total} figures, of which "
        f"{total - len(rows)} lie within the noise and are not listed. "
        "Speeds are medians at equal recall; noise is the spread of the repetitions of both runs."
    )
    table = Table("Old and new", head, rows)
    return Section("changes", "Old and new", lead, [Block(tables=[table], notes=changes.notes)])


def _speed(sheet: Sheet, charts: Sequence[Chart]) -> Section:
    lead = (
        "Up and to the right is better. Every mark is a measured setting, named by its tooltip. "
        "Only the Pareto front of each contender is drawn; peers are drawn at their best M."
    )
    blocks = [Block(tables=[tables.overview(sheet)])]
    for data in sheet.data_names:
        for k in sheet.ks(data):
            regimes = [r for r in sheet.regimes if (r.data, r.k) == (data, k)]
            shown = [c for c in charts if c.kind == "pareto" and c.regime in regimes]
            blocks.append(
                Block(f"{data}, k={k:,}", shown, [tables.at_recall(sheet, r) for r in regimes])
            )
    return Section("speed", "Recall and speed", lead, blocks)


def _accuracy(sheet: Sheet) -> Section:
    lead = "The cost of quantization alone: exact search on codes, without a graph."
    return Section("accuracy", "Accuracy", lead, [Block(tables=[tables.accuracy(sheet.accuracy)])])


def _isas(sheet: Sheet) -> Section:
    lead = "Integer codes score the same on every instruction set, so the ids must be equal."
    return Section("isas", "Instruction sets", lead, [Block(tables=tables.isas(sheet.isas))])


def _latency(sheet: Sheet, charts: Sequence[Chart]) -> Section:
    lead = (
        "Every contender at its fastest measured setting of recall 0.95 or more, or else at its "
        "best recall."
    )
    blocks = [
        Block(
            data,
            [chart for chart in charts if (chart.kind, chart.data) == ("latency", data)],
            [tables.latency(sheet, r) for r in sheet.regimes if r.data == data],
        )
        for data in sheet.data_names
    ]
    return Section("latency", "Latency", lead, blocks)


def _builds(sheet: Sheet, charts: Sequence[Chart]) -> Section:
    kinds = ("build", "memory", "loss")
    blocks = [
        Block(
            data,
            [chart for chart in charts if chart.kind in kinds and chart.data == data],
            [tables.builds(sheet, data)],
        )
        for data in sheet.data_names
    ]
    return Section("builds", "Build and memory", "", blocks)


def _business(sheet: Sheet) -> Section:
    lead = (
        "Items that users chose later, among the best k without seen items; every contender at "
        "its fastest measured setting of recall 0.95 or more."
    )
    # Answers do not depend on how queries arrive: one regime stands for all.
    first: dict[tuple[str, int], Table] = {}
    for regime in sheet.regimes:
        table = tables.business(sheet, regime)
        if table is not None:
            first.setdefault((regime.data, regime.k), table)
    return Section("business", "What users would see", lead, [Block(tables=[*first.values()])])


def _limit(sheet: Sheet) -> Section:
    lead = (
        "The speed of a search as a share of the bound that memory and arithmetic set for its hops "
        "and distances. Fewer distances at equal recall mean a better graph."
    )
    found = [tables.limit(sheet, regime) for regime in sheet.regimes]
    return Section("limit", "The physical limit", lead, [Block(tables=_some(found))])


def _some(found: Sequence[Table | None]) -> list[Table]:
    return [table for table in found if table is not None]


def _settings(sheet: Sheet) -> Section:
    shown = [tables.data(sheet), tables.contenders(sheet)]
    return Section("settings", "Data and settings", "", [Block(tables=shown)])


def _machine(sheet: Sheet) -> Section:
    machine = dict(sheet.run.machine)
    if isinstance(machine.get("memory_bytes"), int):
        machine["memory"] = words.size(machine.pop("memory_bytes"))
    blocks = [Block("Machine", pairs=machine), Block("Versions", pairs=sheet.run.versions)]
    return Section("machine", "Machine and versions", "", blocks)


def _notes(sheet: Sheet) -> Section:
    notes = list(sheet.run.notes)
    if sheet.run.interrupted:
        notes.insert(0, "The run was interrupted: the page shows what was measured until then.")
    return Section("notes", "Notes", "", [Block(notes=notes)])


def _again(sheet: Sheet) -> Section:
    parameters = {name: json.dumps(value) for name, value in sheet.run.parameters.items()}
    return Section(
        "again", "How to reproduce", "", [Block(code=sheet.run.command), Block(pairs=parameters)]
    )

"""Run the list of measurements, record each as a JSON line, and render a page: make results.

A measurement is a command. One that the record file has for this version, machine and data is
skipped, so an interrupted run continues where it stopped; one that fails is reported and tried
again by the next run.
"""

import argparse
import hashlib
import itertools
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from vecq.bench.machine import machine, versions
from vecq.bench.records import Build, Point, read
from vecq.datasets.paths import writing

STUDIES = Path(__file__).resolve().parent
RECALL = 0.95
ABOUT = {
    "bench": f"The fastest setting of each system that reaches recall {RECALL}; medians, with the "
    "range of the repetitions. A system without a row reached less, or failed: see its faults.",
    "features": "What biases, groups and diversity cost, against the plain search on the same "
    "index, and what they recall of a scan under the same rule.",
    "attributes": "Conditions on attributes: the time to evaluate one, one per query against one "
    "for all queries, and recall by selectivity.",
    "names": "String ids against integers, and the nightly job against search.",
    "codec_walks": "Walks by codec: bytes per item, the best recall of a scan, and QPS at equal "
    "recall on one thread.",
    "building": "Builds in bulk, incrementally and by hnswlib, and the cost of searching the "
    "graphs at equal recall.",
    "probing": "Batches by probes of cells, by walks and by peers: QPS at equal recall.",
    "growth": "Building from a stream, the peak of its memory, and searches at recall 0.95, as "
    "indexes grow.",
    "serving": "`vecq serve` with one worker against empty handlers on the same core, 64 queries "
    "per binary body against the same calls in process, and latency at 70 % of the capacity beside "
    "that of a queue with the CPU times of the worker.",
    "sharding": "Sharded builds and searches against one process, and recall by shards.",
}

# Columns that stand above a table whose rows agree on them.
SUBJECT = ("study", "data", "rows")


@dataclass(frozen=True)
class Measurement:
    """A study or `vecq bench`, with its arguments."""

    name: str
    arguments: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return shlex.join((self.name, *self.arguments))

    def run(self) -> Any:
        """Return what it measured; raise CalledProcessError if it fails."""
        if self.name != "bench":
            command = [sys.executable, "-I", str(STUDIES), self.name, *self.arguments]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            return done.stdout.splitlines()
        with tempfile.TemporaryDirectory(prefix="vecq-results-") as folder:
            out = Path(folder) / "run"
            call = "import sys, vecq_command; sys.exit(vecq_command.main())"
            command = [sys.executable, "-I", "-c", call, "bench", *self.arguments]
            subprocess.run([*command, "--out", str(out)], stdout=subprocess.DEVNULL, check=True)
            return out.with_suffix(".jsonl").read_text().splitlines()


def key(measurement: Measurement, where: dict[str, Any]) -> str:
    """Return a hash of all that a figure depends on: command, data files, version and machine."""
    files = [Path(word) for word in measurement.arguments if Path(word).is_file()]
    stats = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    known = json.dumps([measurement.title, stats, where], sort_keys=True)
    return hashlib.sha256(known.encode()).hexdigest()[:16]


def recorded(path: Path) -> dict[str, dict[str, Any]]:
    """Return the records of a file by key; a last line that was cut off is ignored."""
    found: dict[str, dict[str, Any]] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        found[record["key"]] = record
    return found


def measure(measurements: list[Measurement], path: Path) -> int:
    """Run what is not recorded yet, and return the number of failures."""
    where = {"machine": machine(), "versions": versions()}
    known, failures = recorded(path), 0
    path.parent.mkdir(parents=True, exist_ok=True)
    for one in measurements:
        name = key(one, where)
        if name in known:
            print(f"recorded: {one.title}", flush=True)
            continue
        print(f"running: {one.title}", flush=True)
        started = datetime.now(timezone.utc)
        try:
            lines = one.run()
        except subprocess.CalledProcessError as error:
            failures += 1
            print(f"failed: {one.title}: exit code {error.returncode}", file=sys.stderr)
            continue
        took = (datetime.now(timezone.utc) - started).total_seconds()
        record = {"key": name, "name": one.name, "title": one.title, "seconds": took}
        record |= {"started": started.isoformat(timespec="seconds"), **where, "lines": lines}
        with path.open("a", encoding="utf-8") as file:
            # A line that a crash cut off ends here, so that it cannot spoil this one.
            file.write(("\n" if cut_off(path) else "") + json.dumps(record) + "\n")
    return failures


def cut_off(path: Path) -> bool:
    """Whether the last line of a file has no end."""
    return path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")


def render(records: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of a Markdown page: a paragraph and a table for each measurement."""
    yield "# Results\n"
    for record in records:
        yield f"## {record['title']}\n"
        yield f"{ABOUT.get(record['name'], '')}\n"
        yield f"{heading(record)}\n"
        if record["name"] == "bench":
            yield from table(record["lines"])
        else:
            yield from printed(record["lines"])


def heading(record: dict[str, Any]) -> str:
    """Return the command, version, machine and day of a record."""
    where, found = record["machine"], record["versions"]
    return (
        f"`{record['title']}`: vecq {found['vecq']}, {where['cpu']}, {where['cores']} cores, "
        f"{where['isa']}, {record['started'][:10]}, {record['seconds']:.0f} s."
    )


def printed(lines: list[str]) -> Iterator[str]:
    """Yield what a study printed: JSON objects with the same fields as a table, text as it is."""
    pairs = [(line, flat(line)) for line in lines]
    for head, group in itertools.groupby(pairs, lambda pair: (*pair[1],)):
        found = list(group)
        if not head:
            yield "\n".join(("```", *(line for line, _ in found), "```\n"))
            continue
        rows = [row for _, row in found]
        same = [name for name in SUBJECT if name in head and len({row[name] for row in rows}) == 1]
        if same:
            yield ", ".join(f"{name} {rows[0][name]}" for name in same) + ":\n"
        names = [name for name in head if name not in same]
        yield f"| {' | '.join(names)} |\n|{'---|' * len(names)}"
        yield from (f"| {' | '.join(row[name] for name in names)} |" for row in rows)
        yield ""


def flat(line: str) -> dict[str, str]:
    """Return a line's JSON object as columns, or {} if it is text."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    columns: dict[str, Any] = {}
    for name, value in found.items() if isinstance(found, dict) else ():
        inner = value.items() if isinstance(value, dict) else ((None, value),)
        columns |= {name if one is None else f"{name}: {one}": own for one, own in inner}
    return {
        name: shown(own) if isinstance(own, float) else str(own) for name, own in columns.items()
    }


def shown(value: float) -> str:
    """Format with four digits, or as a whole number, but without an exponent if it is large."""
    return f"{value:.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"


def table(lines: list[str]) -> Iterator[str]:
    """Yield the fastest points at RECALL of a run of `vecq bench`, and its faults."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.write("\n".join(lines))
        file.flush()
        found = read(file.name)
    builds = {(one.data, one.contender): one for one in found if isinstance(one, Build)}
    best: dict[tuple[str, str, int, str], Point] = {}
    for one in found:
        if isinstance(one, Point) and one.error is None and (one.recall or 0) >= RECALL:
            group = builds[one.data, one.contender].group
            place = (one.data, one.regime, one.k, group)
            if place not in best or one.speed > best[place].speed:
                best[place] = one
    yield "| data | regime | k | system | recall | QPS | spread | build s | bytes per vector |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for (data, regime, k, _), one in sorted(best.items(), key=lambda item: item[0][:3]):
        build = builds[data, one.contender]
        size = "-" if build.bytes_per_vector is None else f"{build.bytes_per_vector:.0f}"
        yield (
            f"| {data} | {regime} | {k} | {one.contender} | {one.recall:.4f} | {one.speed:,.0f} "
            f"| {one.spread:.0%} | {build.seconds or 0:.1f} | {size} |"
        )
    yield ""
    for fault in found:
        if isinstance(fault, (Build, Point)) and fault.error:
            yield f"Fault of {fault.contender} on {fault.data}: {fault.error}\n"


def plan(data: list[str], rows: int, bench: list[str]) -> list[Measurement]:
    """Return all measurements, the shortest first."""
    size = ("--rows", str(rows))
    studies = [Measurement(name, size) for name in ("names", "attributes", "features")]
    studies += [
        Measurement("building", ("--generated", str(rows))),
        Measurement("probing", ("--generated", str(rows))),
        Measurement("growth", size),
        Measurement("sharding", size),
    ]
    return studies + [Measurement("bench", (one, *bench)) for one in data]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="*", help="files or names of data sets for vecq bench")
    parser.add_argument("--rows", type=int, default=100_000, help="of studies: %(default)s")
    parser.add_argument("--only", metavar="NAME,...", help="bench or studies (default: all)")
    parser.add_argument(
        "--run",
        action="append",
        metavar="COMMAND",
        help="run these instead, such as 'features --rows 1000000 --parts rebiased'",
    )
    parser.add_argument("--bench", default="", help="further arguments of vecq bench, as one text")
    parser.add_argument("--records", type=Path, default=Path("build/results/records.jsonl"))
    parser.add_argument("--page", type=Path, default=Path("build/results/results.md"))
    options = parser.parse_args()
    chosen = plan(options.data, options.rows, shlex.split(options.bench))
    if options.run:
        calls = [shlex.split(command) for command in options.run]
        chosen = [Measurement(name, tuple(arguments)) for name, *arguments in calls]
    if options.only:
        names = options.only.split(",")
        if unknown := sorted(set(names) - set(ABOUT)):
            parser.error(f"--only has {unknown[0]!r}, expected {', '.join(ABOUT)}")
        chosen = [one for one in chosen if one.name in names]
    failures = measure(chosen, options.records)
    options.page.parent.mkdir(parents=True, exist_ok=True)
    with writing(options.page) as part:
        part.write_text("\n".join(render(list(recorded(options.records).values()))))
    print(f"page: {options.page}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

"""vecq bench: recall against speed, ours and the peers', on one data set."""

import argparse
import sys
from pathlib import Path
from typing import Any

from vecq.cli.vectors import check_target

HELP = "measure recall, speed and memory against other libraries"
DESCRIPTION = """\
Builds an index of every codec and peer, searches each with settings from fast to thorough, all in
turns, and compares them at equal recall with exact search on float32. Prints tables and a verdict,
and writes the records (JSON lines) and a report (one HTML page).

DATA is a name that "vecq data" lists, a data set (.hdf5, .npz, a folder), whose "test" are queries,
or a file of vectors alone (.npy, .fbin, .parquet, ...). Of these one vector in ten, at most 1,000,
is held out to be a query, unless --queries has better ones: users, if you will search for users.

Peers: hnswlib, faiss, usearch, svs, vsag, zvec (what is not installed is skipped), one contestant
such as "faiss HNSWFlat", or module:Class, a subclass of vecq.bench.Adapter of your own, which runs
in a process that it may take down.

Records are written as they come: "vecq report OUT.jsonl" makes the page of a run that was stopped.

Examples:
  vecq bench recsys-demo --quick
  vecq bench items.npy --queries users.npy --metric ip --k 100,500 --peers hnswlib,faiss
  vecq bench glove-100-angular.hdf5 --k 10,100 --codecs fp32,int16,int8 --plots plots
  vecq bench items.hdf5 --peers mine:Index --regimes single,processes --processes 8
"""
# Endings of what is written: OUT.jsonl, OUT.html.
RECORDS, PAGE = ".jsonl", ".html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("data", nargs="?", default="recsys-demo", metavar="DATA", help="(%(default)s)")
    add("--queries", metavar="FILE", help="vectors to search for, or a data set that has some")
    add("--metric", help="ip, cosine or l2; what DATA says by default, or else ip")
    add("--k", default="10,100", metavar="K,...", help="how many items are wanted (%(default)s)")
    add("--codecs", default="fp32,int8", metavar="C,...", help="or int16, int8+fp16 (%(default)s)")
    add("--peers", default="hnswlib,faiss", metavar="P,...", help='"" for none (%(default)s)')
    add(
        "--regimes",
        default="single,batch,concurrent,processes",
        metavar="R,...",
        help="how queries come (%(default)s)",
    )
    add("--threads", type=int, default=0, help="of batches, and clients; 0 for all cores")
    add("--build-threads", type=int, default=0, help="0 for all cores")
    add("--processes", type=int, default=0, help="0 for one on every physical core")
    add("--no-pin", dest="pin", action="store_false", help="let processes move between cores")
    add("--no-numa", dest="numa", action="store_false", help="do not bind processes to memory")
    add("--repetitions", type=int, default=3, help="of every measurement (%(default)s)")
    add("--seconds", type=float, help="of measuring, after which nothing new is begun")
    add("--isas", metavar="I,...", help='instruction sets to force; "" for none, all by default')
    add("--quick", action="store_true", help="fewer settings, at most two repetitions")
    add("--out", default="vecq-bench", metavar="OUT", help="write OUT.jsonl and OUT.html")
    add("--plots", metavar="FOLDER", help="write every plot into this folder too, as SVG and PNG")
    add("--json", action="store_true", help="print the records instead of tables")


def run(arguments: argparse.Namespace) -> int:
    from vecq import bench
    from vecq.bench import report, tables

    plan = bench.Plan(**_settings(arguments))
    lines, page = _targets(arguments)
    records = bench.run(plan, path=lines)
    about = next(record for record in records if isinstance(record, bench.Run))
    report.write(records, page)
    plots = report.plots(records, arguments.plots) if arguments.plots else []
    if arguments.json:
        bench.write(records, sys.stdout)
    else:
        tables.show(records)
        print(*(f"note: {note}" for note in about.notes), sep="\n")
        print(f"\n{report.verdict(records)}\n\nrecords: {lines}\nreport: {page}")
        if plots:
            print(f"plots: {arguments.plots}")
    return 130 if about.interrupted else 0


def _targets(arguments: argparse.Namespace) -> tuple[Path, Path]:
    """The files to write, refused if they can't be before anything is measured."""
    home = Path(arguments.out)
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
    check_target(arguments.out, "out")
    if arguments.plots:
        Path(arguments.plots).mkdir(parents=True, exist_ok=True)
    lines, page = (home.with_name(home.name + ending) for ending in (RECORDS, PAGE))
    return check_target(str(lines), "out"), check_target(str(page), "out")


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments of a plan."""
    names = (
        *("data", "queries", "metric", "threads", "build_threads", "processes", "pin", "numa"),
        *("repetitions", "seconds", "quick"),
    )
    settings = {name: getattr(arguments, name) for name in names}
    for name in ("codecs", "peers", "regimes"):
        settings[name] = _parts(getattr(arguments, name))
    settings["k"] = [_number(part) for part in _parts(arguments.k)]
    settings["isas"] = None if arguments.isas is None else _parts(arguments.isas)
    return settings


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _number(text: str) -> int | str:
    """A number; what is none is left for the plan to refuse."""
    return int(text) if text.isdecimal() else text

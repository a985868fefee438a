"""vecq bench: recall against speed, ours and the peers', on one data set."""

import argparse
import sys
from pathlib import Path
from typing import Any

HELP = "measure recall, speed and memory against other libraries"
DESCRIPTION = """\
Builds an index of every codec and peer, searches each with settings from fast to thorough, all in
turns, and compares them at equal recall with exact search on float32. Prints tables and a verdict,
and writes the records (JSON lines) and a report (one HTML page).

DATA is a name that "vecq data" lists, or a file of vectors; queries are its "test".

Peers: hnswlib, faiss, usearch, svs, vsag, zvec (what is not installed is skipped), one contestant
such as "faiss HNSWFlat", or module:Class, a subclass of vecq.bench.Adapter of your own.

Examples:
  vecq bench recsys-demo --quick
  vecq bench glove-100-angular.hdf5 --k 10,100 --codecs fp32,int16,int8 --peers hnswlib,faiss
  vecq bench items.hdf5 --peers mine:Index --regimes single,processes --processes 8
"""
# Endings of what is written: OUT.jsonl, OUT.html.
RECORDS, PAGE = ".jsonl", ".html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("data", nargs="?", default="recsys-demo", metavar="DATA", help="(%(default)s)")
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
    add("--json", action="store_true", help="print the records instead of tables")


def run(arguments: argparse.Namespace) -> int:
    from vecq import bench
    from vecq.bench import report, tables

    plan = bench.Plan(**_settings(arguments))
    target = Path(arguments.out)
    target.parent.mkdir(parents=True, exist_ok=True)
    records = bench.run(plan)
    about = next(record for record in records if isinstance(record, bench.Run))
    bench.write(records, target.with_name(target.name + RECORDS))
    page = report.write(records, target.with_name(target.name + PAGE))
    if arguments.json:
        bench.write(records, sys.stdout)
    else:
        tables.show(records)
        print(*(f"note: {note}" for note in about.notes), sep="\n")
        print(f"\n{report.verdict(records)}\n\nrecords: {target}{RECORDS}\nreport: {page}")
    return 130 if about.interrupted else 0


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments of a plan."""
    names = ("data", "threads", "build_threads", "processes", "pin", "numa", "repetitions")
    settings = {name: getattr(arguments, name) for name in (*names, "seconds", "quick")}
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

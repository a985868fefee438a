"""vecq bench: compares recall and speed of vecq and peer libraries on one data set."""

import argparse
import sys
from pathlib import Path
from typing import Any

from vecq.cli.output import add_json
from vecq.storage.paths import output_file

HELP = "Compare recall, speed and memory with other libraries"
DESCRIPTION = """\
Build an index per codec and peer library, sweep their search settings in interleaved rounds, and
compare throughput at equal recall. Recall is relative to brute force on float32. Print tables and a
verdict; write all records (OUT.jsonl) and a self-contained report (OUT.html).

DATA is a data set by name (see vecq data list), a data set file (.hdf5, .npz or a folder) whose
"test" vectors are the queries, or a file of vectors (.npy, .fbin, .parquet, ...). Of vectors
without queries one in ten, at most 1,000, is held out as a query; give --queries if you will
search for something else, such as users.

Regimes: single (one query per call), batch (all queries in one call), concurrent (several threads,
one query per call) and processes (one pinned process per core over one shared index).

Peers: hnswlib, faiss, usearch, svs, vsag, zvec, rabitq and scann, if installed; one configuration
of a peer, such as "faiss HNSWFlat"; or module:Class, your own subclass of vecq.bench.Adapter, which
runs in a process of its own, so a crash loses nothing else. With several --peer-m, other build
settings of peers vary as well.

Records are appended during the run: "vecq report OUT.jsonl" makes the report of a run that was
stopped.

Examples:
  vecq bench recsys-demo --quick
  vecq bench items.npy --queries users.npy --metric ip --k 100,500 --peers hnswlib,faiss
  vecq bench glove-100-angular.hdf5 --k 10,100 --codecs fp32,int16,int8 --plots plots
  vecq bench items.hdf5 --peers mine:Index --regimes single,processes --processes 8
"""
RECORDS, PAGE = ".jsonl", ".html"  # suffixes of the output files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "data",
        nargs="?",
        default="recsys-demo",
        metavar="DATA",
        help="Data set or vectors (default: %(default)s, generated)",
    )
    add("--queries", metavar="FILE", help="Query vectors, or a data set whose queries are used")
    add(
        "--metric",
        help="Similarity: ip (inner product), cosine or l2 (default: that of DATA, or ip)",
    )
    add(
        "--k",
        default="10,100",
        metavar="K,...",
        help="Numbers of results per query (default: %(default)s)",
    )
    add(
        "--codecs",
        default="fp32,int8",
        metavar="C,...",
        help="Codecs to compare: fp32, fp16, int16, int12, int8, int4, or int8+fp16 for int8 "
        "rescored on fp16 (default: %(default)s)",
    )
    add(
        "--peers",
        default="hnswlib,faiss",
        metavar="P,...",
        help='Libraries to compare with; "" for none (default: %(default)s)',
    )
    add(
        "--regimes",
        default="single,batch,concurrent,processes",
        metavar="R,...",
        help="How queries arrive (default: %(default)s)",
    )
    _add_measuring(parser.add_argument_group("measuring"))
    _add_output(parser.add_argument_group("output"))


def _add_measuring(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--threads",
        type=int,
        default=0,
        metavar="N",
        help="Threads of batches, and number of concurrent clients; 0 = all cores "
        "(default: %(default)s)",
    )
    add(
        "--build-threads",
        type=int,
        default=0,
        metavar="N",
        help="Threads that build indexes; 0 = all cores (default: %(default)s)",
    )
    add(
        "--processes",
        type=int,
        default=0,
        metavar="N",
        help="Processes of that regime; 0 = one per physical core (default: %(default)s)",
    )
    add(
        "--no-pin",
        dest="pin",
        action="store_false",
        help="Do not pin processes to cores (default: pin)",
    )
    add(
        "--no-numa",
        dest="numa",
        action="store_false",
        help="Do not bind the memory of processes to their NUMA node (default: bind)",
    )
    add(
        "--repetitions",
        type=int,
        default=5,
        metavar="N",
        help="Repetitions of each measurement, in random order; results are medians "
        "(default: %(default)s)",
    )
    add(
        "--peer-m",
        default="16,24,32,48",
        metavar="M,...",
        help="Build graph indexes of peers with each M, and compare the fastest; several also vary "
        "other build settings of peers "
        "(default: %(default)s)",
    )
    add(
        "--ef-construction",
        type=int,
        default=200,
        metavar="N",
        help="Beam width while building, for all graphs (default: %(default)s)",
    )
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="Seed of the random order (default: %(default)s)",
    )
    add(
        "--seconds",
        type=float,
        metavar="S",
        help="Start no new measurement after this time (default: no limit)",
    )
    add(
        "--isas",
        metavar="I,...",
        help='Instruction sets to compare one by one; "" for none (default: all available)',
    )
    add("--quick", action="store_true", help="Every other setting and M, at most three repetitions")


def _add_output(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--out",
        default="vecq-bench",
        metavar="OUT",
        help="Write OUT.jsonl and OUT.html (default: %(default)s)",
    )
    add("--plots", metavar="FOLDER", help="Also write every plot to this folder, as SVG")
    add_json(group, "Print the records instead of tables")


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
    """Return the output files; raise before anything is measured if they can't be written."""
    home = Path(arguments.out)
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
    output_file(arguments.out, "out")
    if arguments.plots:
        Path(arguments.plots).mkdir(parents=True, exist_ok=True)
    lines, page = (home.with_name(home.name + ending) for ending in (RECORDS, PAGE))
    return output_file(str(lines), "out"), output_file(str(page), "out")


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments of vecq.bench.Plan."""
    names = (
        *("data", "queries", "metric", "threads", "build_threads", "processes", "pin", "numa"),
        *("repetitions", "seconds", "quick", "seed", "ef_construction"),
    )
    settings = {name: getattr(arguments, name) for name in names}
    for name in ("codecs", "peers", "regimes"):
        settings[name] = _parts(getattr(arguments, name))
    for name in ("k", "peer_m"):
        settings[name] = [_number(part) for part in _parts(getattr(arguments, name))]
    settings["isas"] = None if arguments.isas is None else _parts(arguments.isas)
    return settings


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _number(text: str) -> int | str:
    """Return a number; anything else is left to vecq.bench.Plan, which refuses it."""
    return int(text) if text.isdecimal() else text

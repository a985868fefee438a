"""vecq tune: from the accuracy that is needed to settings of an index and of its searches."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecq.cli.output import add_json, say
from vecq.cli.vectors import FORMATS, check_target, read_lists, read_vectors

if TYPE_CHECKING:
    from vecq.tuning import Tuned

HELP = "find the fastest settings that are accurate enough"
DESCRIPTION = f"""\
Finds settings of an index, and of its searches, that are accurate enough and cost the least, and
prints them with all that was tried. Ctrl-C ends it with the best so far.

VECTORS, the queries and the users are files of
{FORMATS}.
Of files that hold several arrays, "train" and "test" are taken. What --exclude and --heldout name
holds ids for each query: a CSR matrix that scipy.sparse.save_npz wrote, or a data set with what
users have seen and with what they chose later.

Examples:
  vecq tune items.npy --queries users.npy --k 100 --recall 0.95
  vecq tune items.npy --queries users.npy --loss 0.01 --memory 2GB --time 600 --out tuned.html
  vecq tune shop.hdf5 --queries shop.hdf5 --exclude shop.hdf5 --heldout shop.hdf5 --of ndcg
  vecq tune shop.hdf5 --queries shop.hdf5 --heldout shop.hdf5 --hit-rate 0.3 --k 20
  vecq tune items.npy --queries users.npy --settings best.json
  vecq build items.npy items.vecq --settings best.json
  vecq search items.vecq users.npy --settings best.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("vectors", metavar="VECTORS", help="the items")
    add("--queries", metavar="FILE", help="like those to come; vectors are held out by default")
    add("--metric", default="ip", help="ip, cosine or l2 (%(default)s)")
    add("--k", type=int, default=100, help="how many items are wanted (%(default)s)")
    accuracy = parser.add_mutually_exclusive_group()
    accuracy.add_argument("--recall", type=float, metavar="SHARE", help="find at least so much")
    for name, text in (("hit-rate", "of users who find"), ("ndcg", "of finding early")):
        more = f"at least so much {text} what --heldout says they chose"
        accuracy.add_argument(f"--{name}", type=float, metavar="SHARE", help=more)
    accuracy.add_argument(
        "--loss", type=float, metavar="SHARE", help="lose at most so much of exact search (0.01)"
    )
    add("--of", default="recall", help="what --loss is of: recall, hit_rate or ndcg (%(default)s)")
    add("--objective", default="qps", help="qps, latency, memory or build (%(default)s)")
    add("--memory", metavar="SIZE", help="that the index may take, for example 2GB")
    add("--time", type=float, metavar="SECONDS", help="that tuning may take")
    add("--trials", type=int, help="settings to measure at most")
    add(
        "--strategy",
        default="basic",
        help="basic, mse, random, exhaustive, bayesian or tpe (%(default)s)",
    )
    add("--exclude", metavar="FILE", help="ids not to answer a query with, for each")
    add(
        "--heldout",
        metavar="FILE",
        help="ids that each query chose later, for --of, --hit-rate and --ndcg",
    )
    add("--users", metavar="FILE", help="other users than the queries, to link by, for metric ip")
    add("--confidence", type=float, default=0.95, help="of the promise (%(default)s)")
    add("--seed", type=int, default=0, help="of draws, halves and graphs (%(default)s)")
    add("--threads", type=int, default=0, help="0 for all cores")
    add("--settings", metavar="FILE.json", help="write settings for vecq build and vecq search")
    add("--out", metavar="FILE.html", help="write a page with the plot of all trials")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from vecq.tuning import Limits, tune

    targets = {
        name: check_target(path, name)
        for name in ("settings", "out")
        if (path := getattr(arguments, name))
    }
    if "out" in targets:
        _check_page()
    names = ("metric", "k", "objective", "strategy", "confidence", "seed", "threads")
    found = tune(
        read_vectors(arguments.vectors, "vectors", "train"),
        arguments.queries and read_vectors(arguments.queries, "queries", "test"),
        **{name: getattr(arguments, name) for name in names},
        accuracy=_accuracy(arguments),
        limits=Limits(arguments.memory, arguments.time, arguments.trials),
        exclude=arguments.exclude and read_lists(arguments.exclude, "exclude", "seen"),
        heldout=arguments.heldout and read_lists(arguments.heldout, "heldout", "heldout"),
        users=arguments.users and read_vectors(arguments.users, "users", "test"),
    )
    say(arguments, found, values(found))
    sys.stdout.flush()  # whatever becomes of the files, this is safe
    if "settings" in targets:
        targets["settings"].write_text(found.json() + "\n", encoding="utf-8")
    if "out" in targets:
        _write_page(found, targets["out"], Path(arguments.vectors).stem)
    if targets and not arguments.json:
        print("\n".join(_written(targets)))
    if found.met:
        return 0
    print(f"vecq tune: nothing meets the criterion: {found.binding}", file=sys.stderr)
    return 1


def values(found: "Tuned") -> dict[str, Any]:
    """What was found, for JSON."""
    from vecq.tuning.result import plain

    beside = {
        name: None
        if other is None
        else {
            "criterion": str(other.criterion),
            "index_settings": other.index_settings and plain(other.index_settings),
            "search_settings": other.search_settings,
        }
        for name, other in (("looser", found.looser), ("stricter", found.stricter))
    }

    return {
        "index_settings": plain(found.index_settings),
        "search_settings": found.search_settings,
        "criterion": str(found.criterion),
        "met": found.met,
        "binding": found.binding,
        "ended": found.ended,
        "accuracy": found.accuracy,
        "interval": list(found.interval),
        "confidence": found.confidence,
        "queries": found.queries,
        "seconds": found.seconds,
        "build_seconds": found.build_seconds,
        **beside,
        "trials": [
            {
                "codes": trial.name(found.metric),
                "index_settings": plain(trial.index_settings(found.metric)),
                "search_settings": trial.search_settings,
                "state": trial.state,
                "accuracy": trial.accuracy,
                "qps": trial.qps,
                "bytes": trial.bytes,
                "build_seconds": trial.build_seconds,
                "chosen": trial is found.chosen,
            }
            for trial in found.trials
        ],
    }


def _accuracy(arguments: argparse.Namespace) -> Any:
    from vecq.core.errors import ArgumentError
    from vecq.tuning import HitRate, Ndcg, Recall, Relative

    for name, kind in (("recall", Recall), ("hit_rate", HitRate), ("ndcg", Ndcg)):
        least = getattr(arguments, name)
        if least is None:
            continue
        if arguments.of != "recall":
            option = f"--{name.replace('_', '-')}"
            raise ArgumentError(
                f"of is {arguments.of!r}, which goes with --loss, not {option}", "of"
            )
        return kind(least)
    return Relative(0.01 if arguments.loss is None else arguments.loss, arguments.of)


def _check_page() -> None:
    """Refuses what no page can be written for before hours went into it."""
    from vecq.bench.report.tuning import check

    check()


def _write_page(found: "Tuned", target: Path, data: str) -> None:
    from vecq.bench.report.tuning import write

    write(found, target, data)


def _written(targets: dict[str, Path]) -> list[str]:
    said = {"settings": "settings, for vecq build and vecq search", "out": "report"}
    return ["", *(f"{said[name]}: {path}" for name, path in targets.items())]

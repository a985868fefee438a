"""vecq tune: finds index and search settings that reach an accuracy at the lowest cost."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecq.cli.inputs import FORMATS, add_threads, read_id_lists, read_vectors
from vecq.cli.output import add_json, print_result
from vecq.storage.paths import output_file

if TYPE_CHECKING:
    from vecq.tuning import Tuned

HELP = "Find the fastest settings that reach a recall"
DESCRIPTION = f"""\
Find settings of an index and its searches that reach an accuracy and optimize an objective. Print
all trials, the chosen settings and the accuracy to expect on new queries. Ctrl-C stops tuning and
prints the best settings so far. Exits with 1 if no settings reach the accuracy.

VECTORS and FILEs of vectors may be
{FORMATS}.
Files with several arrays are read as data sets: vectors from "train", queries from "test".
The files of --exclude and --heldout hold one list of ids per query: a CSR matrix saved by
scipy.sparse.save_npz, or a data set with "seen" or "heldout" items.

Examples:
  vecq tune items.npy --queries users.npy --k 100 --recall 0.95 --settings best.json
  vecq build items.npy items.vecq --settings best.json
  vecq search items.vecq users.npy --settings best.json

  vecq tune items.npy --queries users.npy --loss 0.01 --memory 2GB --time 600 --out tuned.html
  vecq tune shop.hdf5 --queries shop.hdf5 --exclude shop.hdf5 --heldout shop.hdf5 --of ndcg
  vecq tune shop.hdf5 --queries shop.hdf5 --heldout shop.hdf5 --hit-rate 0.3 --k 20
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("vectors", metavar="VECTORS", help="Vectors to index (items)")
    add(
        "--queries",
        metavar="FILE",
        help="Sample of the query vectors to come (default: hold out some of VECTORS)",
    )
    add(
        "--metric",
        default="ip",
        help="Similarity: ip (inner product), cosine or l2 (default: %(default)s)",
    )
    add(
        "--k",
        type=int,
        default=100,
        metavar="N",
        help="Number of results per query (default: %(default)s)",
    )
    add(
        "--users",
        metavar="FILE",
        help="With metric ip: query vectors that graphs are repaired for, other than --queries",
    )
    add("--exclude", metavar="FILE", help="Ids to leave out for each query, such as seen items")
    add(
        "--heldout",
        metavar="FILE",
        help="Ids that each query chose later; needed by --hit-rate, --ndcg and --of",
    )
    _add_accuracy(parser)
    _add_search(parser.add_argument_group("objective, limits and strategy"))
    output = parser.add_argument_group("output")
    output.add_argument(
        "--settings", metavar="FILE.json", help="Write settings for vecq build and vecq search"
    )
    output.add_argument("--out", metavar="FILE.html", help="Write a page with a plot of all trials")
    add_json(output)


def _add_accuracy(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("required accuracy (one of; default: --loss 0.01)")
    accuracy = group.add_mutually_exclusive_group()
    for name, text in (
        ("--recall", "Minimum recall of the exact top k, 0 to 1"),
        ("--hit-rate", "Minimum share of queries with at least one --heldout id in the top k"),
        ("--ndcg", "Minimum NDCG of the --heldout ids in the top k"),
        ("--loss", "Maximum loss relative to exact float32 search, 0 to 1 (default: 0.01)"),
    ):
        accuracy.add_argument(name, type=float, metavar="VALUE", help=text)
    group.add_argument(
        "--of",
        default="recall",
        metavar="MEASURE",
        help="Measure that --loss refers to: recall, hit_rate or ndcg (default: %(default)s)",
    )
    group.add_argument(
        "--confidence",
        type=float,
        default=0.95,
        metavar="P",
        help="Confidence of the interval of the accuracy (default: %(default)s)",
    )


def _add_search(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--objective",
        default="qps",
        help="What to optimize: qps, latency, memory or build (build time) (default: %(default)s)",
    )
    add("--memory", metavar="SIZE", help="Maximum size of the index, such as 2GB or 512MiB")
    add("--time", type=float, metavar="SECONDS", help="Maximum time of tuning")
    add("--trials", type=int, metavar="N", help="Maximum number of settings to measure")
    add(
        "--strategy",
        default="basic",
        help="How settings are proposed: basic, mse, random, exhaustive, bayesian or tpe, which "
        "needs optuna (default: %(default)s)",
    )
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="Seed of samples and graphs (default: %(default)s)",
    )
    add_threads(group)


def run(arguments: argparse.Namespace) -> int:
    from vecq.tuning import Limits, tune

    targets = {
        name: output_file(path, name)
        for name in ("settings", "out")
        if (path := getattr(arguments, name))
    }
    if "out" in targets:
        _require_page()
    names = ("metric", "k", "objective", "strategy", "confidence", "seed", "threads")
    found = tune(
        read_vectors(arguments.vectors, "vectors", "train"),
        arguments.queries and read_vectors(arguments.queries, "queries", "test"),
        **{name: getattr(arguments, name) for name in names},
        accuracy=_accuracy(arguments),
        limits=Limits(arguments.memory, arguments.time, arguments.trials),
        exclude=arguments.exclude and read_id_lists(arguments.exclude, "exclude", "seen"),
        heldout=arguments.heldout and read_id_lists(arguments.heldout, "heldout", "heldout"),
        users=arguments.users and read_vectors(arguments.users, "users", "test"),
    )
    print_result(arguments, found, values(found))
    sys.stdout.flush()  # before files are written, which may fail
    if "settings" in targets:
        targets["settings"].write_text(found.json() + "\n", encoding="utf-8")
    if "out" in targets:
        _write_page(found, targets["out"], Path(arguments.vectors).stem)
    if targets and not arguments.json:
        print("\n".join(_written(targets)))
    if found.met:
        return 0
    print(f"vecq tune: no settings reach the accuracy: {found.binding}", file=sys.stderr)
    return 1


def values(found: "Tuned") -> dict[str, Any]:
    """Return a tuning result as plain values, for JSON."""
    from vecq.tuning.result import plain

    alternatives = {
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
        **alternatives,
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


def _require_page() -> None:
    """Raise if a package of the page is missing, before hours are spent on tuning."""
    from vecq.bench.report.tuning import check

    check()


def _write_page(found: "Tuned", target: Path, data: str) -> None:
    from vecq.bench.report.tuning import write

    write(found, target, data)


def _written(targets: dict[str, Path]) -> list[str]:
    labels = {"settings": "settings, for vecq build and vecq search", "out": "report"}
    return ["", *(f"{labels[name]}: {path}" for name, path in targets.items())]

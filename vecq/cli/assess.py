"""vecq assess: what codes alone cost, no graph."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from vecq.cli.output import add_json, say
from vecq.cli.vectors import FORMATS, naming, read_vectors
from vecq.core.errors import ArgumentError

if TYPE_CHECKING:
    from vecq.quantization.assessment import Assessment

HELP = "measure what quantization alone costs in recall"
DESCRIPTION = f"""\
Measures what codes cost: exact search on them against exact search on float32, no graph involved.

VECTORS and the queries are files of
{FORMATS}.
Of files that hold several arrays, "train" and "test" are taken.

Examples:
  vecq assess items.npy --queries users.npy --k 100
  vecq assess glove-100-angular.hdf5 --queries glove-100-angular.hdf5 --metric cosine
  vecq assess items.npy --codec int8 --min-recall 0.98      exits with 1 if that is not kept
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("vectors", metavar="VECTORS", help="the items")
    parser.add_argument("--queries", metavar="FILE", help="what is searched for; items by default")
    parser.add_argument("--k", type=int, default=100, help="how many best count (%(default)s)")
    parser.add_argument("--metric", default="ip", help="ip, cosine or l2 (%(default)s)")
    parser.add_argument(
        "--codec", default="int8", help="one to ask about, or a,b,... (%(default)s)"
    )
    parser.add_argument("--query-bits", type=int, default=15, help="15, or 8 for coarser scores")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of 500 queries")
    parser.add_argument("--threads", type=int, default=0, help="0 for all cores")
    parser.add_argument(
        "--min-recall", type=float, metavar="SHARE", help="exit with 1 if the codec keeps less"
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from vecq.core.progress import Report
    from vecq.quantization.assessment import assess

    least = arguments.min_recall
    if least is not None and not 0 <= least <= 1:
        raise ArgumentError(f"min_recall is {least:g}, expected 0 to 1", "min_recall")
    vectors = read_vectors(arguments.vectors, "vectors", "train")
    queries = arguments.queries and read_vectors(arguments.queries, "queries", "test")
    files = naming(vectors=arguments.vectors, queries=arguments.queries)
    with files, Report(None, len(vectors)) as report:
        found = assess(
            vectors,
            queries,
            metric=arguments.metric,
            k=arguments.k,
            codecs=arguments.codec.split(","),
            query_bits=arguments.query_bits,
            seed=arguments.seed,
            threads=arguments.threads,
            progress=report,
        )
    say(arguments, found, _values(found))
    if least is None or found.recall >= least:
        return 0
    print(
        f"vecq assess: recall {found.recall:.4f} is below --min-recall {least:g}", file=sys.stderr
    )
    return 1


def _values(found: "Assessment") -> dict[str, Any]:
    """The table, for JSON: values of single dimensions are left out."""
    names = ("bytes_per_vector", "compression", "signal_to_noise", "score_error", "recall")
    costs = [
        {"codec": cost.codec.settings}
        | {name: getattr(cost, name) for name in names}
        | {"clipped": float(cost.clipped.mean())}
        for cost in found.costs
    ]
    about = ("metric", "k", "vectors", "dim", "queries", "own_queries", "recall")
    return {name: getattr(found, name) for name in about} | {"costs": costs}

"""vecq assess: measures what quantization alone costs in recall."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from vecq.cli.inputs import FORMATS, add_threads, errors_name_files, read_vectors
from vecq.cli.output import add_json, print_result
from vecq.core.errors import ArgumentError

if TYPE_CHECKING:
    from vecq.quantization.assessment import Assessment

HELP = "Measure the recall that quantization alone costs"
DESCRIPTION = f"""\
Compare brute-force search over codes with brute-force search over float32. No graph is involved,
so the difference is the cost of quantization alone. All code types are listed for comparison.

VECTORS and FILE may be
{FORMATS}.
Files with several arrays are read as data sets: vectors from "train", queries from "test".

Examples:
  vecq assess items.npy --queries users.npy --k 100
  vecq assess glove-100-angular.hdf5 --queries glove-100-angular.hdf5 --metric cosine
  vecq assess items.npy --codec int8 --min-recall 0.98    exits with 1 if recall is lower
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("vectors", metavar="VECTORS", help="Vectors that would be indexed (items)")
    add("--queries", metavar="FILE", help="Query vectors (default: a sample of VECTORS)")
    add("--k", type=int, default=100, help="Number of results per query (default: %(default)s)")
    add(
        "--metric",
        default="ip",
        help="Similarity: ip (inner product), cosine or l2 (default: %(default)s)",
    )
    add(
        "--codec",
        default="int8",
        metavar="C,...",
        help="Code types to assess: int4, int8, int12, int16, fp16, fp32; --min-recall applies to "
        "the last one (default: %(default)s)",
    )
    add(
        "--query-bits",
        type=int,
        default=15,
        metavar="BITS",
        help="Precision of quantized queries: 15 or 8 (default: %(default)s)",
    )
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="Seed of the sample of 500 queries (default: %(default)s)",
    )
    add(
        "--min-recall",
        type=float,
        metavar="RECALL",
        help="Exit with 1 if recall is below this value, 0 to 1",
    )
    add_threads(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from vecq.core.progress import Report
    from vecq.quantization.assessment import assess

    least = arguments.min_recall
    if least is not None and not 0 <= least <= 1:
        raise ArgumentError(f"min_recall is {least:g}, expected 0 to 1", "min_recall")
    vectors = read_vectors(arguments.vectors, "vectors", "train")
    queries = arguments.queries and read_vectors(arguments.queries, "queries", "test")
    files = errors_name_files(vectors=arguments.vectors, queries=arguments.queries)
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
    print_result(arguments, found, _values(found))
    if least is None or found.recall >= least:
        return 0
    print(
        f"vecq assess: recall {found.recall:.4f} is below --min-recall {least:g}", file=sys.stderr
    )
    return 1


def _values(found: "Assessment") -> dict[str, Any]:
    """Return the table as plain values; clipping per dimension is averaged."""
    names = ("bytes_per_vector", "compression", "signal_to_noise", "score_error", "recall")
    costs = [
        {"codec": cost.codec.settings}
        | {name: getattr(cost, name) for name in names}
        | {"clipped": float(cost.clipped.mean())}
        for cost in found.costs
    ]
    about = ("metric", "k", "vectors", "dim", "queries", "own_queries", "recall")
    return {name: getattr(found, name) for name in about} | {"costs": costs}

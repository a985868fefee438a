"""vecq recommend: recommendations for all users of a table, as a job that can be resumed."""

import argparse
import sys
import time
from typing import Any

from vecq.cli.filters import add_filters, read_filters
from vecq.cli.inputs import add_threads
from vecq.cli.output import add_json, print_result
from vecq.core.arguments import whole

HELP = "Recommend items to all users of a table"
DESCRIPTION = """\
Find the k items of an index that score highest for each user of a table, without those that the
user has seen. Memory is bounded for any number of users and seen items. A job that was killed
continues when it is started again with the same files and options.

USERS and --seen may be .parquet, .arrow or .csv files (vectors not in .csv), or folders of them.
Seen items are one pair of a user and an item per row, in any order. The output has a row per user:
the id, and the lists "ids" and "scores", best first.

Examples:
  vecq recommend items.vecq users.parquet --k 500 --out recs.parquet
  vecq recommend items.vecq users.parquet --seen interactions.parquet --out recs.parquet
  vecq recommend items.vecq users.parquet --seen log.csv --item-column sku --out recs.parquet
"""
# Seconds between lines of progress where stderr is no terminal.
LINE_SECONDS = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("index", metavar="INDEX", help="Index file")
    add("users", metavar="USERS", help="Table of users and their vectors")
    add("--out", required=True, metavar="FILE.parquet", help="File to write recommendations to")
    add("--seen", metavar="TABLE", help="Table of pairs of a user and an item to leave out")
    add("--k", type=int, default=100, metavar="N", help="Items per user (default: %(default)s)")
    add_threads(parser)
    columns = parser.add_argument_group("columns")
    for name, text in (
        ("user", "Column of users in both tables (default: user, user_id, ...)"),
        ("vector", "Column of vectors in USERS (default: the only one of lists of numbers)"),
        ("item", "Column of items in --seen (default: item, item_id, ...)"),
    ):
        columns.add_argument(f"--{name}-column", metavar="NAME", help=text)
    search = parser.add_argument_group("search")
    search.add_argument("--ef", type=int, metavar="N", help="Beam width, as of vecq search")
    search.add_argument(
        "--probes",
        type=int,
        metavar="N",
        help="Score the N nearest cells for each user, which takes less time for a large k; INDEX "
        "needs cells, see vecq build --partition (default: walk the graph)",
    )
    search.add_argument(
        "--target-recall",
        type=float,
        metavar="RECALL",
        help="Instead of --ef and --probes: the least effort that reaches this recall, by the "
        "recall curve that INDEX stores",
    )
    add_filters(search)
    limits = parser.add_argument_group("limits")
    limits.add_argument(
        "--memory-mb",
        type=int,
        default=1024,
        metavar="MB",
        help="Memory for seen items; more are split into files by user (default: %(default)s)",
    )
    limits.add_argument(
        "--part-users",
        type=int,
        metavar="N",
        help="Users of a part, which is the work that a kill loses (default: about 64 MiB)",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from vecq.batch.recommend import recommend
    from vecq.index import Index

    strings = Index.open(arguments.index).id_type == "str"
    given = {name: getattr(arguments, name) for name in ("ef", "probes", "target_recall")}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    options |= read_filters(arguments, strings)
    done = recommend(
        arguments.index,
        arguments.users,
        out=arguments.out,
        seen=arguments.seen,
        k=arguments.k,
        threads=arguments.threads,
        user_column=arguments.user_column,
        vector_column=arguments.vector_column,
        item_column=arguments.item_column,
        memory_bytes=whole(arguments.memory_mb, "memory_mb", 1, 1 << 30) << 20,
        part_users=arguments.part_users,
        progress=None if sys.stderr.isatty() else Lines(arguments.out),
        **options,
    )
    print_result(arguments, str(done), vars(done))
    return 0


class Lines:
    """Prints a line of progress now and then, with the time left: for logs."""

    def __init__(self, name: str) -> None:
        self._name, self._start = name, time.monotonic()
        self._first: int | None = None
        self._due = self._start + LINE_SECONDS

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._first is None:  # earlier parts count at once, and tell no speed
            self._first = done
        if now < self._due:
            return
        self._due = now + LINE_SECONDS
        speed = (done - self._first) / (now - self._start)
        left = ""
        if total > done and speed > 0:
            minutes, seconds = divmod(int((total - done) / speed), 60)
            left = f", {minutes}:{seconds:02} left"
        of = f" of {total:,}" if total > done else ""
        print(
            f"{self._name}: {done:,}{of} users, {speed:,.0f} users/s{left}",
            file=sys.stderr,
            flush=True,
        )

"""vecq search: the best items for each query of a file."""

import argparse
import csv
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from vecq.cli.output import as_json
from vecq.cli.settings import SEARCH, read_search_settings
from vecq.cli.vectors import FORMATS, check_target, naming, read_ids, read_lists, read_vectors
from vecq.core.errors import ArgumentError

HELP = "find the best items for each query"
DESCRIPTION = f"""\
Finds the best items of an index for each query, and prints them as CSV, or as JSON with a query in
each line.

QUERIES is a file of
{FORMATS}.
Of files that hold several arrays, "test" is taken. What --exclude names holds ids for each
query: a CSR matrix that scipy.sparse.save_npz wrote, or a data set with what users have seen.

Examples:
  vecq search items.vecq users.npy --k 10 | head
  vecq search items.vecq users.npy --k 500 --threads 0 --out found.npz
  vecq search items.vecq users.npy --k 100 --target-recall 0.99 --json > found.jsonl
  vecq search items.vecq users.npy --settings best.json
  vecq search items.vecq shop.hdf5 --k 100 --exclude shop.hdf5 --allow in-stock.txt
"""
# Queries that tell which ef it takes to reach a recall.
CALIBRATED = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("index", metavar="INDEX", help="an index file")
    parser.add_argument("queries", metavar="QUERIES", help="vectors to search for")
    parser.add_argument("--k", type=int, help="items for each query (10)")
    parser.add_argument("--ef", type=int, help="candidates: more find more, more slowly (k + 100)")
    parser.add_argument("--plan", help="auto, walk, step_over, or scan: score every item (auto)")
    parser.add_argument(
        "--target-recall",
        type=float,
        metavar="SHARE",
        help="in place of --ef: measure what it takes",
    )
    parser.add_argument(
        "--exclude", metavar="FILE", help="ids not to answer a query with, for each"
    )
    parser.add_argument("--allow", metavar="FILE", help="ids that may be answered: .npy or text")
    parser.add_argument("--deny", metavar="FILE", help="ids that may not: .npy or text")
    parser.add_argument(
        "--rerank-factor", type=float, help="candidates per item to score on wider codes"
    )
    parser.add_argument("--query-bits", type=int, help="15, or 8 for coarser scores (15)")
    parser.add_argument(
        "--settings", metavar="FILE.json", help="of searches, as vecq tune writes them"
    )
    parser.add_argument("--threads", type=int, default=1, help="0 for all cores (%(default)s)")
    parser.add_argument(
        "--out", metavar="FILE", help=".npz (ids, scores, counts), .npy (ids), .csv or .jsonl"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of CSV")


def run(arguments: argparse.Namespace) -> int:
    from vecq import open as open_index

    target = arguments.out and check_target(arguments.out, "out")
    write = _writer(target, arguments.json)
    index = open_index(arguments.index)
    queries = read_vectors(arguments.queries, "queries", "test")
    filters = _filters(arguments)
    settings = _settings(arguments)
    files = {name: getattr(arguments, name) for name in ("queries", "allow", "deny", "exclude")}
    with naming(**files):
        if arguments.target_recall is not None:
            index.measure_recall(queries[:CALIBRATED], settings["k"])
        start = time.perf_counter()
        found = index.search(
            queries,
            **settings,
            target_recall=arguments.target_recall,
            **filters,
            threads=arguments.threads,
        )
    seconds = time.perf_counter() - start
    write(found)
    if target:
        speed = len(found.ids) / max(seconds, 1e-9)
        print(
            f"{target}: {len(found.ids):,} queries in {seconds:.3g} s, {speed:,.0f} per second",
            file=sys.stderr,
        )
    return 0


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """How to search: by the arguments; what they do not say by a file; and else by default."""
    given = {name: getattr(arguments, name) for name in SEARCH}
    own = {name: value for name, value in given.items() if value is not None}
    read = read_search_settings(arguments.settings) if arguments.settings else {}
    if "ef" in own or arguments.target_recall is not None:  # in place of what the file says
        read = {name: value for name, value in read.items() if name not in ("ef", "plan")}
    return {"k": 10, **read, **own}


def _filters(arguments: argparse.Namespace) -> dict[str, Any]:
    """What may be answered: by query, and by all."""
    ids = {name: getattr(arguments, name) for name in ("allow", "deny")}
    filters: dict[str, Any] = {name: read_ids(path, name) for name, path in ids.items() if path}
    if arguments.exclude:
        filters["exclude"] = read_lists(arguments.exclude, "exclude", "seen")
    return filters


def _writer(target: Path | None, json: bool) -> Callable[[Any], None]:
    """What writes results to a file, by its suffix, or to standard output."""
    if target is None:
        return lambda found: (_write_json if json else _write_csv)(found, sys.stdout)
    writers: dict[str, Callable[[Any], None]] = {
        ".npz": lambda found: np.savez(
            target, ids=found.ids, scores=found.scores, counts=found.counts
        ),
        ".npy": lambda found: np.save(target, found.ids),
        ".csv": lambda found: _to_file(target, found, _write_csv),
        ".json": lambda found: _to_file(target, found, _write_json),
        ".jsonl": lambda found: _to_file(target, found, _write_json),
    }
    if target.suffix not in writers:
        raise ArgumentError(
            f"out is {str(target)!r}, expected a file of {', '.join(writers)}", "out"
        )
    return writers[target.suffix]


def _to_file(target: Path, found: Any, write: Callable[[Any, TextIO], None]) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        write(found, file)


def _rows(found: Any) -> Iterator[tuple[int, list[int], list[float]]]:
    """Number, ids and scores of each query, without the places that nothing was found for."""
    for number, count in enumerate(found.counts):
        yield number, found.ids[number, :count].tolist(), found.scores[number, :count].tolist()


def _write_csv(found: Any, file: TextIO) -> None:
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(["query", "rank", "id", "score"])
    for query, ids, scores in _rows(found):
        best = enumerate(zip(ids, scores, strict=True), 1)
        lines.writerows([query, rank, item, f"{score:.7g}"] for rank, (item, score) in best)


def _write_json(found: Any, file: TextIO) -> None:
    for query, ids, scores in _rows(found):
        file.write(as_json({"query": query, "ids": ids, "scores": scores}) + "\n")

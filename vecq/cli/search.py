"""vecq search: finds the nearest items of each query in a file."""

import argparse
import csv
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from vecq.cli.filters import add_filters, read_filters
from vecq.cli.inputs import (
    FORMATS,
    add_threads,
    errors_name_files,
    read_id_lists,
    read_vectors,
)
from vecq.cli.output import add_json, as_json
from vecq.cli.settings import SEARCH, read_search_settings
from vecq.core.errors import ArgumentError
from vecq.storage.paths import output_file

HELP = "Find the nearest items of each query"
DESCRIPTION = f"""\
Find the k items of an index that score highest for each query. Print them as CSV (query, rank, id,
score), or as one JSON object per query. Higher scores are better: the inner product, the cosine,
or minus the squared l2 distance.

QUERIES may be a file of
{FORMATS}.
Files with several arrays are read as data sets: queries from "test".

Examples:
  vecq search items.vecq users.npy --k 10 | head
  vecq search items.vecq users.npy --k 500 --threads 0 --out results.npz
  vecq search items.vecq users.npy --k 100 --target-recall 0.99 --json > results.jsonl
  vecq search items.vecq users.npy --settings best.json       settings that vecq tune found
  vecq search items.vecq shop.hdf5 --k 100 --exclude shop.hdf5 --allow in-stock.txt
  vecq search items.vecq users.npy --where "price < 100 and stock"
"""
PLANS = ("auto", "walk", "step_over", "scan", "probe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("index", metavar="INDEX", help="Index file")
    add("queries", metavar="QUERIES", help="Query vectors")
    add("--k", type=int, metavar="N", help="Number of results per query (default: 10)")
    add_threads(parser, default=1)
    _add_effort(parser.add_argument_group("recall and speed"))
    _add_exclude(filters := parser.add_argument_group("filters"))
    add_filters(filters)
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out",
        metavar="FILE",
        help="Write results to a file: .npz (ids, scores, counts), .npy (ids), .csv or .jsonl",
    )
    add_json(output, "Print one JSON object per query instead of CSV")


def _add_effort(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--ef",
        type=int,
        metavar="N",
        help="Beam width, as efSearch: larger is slower with higher recall (default: k + 100, "
        "with codes in planes at least 1.25 k + 8)",
    )
    add(
        "--target-recall",
        type=float,
        metavar="RECALL",
        help="Instead of --ef and --probes: choose the least effort that reaches this recall, by "
        "the recall curve that INDEX stores",
    )
    add(
        "--recall-queries",
        metavar="FILE",
        help="With --target-recall: measure the recall curve on these queries; needed if INDEX "
        "stores none",
    )
    add(
        "--plan",
        choices=PLANS,
        help="How to search: auto (the cheapest by estimate), walk (the graph), step_over (the "
        "graph, without scoring rejected items), scan (score every allowed item) or probe (score "
        "the nearest cells, see vecq build --partition) (default: auto)",
    )
    add(
        "--probes",
        type=int,
        metavar="N",
        help="Cells to score for each query, which implies --plan probe (default: enough for "
        "most results)",
    )
    add(
        "--rerank-factor",
        type=float,
        metavar="FACTOR",
        help="Rescore FACTOR * k candidates on the second code of an index built with "
        "--rerank-codec; 0 for none (default: as many as were measured)",
    )
    add(
        "--query-bits",
        type=int,
        metavar="BITS",
        help="Precision of quantized queries: 15, or 8 for faster, coarser scores (default: 15)",
    )
    add(
        "--settings",
        metavar="FILE.json",
        help="Read settings from a JSON file, as vecq tune writes it; options take precedence",
    )


def _add_exclude(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--exclude",
        metavar="FILE",
        help="Ids to leave out for each query: a .npz CSR matrix saved by scipy.sparse.save_npz, "
        'or a data set with "seen" items',
    )


def run(arguments: argparse.Namespace) -> int:
    from vecq import open as open_index

    target = arguments.out and output_file(arguments.out, "out")
    write = _writer(target, arguments.json)
    index = open_index(arguments.index)
    queries = read_vectors(arguments.queries, "queries", "test")
    filters = read_filters(arguments, index.id_type == "str")
    if arguments.exclude:
        filters["exclude"] = read_id_lists(arguments.exclude, "exclude", "seen")
    settings = _settings(arguments)
    _prepare_target_recall(arguments, index, settings["k"])
    names = ("queries", "allow", "deny", "exclude")
    with errors_name_files(**{name: getattr(arguments, name) for name in names}):
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
            f"{target}: {len(found.ids):,} queries in {seconds:.3g} s, {speed:,.0f} queries/s",
            file=sys.stderr,
        )
    return 0


def _prepare_target_recall(arguments: argparse.Namespace, index: Any, k: int) -> None:
    """Measure the recall curve on --recall-queries, or require that the index stores one."""
    if arguments.recall_queries:
        if arguments.target_recall is None:
            raise ArgumentError(
                "recall_queries is given without --target-recall, which it is for",
                "recall_queries",
            )
        queries = read_vectors(arguments.recall_queries, "recall_queries", "test")
        with errors_name_files(queries=arguments.recall_queries):
            index.measure_recall(queries, k, threads=arguments.threads)
        return
    needed = arguments.target_recall is not None and arguments.ef is None
    if needed and index.recall_curve is None:
        raise ArgumentError(
            f"target_recall needs a recall curve, which {arguments.index} does not store: give "
            "--recall-queries FILE here, or to vecq build",
            "target_recall",
        )


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return arguments of Index.search: options first, then the settings file, then defaults."""
    given = {name: getattr(arguments, name) for name in SEARCH}
    own = {name: value for name, value in given.items() if value is not None}
    read = read_search_settings(arguments.settings) if arguments.settings else {}
    replaced = ("ef", "probes", "plan")
    if own.keys() & {"ef", "probes"} or arguments.target_recall is not None:
        read = {name: value for name, value in read.items() if name not in replaced}
    return {"k": 10, **read, **own}


def _writer(target: Path | None, json: bool) -> Callable[[Any], None]:
    """Return a function that writes results to stdout, or to a file by its suffix."""
    if target is None:
        return lambda found: (_write_json if json else _write_csv)(found, sys.stdout)
    writers: dict[str, Callable[[Any], None]] = {
        ".npz": lambda found: np.savez(
            target, ids=_plain_ids(found), scores=found.scores, counts=found.counts
        ),
        ".npy": lambda found: np.save(target, _plain_ids(found)),
        ".csv": lambda found: _write_text(target, found, _write_csv),
        ".json": lambda found: _write_text(target, found, _write_json),
        ".jsonl": lambda found: _write_text(target, found, _write_json),
    }
    if target.suffix not in writers:
        raise ArgumentError(
            f"out is {str(target)!r}, expected a file of {', '.join(writers)}", "out"
        )
    return writers[target.suffix]


def _plain_ids(found: Any) -> Any:
    """Return ids as an array that needs no pickle; no result is an empty string."""
    ids = found.ids
    return np.where(ids == None, "", ids).astype(str) if ids.dtype == object else ids  # noqa: E711


def _write_text(target: Path, found: Any, write: Callable[[Any, TextIO], None]) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        write(found, file)


def _rows(found: Any) -> Iterator[tuple[int, list[int], list[float]]]:
    """Yield number, ids and scores of each query, without empty places at the end."""
    for number, count in enumerate(found.counts):
        yield number, found.ids[number, :count].tolist(), found.scores[number, :count].tolist()


def _write_csv(found: Any, file: TextIO) -> None:
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(["query", "rank", "id", "score"])
    for query, ids, scores in _rows(found):
        ranked = enumerate(zip(ids, scores, strict=True), 1)
        lines.writerows([query, rank, item, f"{score:.7g}"] for rank, (item, score) in ranked)


def _write_json(found: Any, file: TextIO) -> None:
    for query, ids, scores in _rows(found):
        file.write(as_json({"query": query, "ids": ids, "scores": scores}) + "\n")

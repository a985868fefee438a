"""vecq data factorize: tables of items and users, with vectors made of their interactions."""

import argparse
from typing import Any

from vecq.cli.inputs import add_threads
from vecq.cli.output import print_result
from vecq.core.errors import ArgumentError
from vecq.storage.paths import output_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("source", metavar="SOURCE", help="Interactions: .csv, .tsv, .parquet, .txt, .data or .dat")
    add("items", metavar="ITEMS", help="Parquet file to write: item (text), vector")
    add("users", metavar="USERS", help="Parquet file to write: user (text), vector")
    for column in ("user", "item", "weight", "time"):
        text = f"Name of the {column} column (default: recognized by its name or place)"
        add(f"--{column}", metavar="COLUMN", help=text)
    add(
        "--model",
        default="als",
        help="Factorization: als or bpr, by the package implicit (default: %(default)s)",
    )
    add("--iterations", type=int, metavar="N", help="Iterations of the model (default: its own)")
    for name, default, text in (
        ("factors", 64, "Dimension of the vectors"),
        ("seed", 0, "Seed of the model"),
    ):
        text = f"{text} (default: %(default)s)"
        add(f"--{name}", type=int, default=default, metavar="N", help=text)
    add_threads(parser)


def run(arguments: argparse.Namespace) -> None:
    from vecq.datasets import interactions

    targets = {name: output_file(getattr(arguments, name), name) for name in ("items", "users")}
    for name, path in targets.items():
        if path.suffix != ".parquet":
            raise ArgumentError(f"{name} is {str(path)!r}, expected a .parquet file", name)
    columns = {name: getattr(arguments, name) for name in ("user", "item", "weight", "time")}
    table = interactions.read_interactions(arguments.source, **columns)[0].merged()
    users, items = interactions.factorize(
        table,
        arguments.factors,
        model=arguments.model,
        iterations=arguments.iterations,
        seed=arguments.seed,
        threads=arguments.threads,
    )
    _write(targets["items"], "item", table.item_names, items)
    _write(targets["users"], "user", table.user_names, users)
    values = {
        "items": len(items),
        "users": len(users),
        "dim": items.shape[1],
        "interactions": len(table),
    }
    text = (
        f"{targets['items']}: {len(items):,} items, {targets['users']}: {len(users):,} users, "
        f"vectors of {items.shape[1]} numbers from {len(table):,} interactions"
    )
    print_result(arguments, text, values)


def _write(path: Any, column: str, names: list[str], vectors: Any) -> None:
    """Write a table of ids and vectors."""
    from vecq.batch.sources import arrow

    pa = arrow()
    kind = pa.list_(pa.float32(), vectors.shape[1])
    flat = pa.array(vectors.ravel())
    lists = pa.FixedSizeListArray.from_arrays(flat, type=kind)
    pa.parquet.write_table(pa.table({column: pa.array(names), "vector": lists}), path)

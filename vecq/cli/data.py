"""vecq data: lists, downloads, generates and converts data sets."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecq.cli import factorize
from vecq.cli.inputs import add_threads
from vecq.cli.output import add_json, print_result
from vecq.core.arguments import whole
from vecq.core.errors import ArgumentError

if TYPE_CHECKING:
    from vecq.datasets import Dataset, Entry

HELP = "List, download, generate and convert data sets"
DESCRIPTION = """\
Manage data sets. A data set is a .hdf5 file in the layout of ann-benchmarks, a .npz file, or a
folder with one file per array: "train" (items), "test" (queries), exact "neighbors" and
"distances", and for recommendations the "seen" and "heldout" items of each user.

Examples:
  vecq data list                                   named data sets, and which are downloaded
  vecq data get glove-100-angular                  download; an interrupted download resumes
  vecq data make million --rows 1000000 --dim 128  generate items, users and their choices
  vecq data convert items.npy items.fbin           convert a file of vectors
  vecq data convert items.npy items.hdf5 --queries users.npy --metric ip --truth 100
  vecq data import-interactions ratings.csv movies.hdf5 --factors 128
  vecq data factorize ratings.csv items.parquet users.parquet     for vecq build and recommend

Downloads are stored in $VECQ_DATA, or in ~/.cache/vecq/datasets. For the options of an action, see
vecq data ACTION --help.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", dest="action", required=True, metavar="ACTION")
    _add(actions, "list", "List the named data sets")
    get = _add(actions, "get", "Download a named data set and print its path")
    get.add_argument("name", metavar="NAME", help="Name of a data set, see vecq data list")
    _add_make(_add(actions, "make", "Generate a recommendation data set: items, users, choices"))
    _add_convert(_add(actions, "convert", "Convert a data set or a file of vectors, by suffix"))
    _add_import(
        _add(
            actions,
            "import-interactions",
            "Factorize user-item interactions into a recommendation data set",
        )
    )

    factorize.add_arguments(
        _add(actions, "factorize", "Factorize interactions into tables of items and users")
    )


def run(arguments: argparse.Namespace) -> int:
    actions = {
        "list": _list,
        "get": _get,
        "make": _make,
        "convert": _convert,
        "import-interactions": _import,
        "factorize": factorize.run,
    }
    actions[arguments.action](arguments)
    return 0


def _add(actions: Any, name: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=f"{text}.")
    add_json(parser)
    return parser


def _add_vectors(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        *("--vectors", "-v"),
        default="npy",
        metavar="FORMAT",
        help="Format of vectors if OUT is a folder: npy, fbin, fvecs, ... (default: %(default)s)",
    )


def _add_numbers(parser: argparse.ArgumentParser, options: dict[str, tuple[int, str]]) -> None:
    """Add options that take an integer, each with its default and its help."""
    for name, (default, text) in options.items():
        text = f"{text} (default: %(default)s)"
        parser.add_argument(f"--{name}", type=int, default=default, metavar="N", help=text)


def _add_make(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT", help="A .hdf5 or .npz file, or a folder (any size)")
    numbers = {
        "rows": (50_000, "Number of items"),
        "dim": (64, "Dimension of vectors"),
        "users": (2000, "Number of users, which are the queries"),
        "seed": (0, "Seed of the generator"),
        "truth": (100, "Number of exact neighbors to store per user"),
    }
    _add_numbers(parser, numbers)
    _add_vectors(parser)
    add_threads(parser)


def _add_convert(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("source", metavar="SOURCE", help="A data set (name, file or folder) or a file of vectors")
    add("out", metavar="OUT", help="A .hdf5, .npz or vector file, or a folder")
    add("--queries", metavar="FILE", help="Query vectors (default: those of SOURCE)")
    add("--metric", help="Similarity: ip, cosine or l2 (default: that of SOURCE, or ip)")
    add("--rows", type=int, metavar="N", help="Keep only the first N vectors (default: all)")
    add("--column", metavar="NAME", help="Column of vectors in a Parquet or Arrow file")
    add("--field", metavar="ARRAY", help="Array to write if OUT is a vector file: train, test, ...")
    truth = "Number of exact neighbors to compute per query; 0 keeps those of SOURCE"
    _add_numbers(parser, {"truth": (0, truth)})
    _add_vectors(parser)
    add_threads(parser)


def _add_import(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("source", metavar="SOURCE", help="Interactions: .csv, .tsv, .parquet, .txt, .data or .dat")
    add(
        "out",
        metavar="OUT",
        help="A .hdf5 or .npz file, or a folder; ids of SOURCE are written to OUT.items.txt and "
        "OUT.users.txt, one line per row",
    )
    add("--heldout", metavar="FILE", help="Held-out interactions (default: split them off SOURCE)")
    add(
        "--share",
        type=float,
        default=0.2,
        help="Fraction of each user's items to hold out (default: %(default)s)",
    )
    for column in ("user", "item", "weight", "time"):
        text = f"Name of the {column} column (default: recognized by its name or place)"
        add(f"--{column}", metavar="COLUMN", help=text)
    add(
        "--model",
        default="als",
        help="Factorization: als or bpr, by the package implicit (default: %(default)s)",
    )
    add("--iterations", type=int, metavar="N", help="Iterations of the model (default: its own)")
    numbers = {
        "factors": (64, "Dimension of the embeddings"),
        "users": (10_000, "Maximum number of users that become queries"),
        "seed": (0, "Seed of the model and the split"),
        "truth": (1000, "Number of exact neighbors to store per user"),
    }
    _add_numbers(parser, numbers)
    _add_vectors(parser)
    add_threads(parser)


def _list(arguments: argparse.Namespace) -> None:
    from vecq import datasets

    rows = [_values_of(entry) for entry in datasets.ENTRIES]
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    print(
        f"{'name':<28}{'rows':>13}{'dim':>5}{'queries':>9}  {'metric':<8}{'size':>9}  {'':<6}"
        f"{'checked by':<12}{'license':<10}about"
    )
    for row in rows:
        size = "" if row["bytes"] is None else f"{row['bytes'] / 1e9:,.1f} GB"
        print(
            f"{row['name']:<28}{row['rows']:>13,}{row['dim']:>5}{row['queries']:>9,}  "
            f"{row['metric']:<8}{size:>9}  {'here' if row['here'] else '':<6}"
            f"{row['checked'] or '-':<12}{row['license'] or '-':<10}{row['about']}"
        )
    print(
        "\nchecked by: how a download is verified, by a published checksum or size of every file"
        "\n-: no checksum, size or license is published, as far as we know"
    )
    print(f"\nDownloads are stored in {datasets.cache()}")


def _values_of(entry: "Entry") -> dict[str, Any]:
    names = (
        "name",
        "rows",
        "dim",
        "queries",
        "metric",
        "about",
        "license",
        "home",
        "here",
        "checked",
    )
    return {
        **{name: getattr(entry, name) for name in names},
        "bytes": entry.size,
        "addresses": [remote.address for _, remote in entry.files],
        "path": str(entry.path) if entry.files else None,
    }


def _get(arguments: argparse.Namespace) -> None:
    from vecq import datasets

    entry = datasets.find(arguments.name)
    path = entry.get()
    print_result(arguments, path, _values_of(entry))


def _make(arguments: argparse.Namespace) -> None:
    from vecq import datasets

    _check_truth(arguments)
    size = arguments.rows, arguments.dim, arguments.users
    options = {"seed": arguments.seed, "k": arguments.truth, "threads": arguments.threads}
    if datasets.format_of(arguments.out) != "folder":
        data = datasets.recommendations(*size, **options)
        datasets.save(data, arguments.out)
    else:
        data = datasets.write_recommendations(
            arguments.out, *size, vectors=arguments.vectors, **options
        )
    _print_data(data, arguments)


def _convert(arguments: argparse.Namespace) -> None:
    from vecq import datasets

    _check_truth(arguments)
    if Path(arguments.out).suffix in datasets.MATRIX_SUFFIXES:
        _convert_matrix(arguments)
        return
    datasets.format_of(arguments.out)
    data = datasets.load(
        *(arguments.source, arguments.queries, arguments.metric),
        rows=arguments.rows,
        column=arguments.column,
    )
    if arguments.truth:
        data = datasets.with_truth(data, arguments.truth, threads=arguments.threads)
    datasets.save(data, arguments.out, arguments.vectors)
    _print_data(data, arguments)


def _convert_matrix(arguments: argparse.Namespace) -> None:
    """Write one matrix: that of a vector file, or one array of a data set."""
    from vecq import datasets

    suffix = Path(arguments.out).suffix
    if arguments.field not in ("neighbors", "distances"):
        why = f"{suffix} files hold a single matrix, without neighbors"
        _refuse_unused(arguments, ["truth"], why)
    if Path(arguments.source).suffix in datasets.MATRIX_SUFFIXES and arguments.field is None:
        _refuse_unused(arguments, ["queries", "metric"], f"{suffix} files hold vectors only")
        rows = datasets.read_matrix(arguments.source, arguments.column)
    else:
        data = datasets.load(
            arguments.source, arguments.queries, arguments.metric, column=arguments.column
        )
        if arguments.truth:
            data = datasets.with_truth(data, arguments.truth, threads=arguments.threads)
        arrays = {name: array for name, array in data.arrays().items() if array.ndim == 2}
        if arguments.field not in arrays:
            raise ArgumentError(
                f"field is {arguments.field!r}, expected one of {', '.join(arrays)}, as "
                f"{suffix} files hold a single matrix",
                "field",
            )
        rows = arrays[arguments.field]
    if arguments.rows is not None:
        rows = rows[: whole(arguments.rows, "rows", 1, len(rows))]
    datasets.write_matrix(arguments.out, rows)
    shape = {"path": arguments.out, "rows": len(rows), "dim": rows.shape[1]}
    print_result(arguments, f"{arguments.out}: {shape['rows']:,} x {shape['dim']}", shape)


def _check_truth(arguments: argparse.Namespace) -> None:
    """Raise for an invalid --truth before any other work is done."""
    whole(arguments.truth, "truth", 0, 2**31 - 1)


def _refuse_unused(arguments: argparse.Namespace, names: Sequence[str], why: str) -> None:
    for name in names:
        if getattr(arguments, name):
            raise ArgumentError(f"{name} is {getattr(arguments, name)!r}, but {why}", name)


def _import(arguments: argparse.Namespace) -> None:
    from vecq import datasets
    from vecq.datasets import interactions

    _check_truth(arguments)
    datasets.format_of(arguments.out)
    columns = {name: getattr(arguments, name) for name in ("user", "item", "weight", "time")}
    paths = [arguments.source, *filter(None, [arguments.heldout])]
    tables = [table.merged() for table in interactions.read_interactions(*paths, **columns)]
    seen, heldout = (
        tables
        if arguments.heldout
        else interactions.split(tables[0], arguments.share, seed=arguments.seed)
    )
    data = interactions.recommend_from(
        seen,
        heldout,
        Path(arguments.out).stem,
        factors=arguments.factors,
        model=arguments.model,
        iterations=arguments.iterations,
        most_users=arguments.users,
        k=arguments.truth,
        seed=arguments.seed,
        threads=arguments.threads,
    )
    datasets.save(data, arguments.out, arguments.vectors)
    users = interactions.choose_users(seen, heldout, arguments.users, arguments.seed)
    names = {
        "items": seen.item_names,
        "users": [seen.user_names[user] for user in users],
    }
    _write_names(Path(arguments.out), names)
    _print_data(data, arguments)


def _write_names(out: Path, names: dict[str, list[str]]) -> None:
    """Write the source's names of rows to OUT.items.txt and OUT.users.txt, line i for row i."""
    for kind, own in names.items():
        text = "".join(f"{name}\n" for name in own)
        out.with_name(f"{out.name}.{kind}.txt").write_text(text, encoding="utf-8")


def _print_data(data: "Dataset", arguments: argparse.Namespace) -> None:
    """Print what was written."""
    rows, dim = data.train.shape
    values = {
        "path": arguments.out,
        "metric": data.metric,
        "rows": rows,
        "dim": dim,
        "queries": len(data.test),
        "arrays": list(data.arrays()),
    }
    print_result(arguments, f"{arguments.out}: {data!r}", values)

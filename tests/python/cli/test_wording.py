"""Messages of the library advise options and commands when they are printed on the command line."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import vecq
from vecq.cli.wording import REMEDIES

SEARCH = ("plain.vecq", "users.npy")
# A command for each remedy, whose message has it.
CASES = {
    "call index.measure_recall(queries)": (
        *("recommend", "plain.vecq", "users.parquet", "--vector-column", "vector"),
        *("--out", "out.parquet", "--target-recall", "0.9"),
    ),
    "call measure_recall again, or give ef": (
        "search",
        "grown.vecq",
        "users.npy",
        "--target-recall",
        "0.9",
    ),
    "call partition() first; refit and compact drop them": ("search", *SEARCH, "--probes", "3"),
    'vecq.Index(..., rerank_codec="fp16") keeps one': ("search", *SEARCH, "--rerank-factor", "2"),
    "which are declared by attributes= when it is made": (
        *("search", *SEARCH, "--where", "price < 1"),
    ),
    "with rerank_codec or a larger m": ("search", "poor.vecq", "users.npy", "--target-recall", "1"),
    "choose another by attributes": (
        *("build", "users.parquet", "out.vecq", "--vector-column", "vector"),
        *("--attribute", "price:bool"),
    ),
    "choose it by column=": ("build", "items.npy", "out.vecq", "--users", "users.parquet"),
    "vecq.assess measures": ("build", "far.npy", "far.vecq", "--metric", "cosine"),
}


@pytest.fixture(scope="module")
def files(shell, load):
    items, users = load("items.npy"), load("users.npy")
    vecq.Index(32).add(items).save(shell.folder / "plain.vecq")
    grown = vecq.Index(32).add(items[:100])
    grown.measure_recall(users)
    grown.add(items, np.arange(100, 2100)).save(shell.folder / "grown.vecq")
    poor = vecq.Index(32, m=2, ef_construction=2, link="metric").add(items)
    poor.measure_recall(users)
    poor.save(shell.folder / "poor.vecq")
    table = {"user": range(40), "vector": list(users), "other": list(users)}
    parquet.write_table(pa.table(table), shell.folder / "users.parquet")
    far = np.random.default_rng(0).standard_normal((2000, 16), np.float32)
    np.save(shell.folder / "far.npy", 1000 + far)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("python", REMEDIES)
def test_calls_become_commands(shell, python):
    words = CASES[python]
    is_warning = "far.npy" in words
    text = shell(*words, code=0 if is_warning else 2).stderr
    assert REMEDIES[python] in text
    assert python not in text
    assert len(text.splitlines()) == 1


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("--k is 0, expected a whole number", ("search", *SEARCH, "--k", "0")),
        ("--ef and --target-recall are both", ("search", *SEARCH, "--ef=9", "--target-recall=1")),
        ("--memory-mb is 0", ("recommend", *SEARCH, "--out", "out.parquet", "--memory-mb", "0")),
        (
            "expected one of vectors: name it by --vector-column",
            ("recommend", "plain.vecq", "users.parquet", "--out", "out.parquet"),
        ),
        # Names of files and columns stay as they are.
        ("--ids: id_column.txt does not", ("build", "items.npy", "x", "--ids", "id_column.txt")),
        (
            "expected one named 'id_column': choose another by --id-column",
            ("build", "users.parquet", "x", "--vector-column=vector", "--id-column=id_column"),
        ),
    ],
)
def test_arguments_become_options(shell, message, words):
    shell.refuses(message, *words)


@pytest.mark.usefixtures("files")
def test_warnings_name_options(shell):
    text = shell("build", "far.npy", "far.vecq", "--metric", "cosine").stderr
    assert "vectors: --codec int12 or --rerank-codec fp16 makes up for that" in text

"""vecq bench, as users call it."""

import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from vecq.bench.records import Build, Data, Point, Run, read

SMALL = "--quick --k 10 --regimes batch --repetitions 1 --threads 1 --isas="


def save_set(folder):
    rng = np.random.default_rng(1)
    train, test = (rng.standard_normal((count, 16), np.float32) for count in (1500, 30))
    with h5py.File(folder / "toy.hdf5", "w") as file:
        file["train"], file["test"] = train, test
        file.attrs["distance"] = "angular"


def test_it_ends_with_tables_a_verdict_and_files(shell):
    save_set(shell.folder)
    done = shell("bench", "toy.hdf5", *SMALL.split(), "--peers", "", "--out", "runs/first")
    assert "QPS at equal recall@10" in done.stdout
    assert "Accuracy: exact search on the codes" in done.stdout
    assert "INT8 keeps" in done.stdout
    assert "report: runs/first.html" in done.stdout
    assert (shell.folder / "runs/first.html").read_text().startswith("<!doctype html>")
    records = read(shell.folder / "runs/first.jsonl")
    assert isinstance(records[0], Run)
    assert "bench toy.hdf5" in records[0].command
    assert {one.contender for one in records if isinstance(one, Build)} == {
        "vecq fp32",
        "vecq int8",
    }
    assert "building vecq int8" in done.stderr


def test_a_contender_of_ones_own_comes_from_the_working_folder(shell):
    save_set(shell.folder)
    (shell.folder / "mine.py").write_text(
        "import numpy as np\n"
        "from vecq.bench import Adapter\n"
        "class Index(Adapter):\n"
        "    name = 'mine'\n"
        "    def build(self, vectors, metric, threads):\n"
        "        self.vectors = vectors\n"
        "    def search(self, queries, k):\n"
        "        return np.zeros((len(queries), k), int), None\n"
    )
    done = shell(
        *("bench", "toy.hdf5", *SMALL.split(), "--codecs", "int8", "--peers", "mine:Index"),
        *("--out", "run"),
    )
    assert "faults of mine on toy: " in done.stdout
    assert "ids repeat" in done.stdout
    points = [one for one in read(shell.folder / "run.jsonl") if isinstance(one, Point)]
    mine = [point for point in points if point.contender == "mine"]
    assert mine
    assert all("repeat" in point.error for point in mine)


def test_what_is_wrong_with_contenders_stands_on_the_page(shell):
    """From broken classes of a user to what the page says of each."""
    save_set(shell.folder)
    broken = Path(__file__).parents[1] / "bench" / "broken_indexes.py"
    shutil.copy(broken, shell.folder / "broken_indexes.py")
    expected = {
        "Random": "recall@10 is far below the others",
        "Duplicates": "ids repeat within a query",
        "RaisesOnConstruction": "the build failed: ImportError: no license",
        "RaisesOnBuild": "the build failed: RuntimeError: no memory",
        "RaisesOnLadder": "IndexError: no rungs (2 of 2 points)",
        "RaisesOnSearch": "KeyError: &#39;lost&#39;",
        "Dies": "the build failed: killed its process (SIGSEGV)",
        "DiesLater": "killed its process (SIGSEGV)",
    }
    peers = ",".join(f"broken_indexes:{name}" for name in expected)
    words = "--quick --k 10 --regimes single,batch --repetitions 1 --threads 1 --isas="
    shell("bench", "toy.hdf5", *words.split(), "--peers", peers, "--out", "run")
    text = (shell.folder / "run.html").read_text()
    alarm = re.search(r'<section class="alarm".*?</section>', text, re.S)[0]
    shown = dict(re.findall(r"<h3>(.*?) on toy</h3>\s*<ul>(.*?)</ul>", alarm, re.S))
    assert len(shown) == len(expected)
    for fault in expected.values():
        assert any(fault in one for one in shown.values()), fault
    assert not any(name.startswith("vecq") for name in shown), shown
    assert "INT8 keeps" in text


def test_vectors_and_queries_of_ones_own(shell):
    done = shell(
        *("bench", "items.npy", *SMALL.split(), "--queries", "users.npy", "--metric", "l2"),
        *("--codecs", "int8", "--peers=", "--out", "own", "--plots", "plots"),
    )
    assert "plots: plots" in done.stdout
    assert {path.suffix for path in (shell.folder / "plots").iterdir()} == {".svg"}
    (data,) = (one for one in read(shell.folder / "own.jsonl") if isinstance(one, Data))
    assert (data.rows, data.queries, data.metric) == (2000, 40, "l2")


@pytest.mark.parametrize("out", [".", "/", "..", "folder", "items.npy/run"])
def test_where_nothing_can_be_written_nothing_is_measured(shell, out):
    (shell.folder / "folder").mkdir(exist_ok=True)
    done = shell("bench", "items.npy", "--quick", "--out", out, code=2)
    assert out.split("/")[0] in done.stderr
    assert "building" not in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("items.npy", "--metric", "dot"), "metric is 'dot', expected one of ip, cosine, l2"),
        (("items.npy", "--queries", "nix.npy"), "nix.npy: no such file"),
        (("nothing-of-that-name",), "nothing-of-that-name"),
        (("toy.hdf5", "--k", "ten"), "k is ['ten'], expected whole numbers"),
        (("toy.hdf5", "--k", "5000"), "k is 5,000, but toy has 1,500 rows"),
        (("toy.hdf5", "--codecs", "int7"), "codecs has 'int7'"),
        (("toy.hdf5", "--peers", "annoy"), "peers has 'annoy'"),
        (("toy.hdf5", "--regimes", "fast"), "expected some of single, batch"),
        (("toy.hdf5", "--isas", "mmx"), "isas has 'mmx'"),
        (("toy.hdf5", "--peer-m", "0"), "--peer-m is [0], expected whole numbers from 1"),
    ],
)
def test_what_a_user_got_wrong_is_told_in_a_line(shell, words, message):
    save_set(shell.folder)
    done = shell("bench", *words, "--quick", code=2)
    assert message in done.stderr
    assert done.stdout == ""

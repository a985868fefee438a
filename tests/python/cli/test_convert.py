import numpy as np
import pytest

import vecq


@pytest.fixture(scope="module")
def index(shell):
    shell("build", "items.npy", "own.vecq", "--metric", "cosine", "--m", 8)
    return vecq.open(shell.folder / "own.vecq")


@pytest.mark.parametrize("name", ["a.faiss", "a.bin", "a.hnswlib"])
def test_there_and_back(index, name, shell, load):
    found = shell.json("convert", "own.vecq", name)
    assert (found["rows"], found["dim"], found["metric"]) == (2000, 32, "cosine")
    assert found["file_bytes"] == (shell.folder / name).stat().st_size
    space = () if name.endswith(".faiss") else ("--metric", "cosine", "--dim", 32)
    told = shell(
        "convert", name, "back.vecq", *space, "--codec", "int16", "--rerank-codec", "fp32"
    ).stdout
    metric = "ip" if name.endswith(".faiss") else "cosine"
    assert f"2,000 x 32 int16 reranked by fp32, {metric}, m=8" in told
    back = vecq.open(shell.folder / "back.vecq")
    pairs = zip(*(one.search(load("users.npy"), 10).ids for one in (index, back)), strict=True)
    assert np.mean([np.isin(a, b).mean() for a, b in pairs]) > 0.9


def test_ids_for_faiss(index, shell):
    shell("convert", "own.vecq", "b.faiss")
    np.save(shell.folder / "numbers.npy", np.arange(2000) + 10**9)
    shell("convert", "b.faiss", "b.vecq", "--ids", "numbers.npy")
    assert vecq.open(shell.folder / "b.vecq").ids.min() == 10**9


def test_mistakes(index, shell):
    shell("convert", "own.vecq", "c.bin")
    shell.refuses("--metric and --dim", "convert", "c.bin", "c.vecq")
    shell.refuses(
        "vectors of 32 numbers", "convert", "c.bin", "c.vecq", "--metric", "l2", "--dim", 9
    )
    shell.refuses("expected a file of .vecq", "convert", "own.vecq", "c.xyz")
    shell.refuses("no index of vecq, hnswlib or faiss", "convert", "items.npy", "c.vecq")
    shell.refuses("c.none", "convert", "c.none", "c.vecq")
    shell.refuses("does not exist", "convert", "own.vecq", "none/c.bin")
    shell.refuses(
        "expected one of", "convert", "c.bin", "c.vecq", "--metric", "manhattan", "--dim", 32
    )


def test_options_that_would_be_ignored(index, shell):
    shell("convert", "own.vecq", "d.faiss")
    shell("convert", "own.vecq", "d.bin")
    for source, options in {
        "own.vecq": ("--metric", "--dim", "--ids", "--codec", "--rerank-codec"),
        "d.faiss": ("--metric", "--dim"),
        "d.bin": ("--ids",),
    }.items():
        for option in options:
            value = 32 if option == "--dim" else "fp16"
            shell.refuses(f"{option} is", "convert", source, "d.vecq", option, value)


@pytest.mark.parametrize("kind", ["IxF2 IndexFlatL2", "IwFl IndexIVFFlat", "IHNp IndexHNSWPQ"])
def test_kinds_of_faiss_that_are_not_converted(kind, shell):
    letters, name = kind.split()
    (shell.folder / "e.faiss").write_bytes(letters.encode() + bytes(100))
    shell.refuses(f"an {name} of faiss, which can't", "convert", "e.faiss", "e.vecq")

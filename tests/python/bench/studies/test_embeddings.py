"""The generator of text embeddings: the texts it finds, the model, and a set of a few of them."""

import sys
from itertools import chain

import numpy as np
import pytest
from scipy import special
from studies import embeddings, minilm

from vecq.datasets import load

MODULE = '''"""Module number {place} computes the {place}th power of a matrix."""
class A:
    """Short.

    A paragraph of class {place} that is long
    enough to be kept.

    >>> print("an example that is long enough to be kept as well")
    """
'''


def need_the_model():
    for package in ("tokenizers", minilm.PACKAGE):
        pytest.importorskip(
            package, reason=f"{package} IS NOT INSTALLED: the embedding model goes untested"
        )


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "package"
    home.mkdir()
    for place in range(40):
        (home / f"m{place}.py").write_text(MODULE.format(place=place))
    (home / "broken.py").write_text("def")
    return home


def test_texts_are_paragraphs_of_docstrings(folder):
    texts = list(embeddings.texts_of(folder))
    assert len(texts) == 80
    assert "A paragraph of class 7 that is long enough to be kept." in texts
    assert "Module number 7 computes the 7th power of a matrix." in texts


def test_texts_are_distinct_limited_and_in_an_order_of_the_seed(folder, capsys):
    twice = {"one": folder, "two": folder}
    first = embeddings.collected(twice, 30, seed=0)
    assert len(set(first)) == len(first) == 30
    assert first == embeddings.collected(twice, 30, seed=0)
    assert first != embeddings.collected(twice, 30, seed=1)
    assert "     80 texts of one\n      0 texts of two\n" in capsys.readouterr().out


def test_python_itself_is_a_source():
    assert next(iter(embeddings.sources()))[0] == f"Python {sys.version.split()[0]}"


def test_gelu_is_that_of_the_normal_distribution():
    values = np.linspace(-12, 12, 4001, dtype=np.float32)
    exact = values.astype(np.float64) * special.ndtr(values.astype(np.float64))
    assert np.abs(minilm.gelu(values) - exact).max() < 2e-6


def test_batches_have_one_length_and_name_every_text_once():
    rng = np.random.default_rng(0)
    tokens = [[0] * int(length) for length in rng.integers(1, 9, 2000)] + [[0] * 700]
    found = list(minilm.batches(tokens))
    assert sorted(chain.from_iterable(found)) == list(range(len(tokens)))
    for chosen in found:
        assert len({len(tokens[one]) for one in chosen}) == 1
        assert len(chosen) == 1 or len(chosen) * len(tokens[chosen[0]]) <= minilm.BATCH_TOKENS


def test_similarities_are_those_of_the_model():
    """The example on the page of the model, whose similarities are published there."""
    need_the_model()
    texts = [
        "That is a happy person",
        "That is a happy dog",
        "That is a very happy person",
        "Today is a sunny day",
    ]
    vectors = minilm.MiniLM().encode(texts)
    assert np.allclose(vectors[:1] @ vectors[1:].T, [[0.695, 0.943, 0.257]], atol=5e-4)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_long_texts_are_cut():
    need_the_model()
    model = minilm.MiniLM(max_tokens=8)
    first, second = model.encode(["one two three four five six " + end for end in ("x", "y z")])
    assert np.array_equal(first, second)


def test_a_set_of_a_few_texts(folder, tmp_path, monkeypatch, capsys):
    need_the_model()
    monkeypatch.setattr(embeddings, "sources", lambda: iter([("test 1.0", folder)]))
    out = tmp_path / "texts.hdf5"
    monkeypatch.setattr(sys, "argv", ["embeddings", str(out), "--rows", "60", "--queries", "10"])
    embeddings.main()
    data = load(out)
    assert (data.metric, data.train.shape, data.test.shape) == ("cosine", (60, 384), (10, 384))
    exact = np.argsort(-(data.test @ data.train.T), axis=1)
    assert (data.neighbors[:, 0] == exact[:, 0]).all()
    assert data.distances.shape == (10, 60)
    assert "60 x 384" in capsys.readouterr().out


def test_too_few_texts_are_refused(folder):
    with pytest.raises(SystemExit, match="2 texts were found, expected more than 2 queries"):
        embeddings.embedded("few", ["a", "b"], 2, 32)

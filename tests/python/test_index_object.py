"""The Index as a Python object: pickles, copies, context managers, properties, notebooks."""

import copy
import pickle

import numpy as np
import pytest

import vecq

ITEMS = np.random.default_rng(0).standard_normal((500, 16), np.float32)


def built(**options):
    return vecq.Index(16, "cosine", m=8, ef_construction=60, **options).add(ITEMS, threads=1)


@pytest.mark.parametrize(
    "copied", [lambda own: pickle.loads(pickle.dumps(own)), copy.copy, copy.deepcopy]
)
def test_copies_are_equal_and_independent(copied):
    index = built(rerank_codec="fp16")
    index.measure_recall(ITEMS[:50], k=10)
    found = copied(index)
    assert repr(found) == repr(index)
    assert found.recall_curve == index.recall_curve is not None
    again, own = found.search(ITEMS[:5], 10), index.search(ITEMS[:5], 10)
    np.testing.assert_array_equal(again.ids, own.ids)
    np.testing.assert_array_equal(again.scores, own.scores)
    found.add(ITEMS[:1]).remove([3])
    assert (len(index), len(found)) == (500, 500)
    assert 3 in index
    assert 3 not in found


def test_an_empty_index_and_one_of_a_read_only_file_pickle(tmp_path):
    assert len(pickle.loads(pickle.dumps(vecq.Index(3))).add(np.eye(3))) == 3
    built().save(tmp_path / "a.vecq")
    opened = pickle.loads(pickle.dumps(vecq.open(tmp_path / "a.vecq")))
    assert len(opened.add(ITEMS[:1])) == 501  # a copy has no file that it could harm


def test_with_closes(tmp_path, refuse):
    built().save(tmp_path / "a.vecq")
    with vecq.open(tmp_path / "a.vecq") as index:
        in_stock = vecq.Filter(index, allow=range(100))
        assert index.search(ITEMS[:1], 5, allow=in_stock).counts.tolist() == [5]
    assert repr(index) == index._repr_html_() == "<vecq.Index, closed>"
    for call in (
        lambda: index.search(ITEMS[:1], 5),
        lambda: index.add(ITEMS[:1]),
        lambda: index.save(tmp_path / "b.vecq"),
        lambda: index.stats(),
        lambda: len(index),
        lambda: pickle.dumps(index),
    ):
        refuse("index", "closed", call)
    index.close()
    assert len(in_stock) == 100


def test_properties(tmp_path):
    codec = vecq.Codec("int16", scale="global")
    index = vecq.Index(16, "inner_product", codec, m=9, ef_construction=77, rerank_codec="fp32")
    index.add(ITEMS).save(tmp_path / "a.vecq")
    for own in (index, vecq.open(tmp_path / "a.vecq")):
        assert (own.dim, own.metric, own.m, own.ef_construction) == (16, "ip", 9, 77)
        assert repr(own.codec) == repr(codec)
        assert own.rerank_codec.kind == "fp32"
        assert own.recall_curve is None


def test_notebooks_get_tables():
    index = built()
    shown = index._repr_html_()
    assert "vecq.Index of 500 x 16 int8, cosine, m=8" in shown
    assert "ef_construction" in shown
    found = index.search(ITEMS[:40], 30)._repr_html_()
    assert found.count("<tr>") == 21
    assert "0 (1)" in found
    assert "-1" not in index.search(ITEMS[:1], 900)._repr_html_()
    assert found.count("<polyline") == 20
    shown = vecq.assess(ITEMS, k=10)._repr_html_()
    assert "recall@10" in shown
    assert shown.count("<rect") == 12  # bytes and recall of six codecs

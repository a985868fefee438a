"""VecqModel beside the exact recommendations of implicit."""

import pickle
import tracemalloc

import implicit
import numpy as np
import pytest
import scipy.sparse as scipy_sparse

import vecq
from vecq.integrations.implicit import VecqModel

# It would like BLAS to have one thread, which makes it faster and not more right.
pytestmark = pytest.mark.filterwarnings("ignore:OpenBLAS:RuntimeWarning")

USERS, ITEMS, N = 600, 2000, 20


@pytest.fixture(scope="module")
def likes():
    rng = np.random.default_rng(0)
    tastes = rng.standard_normal((USERS, 8)) @ rng.standard_normal((8, ITEMS))
    popular = rng.lognormal(0, 1, ITEMS)
    chosen = np.argpartition(-(tastes + popular), 60, axis=1)[:, :60]
    picked = np.take_along_axis(chosen, rng.permuted(np.tile(np.arange(60), (USERS, 1)), axis=1), 1)
    rows = np.repeat(np.arange(USERS), 30)
    values = np.ones(len(rows), np.float32)
    return scipy_sparse.csr_matrix((values, (rows, picked[:, :30].ravel())), (USERS, ITEMS))


@pytest.fixture(scope="module", params=["als", "bpr"])
def model(request, likes):
    if request.param == "als":
        model = implicit.als.AlternatingLeastSquares(16, iterations=5, random_state=0)
    else:
        model = implicit.bpr.BayesianPersonalizedRanking(15, iterations=30, random_state=0)
    model.fit(likes, show_progress=False)
    return model


def agreement(found, exact):
    return np.mean([np.isin(a, b).mean() for a, b in zip(found, exact, strict=True)])


def test_many_users_at_a_time(model, likes):
    users = np.arange(USERS)[::-1]
    exact, expected = model.recommend(users, likes[users], N)
    ids, scores = VecqModel(model, "fp32").recommend(users, likes[users], N)
    assert (ids.shape, ids.dtype, scores.dtype) == (exact.shape, exact.dtype, expected.dtype)
    assert agreement(ids, exact) > 0.99
    assert np.allclose(scores, expected, atol=2e-3, rtol=1e-2)
    for user, found in zip(users, ids, strict=True):
        assert not np.isin(found, likes[user].indices).any()


@pytest.mark.parametrize("count", [10, 100])
def test_by_default_99_of_100_are_the_models_own(model, likes, count):
    own, users = VecqModel(model), np.arange(USERS)
    exact = model.recommend(users, likes, count)[0]
    assert agreement(own.recommend(users, likes, count)[0], exact) >= 0.99
    singly = [own.recommend(user, likes[user], count)[0] for user in users]
    assert agreement(singly, exact) >= 0.99


@pytest.mark.parametrize(("codec", "wide"), [("int8", "fp16"), ("int16", None), ("fp32", None)])
def test_only_int8_is_reranked_by_default(model, codec, wide):
    assert repr(VecqModel(model, codec).index) == repr(
        VecqModel(model, vecq.Codec(codec), wide).index
    )
    assert "reranked" not in repr(VecqModel(model, codec, None).index)


def test_one_user(model, likes):
    own = VecqModel(model, "fp32")
    ids, scores = own.recommend(7, likes[7], N)
    exact, expected = model.recommend(7, likes[7], N)
    assert (ids.shape, scores.shape) == (exact.shape, expected.shape)
    assert agreement([ids], [exact]) > 0.9
    many = own.recommend([7], likes[[7]], N)
    assert (many[0].shape, many[0][0].tolist()) == ((1, N), ids.tolist())


def test_filters(model, likes):
    own, users = VecqModel(model, "fp32"), np.arange(50)
    everything = model.recommend(users, likes[users], N, filter_already_liked_items=False)[0]
    found = own.recommend(users, likes[users], N, filter_already_liked_items=False)[0]
    assert agreement(found, everything) > 0.98
    assert agreement(own.recommend(users, None, N, filter_already_liked_items=False)[0], found) == 1
    banned = np.unique(everything[:, :3])
    exact = model.recommend(users, likes[users], N, filter_items=banned)[0]
    found = own.recommend(users, likes[users], N, filter_items=banned)[0]
    assert not np.isin(found, banned).any()
    assert agreement(found, exact) > 0.98
    few = own.recommend(users, likes[users], N, items=np.arange(10))
    expected = model.recommend(users, likes[users], N, items=np.arange(10))
    assert few[0].shape == expected[0].shape == (50, 10)
    assert few[0].max() < 10
    assert (few[0] == -1).any()
    assert (few[1][few[0] == -1] < -1e38).all()


def test_users_are_made_anew(model, likes):
    if not isinstance(model, type(implicit.als.AlternatingLeastSquares())):
        pytest.skip("only ALS makes users")
    users = np.arange(20)
    exact = model.recommend(users, likes[users + 20], N, recalculate_user=True)[0]
    found = VecqModel(model, "fp32").recommend(users, likes[users + 20], N, recalculate_user=True)[
        0
    ]
    assert agreement(found, exact) > 0.97


def test_all_else_is_the_models_own(model, likes):
    own = VecqModel(model)
    assert own.user_factors is model.user_factors
    assert own.similar_items(3)[0].tolist() == model.similar_items(3)[0].tolist()
    with pytest.raises(AttributeError):
        _ = own.nothing_of_the_kind


def test_items_like_others_by_an_index(model, likes):
    own = VecqModel(model, "fp32", approximate_similar_items=True)
    popular = np.bincount(likes.indices, minlength=ITEMS).argsort()[::-1]
    numbers = popular[:50]
    for options in ({}, {"filter_items": popular[:5]}, {"items": popular[100:300]}):
        exact, expected = model.similar_items(numbers, N, **options)
        ids, scores = own.similar_items(numbers, N, **options)
        assert (ids.shape, scores.dtype) == (exact.shape, expected.dtype)
        assert agreement(ids, exact) > 0.98
        same = ids == exact
        assert np.allclose(scores[same], expected[same], atol=2e-3)
    ids, scores = own.similar_items(numbers[0], N)
    assert (ids[0], ids.shape, scores.shape) == (numbers[0], (N,), (N,))
    assert scores[0] > 0.999
    again = pickle.loads(pickle.dumps(own))
    assert again.similar_items(numbers[0], N)[0].tolist() == ids.tolist()


def test_what_is_learnt_later_is_in_the_index(likes):
    first = implicit.als.AlternatingLeastSquares(16, iterations=2, random_state=0)
    first.fit(likes[:, ::-1], show_progress=False)
    own = VecqModel(first, "fp32", approximate_similar_items=True)
    assert own.fit(likes, show_progress=False) is None
    users = np.arange(USERS)
    exact = first.recommend(users, likes, N)[0]
    assert agreement(own.recommend(users, likes, N)[0], exact) > 0.99

    who = scipy_sparse.random(3, USERS, 0.3, "csr", dtype="f4", random_state=0)
    who.data[:] = 50
    own.partial_fit_items([5, ITEMS, ITEMS + 2], who)
    assert len(own.index) == len(first.item_factors) == ITEMS + 3
    wide = scipy_sparse.csr_matrix((likes.data, likes.indices, likes.indptr), (USERS, ITEMS + 3))
    exact = first.recommend(users, wide, N)[0]
    assert np.isin([5, ITEMS], exact).any()
    assert agreement(own.recommend(users, wide, N)[0], exact) > 0.99
    found = own.similar_items([5, ITEMS], N)[0]
    assert agreement(found, first.similar_items([5, ITEMS], N)[0]) > 0.9
    assert agreement(found[:, :1], [[5], [ITEMS]]) == 1

    own.partial_fit_users([USERS], likes[:1])
    assert len(own.recommend(USERS, likes[0], N)[0]) == N


def test_items_made_anew(likes):
    model = implicit.als.AlternatingLeastSquares(16, iterations=2, random_state=0)
    model.fit(likes, show_progress=False)
    own, who = VecqModel(model, "fp32", approximate_similar_items=True), likes.T.tocsr()[[8, 9]]
    exact = model.similar_items([3, 5], N, recalculate_item=True, item_users=who)[0]
    found = own.similar_items([3, 5], N, recalculate_item=True, item_users=who)[0]
    assert agreement(found, exact) > 0.9


def test_no_users(model, likes):
    for none in ([], np.array([], np.int64)):
        ids, scores = VecqModel(model).recommend(none, likes[np.array([], np.int64)], N)
        assert ids.shape == scores.shape == (0, N)


def test_pickle(model, likes):
    own = VecqModel(model)
    again = pickle.loads(pickle.dumps(own))
    assert again.recommend(3, likes[3], N)[0].tolist() == own.recommend(3, likes[3], N)[0].tolist()


def test_bad_arguments(model, likes, refuse):
    own = VecqModel(model)
    refuse("user_items", "CSR", own.recommend, 3, None)
    refuse("user_items", "CSR", own.recommend, 3, likes[3].tocoo())
    refuse("user_items", "expected 1", own.recommend, 3, likes)
    refuse("user_items", "columns", own.recommend, 3, scipy_sparse.csr_matrix((1, ITEMS + 1)))
    for bad in (-1, USERS):
        refuse("userid", "expected 0 to 599", own.recommend, bad, likes[3])
        refuse("items", "expected 0 to 1999", own.recommend, 3, likes[3], items=[5, bad * 9])
    for bad in (0.5, "a"):
        refuse("userid", "whole numbers", own.recommend, bad, likes[3])
        refuse("items", "whole numbers", own.recommend, 3, likes[3], items=[bad])
        refuse("filter_items", "whole numbers", own.recommend, 3, likes[3], filter_items=[bad])
    refuse("userid", "shape", own.recommend, [[3]], likes[3])
    refuse("items", "empty", own.recommend, 3, likes[3], items=[])
    for bad in (0, -1, "a"):
        refuse("N", "whole number", own.recommend, 3, likes[3], bad)
    near = VecqModel(model, approximate_similar_items=True)
    refuse("N", "whole number", near.similar_items, 3, 0)
    refuse("itemid", "expected 0 to 1999", near.similar_items, ITEMS)
    refuse("model", "fitted", VecqModel, implicit.als.AlternatingLeastSquares())


class OnDevice:
    """The interface of implicit.gpu.Matrix: rows are selected on the device, then copied."""

    def __init__(self, rows):
        self.rows, self.shape, self.copied = rows, rows.shape, 0

    def __getitem__(self, numbers):
        assert numbers.dtype == np.int32  # the only type that implicit's kernels take
        chosen = OnDevice(self.rows[numbers])
        chosen.to_numpy = lambda: self._copy(chosen.rows)
        return chosen

    def to_numpy(self):
        return self._copy(self.rows)

    def _copy(self, rows):
        self.copied += len(rows)
        return rows


def test_a_recommendation_converts_only_the_factors_it_needs(likes):
    model = implicit.als.AlternatingLeastSquares(16, iterations=1, random_state=0)
    model.fit(likes, show_progress=False)
    ids, _ = VecqModel(model, "fp32").recommend([3, 5], likes[[3, 5]], N)
    own = model.user_factors
    model.user_factors = np.tile(own, (200, 1)).astype(np.float64)
    wide = VecqModel(model, "fp32")
    tracemalloc.start()
    wide_ids, _ = wide.recommend([3, 5], likes[[3, 5]], N)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert agreement(wide_ids, ids) > 0.9
    assert peak < model.user_factors.nbytes / 20

    model.user_factors = OnDevice(own)
    remote = VecqModel(model, "fp32")
    before = model.user_factors.copied
    remote.recommend([3, 5], likes[[3, 5]], N)
    assert model.user_factors.copied - before == 2

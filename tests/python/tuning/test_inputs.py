"""Whatever is wrong with a call is refused by name."""

import numpy as np
import pytest

import vecq
from vecq.tuning import Space

USERS = np.random.default_rng(1).standard_normal((60, 24), np.float32)
LISTS = [[0]] * 60
BAD = np.where(np.arange(60)[:, None] == 7, np.float32(np.nan), USERS)


@pytest.mark.parametrize(
    ("argument", "message", "options"),
    [
        ("k", "from 1 to 3000", {"k": 3001}),
        ("k", "from 1 to 3000", {"k": 0}),
        ("metric", "expected one of", {"metric": "hamming"}),
        ("objective", "expected one of", {"objective": "speed"}),
        ("strategy", "expected one of", {"strategy": "luck"}),
        ("accuracy", "expected vecq.Relative", {"accuracy": 0.95}),
        ("limits", r"vecq\.Limits, such as", {"limits": {"time": 5}}),
        ("limits", "but the smallest index", {"limits": vecq.Limits(memory="1kB")}),
        ("space", r"vecq\.tuning\.Space", {"space": 7}),
        ("confidence", "at least 0.5", {"confidence": 95}),
        ("confidence", "less than 1", {"confidence": 1}),
        ("seed", "whole number", {"seed": -1}),
        ("threads", "whole number", {"threads": -1}),
        ("queries", "expected 24", {"queries": USERS[:, :5]}),
        ("queries", "at least 20", {"queries": USERS[:19]}),
        ("vectors", "not finite, in row 7", {"vectors": BAD}),
        ("vectors", "not finite, in row 7", {"vectors": BAD, "queries": None}),
        ("vectors", "no rows", {"vectors": USERS[:0]}),
        ("users", "not finite, in row 7", {"users": BAD}),
        ("queries", "has 0 that can be measured", {"exclude": [range(3000)] * 400}),
        ("queries", "not finite", {"queries": np.full((60, 24), np.nan, "f4")}),
        ("vectors", "too few to hold out", {"vectors": USERS, "queries": None}),
        ("heldout", "heldout is missing", {"accuracy": vecq.Ndcg(0.1)}),
        ("heldout", "one for each of 60", {"queries": USERS, "heldout": LISTS[:5]}),
        ("heldout", "numbers of rows", {"queries": USERS, "heldout": [[3000]] * 60}),
        ("heldout", "given without queries", {"queries": None, "heldout": LISTS}),
        ("exclude", "given without queries", {"queries": None, "exclude": LISTS}),
        ("exclude", "one for each of 60", {"queries": USERS, "exclude": LISTS[:5]}),
        ("users", "expected 24", {"users": USERS[:, :5]}),
    ],
)
def test_arguments(tune, refuse, argument, message, options):
    given = {"accuracy": vecq.Recall(0.9)} | options
    refuse(argument, message, tune, **given)


@pytest.mark.parametrize(
    ("argument", "make", "value"),
    [
        ("least", vecq.Recall, 1.5),
        ("least", vecq.Recall, 0),
        ("least", vecq.Ndcg, "much"),
        ("loss", vecq.Relative, -0.1),
        ("loss", vecq.Relative, 1),
        ("loss", vecq.Relative, float("nan")),
        ("memory", vecq.Limits, "lots"),
        ("memory", vecq.Limits, 0),
        ("memory", vecq.Limits, "0GB"),
        ("memory", vecq.Limits, True),
    ],
)
def test_criteria_and_limits(refuse, argument, make, value):
    refuse(argument, None, make, value)


def test_measures_have_names(refuse):
    refuse("of", "expected one of", vecq.Relative, 0.01, "clicks")


@pytest.mark.parametrize("options", [{"time": 0}, {"time": float("inf")}, {"trials": 0}])
def test_limits_that_allow_nothing(refuse, options):
    refuse(next(iter(options)), None, vecq.Limits, **options)


@pytest.mark.parametrize(
    "options",
    [
        *({"m": []}, {"m": [1]}, {"ef_construction": [0]}, {"query_bits": [3]}),
        *({"rerank_factors": [0.5]}, {"rerank_codecs": ["int9"]}, {"efs": [0]}, {"codecs": []}),
        *({"codecs": [vecq.Codec("int8", scale="dimension")]}, {"codecs": ["int9"]}),
        *(
            {"efs": []},
            {"m": 8},
            {"rerank_codecs": None},
            {"rerank_factors": None},
            {"query_bits": [9]},
        ),
        *({"codecs": "int8"}, {"efs": 100}, {"rerank_factors": []}, {"m": None}),
    ],
)
def test_spaces(refuse, options):
    refuse(next(iter(options)), None, Space, **options)


def test_spaces_take_any_numbers_once():
    space = Space(
        m=np.array([8, 16, 8]), efs=range(10, 12), rerank_codecs=[None], rerank_factors=[]
    )
    assert space.m == (8, 16)
    assert space.efs == (10, 11)
    assert all(type(value) is int for value in space.m)
    assert len(Space(codecs=["fp32", vecq.Codec("fp32")]).candidates("ip")) == 1


def test_users_with_nothing_left_to_find_are_left_out(tune, data):
    options = {"accuracy": vecq.Recall(0.9), "strategy": "mse"}
    everything = [range(len(data.items)) if user < 100 else [] for user in range(400)]
    found = tune(exclude=everything, **options)
    assert found.queries == 150
    assert found.met

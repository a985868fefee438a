"""The promise: what is chosen is accurate enough, on queries that nobody has seen."""

import importlib
import json
import warnings
from html import escape

import numpy as np
import pytest

import vecq
from vecq.datasets import recommendations

pytestmark = pytest.mark.filterwarnings("ignore::vecq.QuantizationWarning")


@pytest.mark.parametrize("least", [0.9, 0.97])
def test_the_recall_is_kept_on_fresh_queries(tune, data, recall, least):
    found = tune(accuracy=vecq.Recall(least))
    assert found.met
    assert found.accuracy >= least - 0.01
    low, high = found.interval
    assert low <= found.accuracy <= high
    kept = recall(found, data.items, data.fresh)
    assert low - found.interval.half <= kept <= high + found.interval.half


def test_the_least_effort_is_found(tune, space):
    """No smaller ef of those there are is accurate enough on the queries that tuned."""
    grid = space(codecs=["int8"], rerank_codecs=[None], m=[8], scans=False, efs=range(10, 120, 7))
    climbed = tune(accuracy=vecq.Recall(0.9), space=grid, strategy="mse")
    every = tune(accuracy=vecq.Recall(0.9), space=grid, strategy="exhaustive")
    met = [one.search.ef for one in every.trials if one.state == "met"]
    assert climbed.trials[0].search.ef == min(met)
    assert any(one.state == "missed" for one in every.trials)


def test_int8_with_a_wider_store_is_found_where_int8_falls_short(tune, space, hard):
    grid = space(codecs=["int8"])
    alone = vecq.assess(hard.items, hard.queries, k=10, codecs="int8").recall
    found = tune(hard.items, hard.queries, accuracy=vecq.Recall(0.97), space=grid)
    assert alone < 0.97
    assert found.met
    assert found.index_settings["rerank_codec"] == "fp32"
    assert found.search_settings["rerank_factor"] > 1


def test_hopeless_codes_are_pruned_before_a_graph_is_built(tune, space, hard):
    grid = space(codecs=["int8"], rerank_codecs=[None], scans=False)
    with pytest.warns(vecq.TuningWarning, match="nothing meets the criterion"):
        found = tune(hard.items, hard.queries, accuracy=vecq.Recall(0.99), space=grid)
    assert not found.met
    assert found.binding.startswith("the accuracy")
    assert "Nothing meets the criterion: the accuracy" in str(found)
    assert len(found.trials) == 1  # the best there is, to show how far it is


def test_a_graph_is_built_once_for_all_that_share_it(tune, space, monkeypatch):
    built = []
    add = vecq.Index.add
    monkeypatch.setattr(
        vecq.Index, "add", lambda self, *rows, **more: built.append(1) or add(self, *rows, **more)
    )
    grid = space(codecs=["int8"], m=[8], efs=[10, 20, 40])
    found = tune(strategy="exhaustive", accuracy=vecq.Recall(0.9), space=grid)
    assert len(built) == 1
    # Without rerank and with two factors, both query bits, three ef and a scan.
    assert len(found.trials) == 3 * 2 * 4


def test_memory_limits_what_is_chosen(tune, space, hard):
    grid = space(scans=False)
    options = {"accuracy": vecq.Recall(0.97), "space": grid, "objective": "memory"}
    free = tune(hard.items, hard.queries, **options)
    with pytest.warns(vecq.TuningWarning, match="limit of memory"):
        bound = tune(
            *(hard.items, hard.queries),
            **options,
            limits=vecq.Limits(memory=int(0.9 * free.chosen.bytes)),
        )
    assert not bound.met
    assert "memory" in bound.binding


@pytest.mark.parametrize("objective", ["latency", "memory", "build"])
def test_every_objective(tune, objective):
    found = tune(objective=objective, accuracy=vecq.Recall(0.9))
    assert found.met
    met = [one for one in found.trials if one.state == "met"]
    if objective == "memory":
        assert found.chosen.bytes <= 1.01 * min(one.bytes for one in met)
        assert found.index_settings["m"] == 8
    assert str(found)


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_every_metric(tune, metric):
    found = tune(metric=metric, accuracy=vecq.Recall(0.9))
    assert found.met
    assert json.loads(found.json())["metric"] == metric


def test_business_metrics(tune):
    shop = recommendations(2000, 16, 300, k=0)
    given = {"exclude": shop.seen, "heldout": shop.heldout, "k": 20}
    found = tune(shop.train, shop.test, accuracy=vecq.Relative(0.05, of="ndcg"), **given)
    assert found.met
    assert found.accuracy >= 0.9
    best = vecq.brute_force(shop.train, shop.test, k=20, exclude=shop.seen).ids
    rates = [
        np.isin(row, shop.heldout.row(user)).any()
        for user, row in enumerate(best)
        if len(shop.heldout.row(user))
    ]
    wanted = vecq.HitRate(0.8 * float(np.mean(rates)))
    assert tune(shop.train, shop.test, accuracy=wanted, **given).met


def test_held_out_vectors_are_not_in_the_index_that_they_search(tune, data):
    with pytest.warns(vecq.TuningWarning, match="queries were held out"):
        found = tune(queries=None, accuracy=vecq.Recall(0.9), k=1)
    assert found.own_queries
    assert found.queries == 150
    # One that found itself would always be right, at ef=1.
    assert found.met


def test_equal_items_count_as_equal(tune, data):
    twice = np.concatenate([data.items] * 2)
    assert tune(twice, accuracy=vecq.Recall(0.97), k=5).met


def test_stricter_costs_more_effort_than_looser(tune, space):
    grid = space(codecs=["int8"], rerank_codecs=[None], m=[8], scans=False)
    found = tune(accuracy=vecq.Recall(0.9), space=grid)
    efforts = [
        one.search_settings["ef"] for one in (found.looser, found.stricter) if one is not None
    ]
    assert efforts[0] <= found.search_settings["ef"] <= efforts[1]
    assert found.looser.criterion == vecq.Recall(0.8)
    assert "looser: recall of at least 0.8" in str(found)


def test_the_next_criteria_cost_in_the_unit_of_the_objective(tune, space, hard):
    grid = space(codecs=["int8"], rerank_factors=[1.5, 3.0, 9.0])
    options = {"space": grid, "objective": "memory", "strategy": "random"}
    found = tune(hard.items, hard.queries, accuracy=vecq.Recall(0.97), **options)
    assert " MB (" in found.looser.describe(found.chosen, "memory")
    # int8 alone is enough for far less.
    far = tune(hard.items, hard.queries, accuracy=vecq.Recall(0.8), **options)
    assert far.stricter.criterion.least == pytest.approx(0.9)
    assert far.stricter.trial.bytes >= far.chosen.bytes
    assert far.stricter.trial.accuracy >= 0.9


def test_another_graph_is_told_of_where_the_best_does_not_reach_a_criterion(tune, space):
    grid = space(codecs=["int8"], rerank_codecs=[None], m=[3, 24], scans=False, efs=[10, 60])
    options = {"space": grid, "objective": "memory", "strategy": "exhaustive"}
    found = tune(accuracy=vecq.Recall(0.6), **options)
    assert found.index_settings["m"] == 3
    assert found.stricter.index_settings["m"] == 24
    assert "m=24" in str(found).split("stricter: ")[1]
    none = tune(accuracy=vecq.Recall(0.98), **options)
    assert none.stricter.search_settings is None
    assert "no trial reaches it" in str(none)


def test_time_of_building_has_a_budget(tune, space, monkeypatch):
    """Where it is used up one more graph is tried, with many links, and that is all."""
    basic = importlib.import_module("vecq.tuning.strategies.basic_strategy")
    monkeypatch.setattr(basic, "BUILDS", 1.0)
    monkeypatch.setattr(basic, "SECONDS", 0.0)
    grid = space(codecs=["int8"], rerank_codecs=[None], m=[2, 3, 4, 24], scans=False, efs=[10, 40])
    found = tune(accuracy=vecq.Recall(0.9), space=grid, objective="memory")
    assert [one.build.graph.m for one in found.trials if one.measured][::2] == [2, 24]
    assert found.met


def test_ladders_that_end_short_are_cut(tune, space):
    grid = space(
        codecs=["int8"], rerank_codecs=[None], m=[2, 16], scans=False, efs=[10, 12, 14, 60]
    )
    found = tune(accuracy=vecq.Recall(0.9), space=grid, strategy="exhaustive")
    efs = {m: [one.search.ef for one in found.trials if one.build.graph.m == m] for m in (2, 16)}
    assert efs == {2: [60, 60], 16: [10, 12, 14, 60] * 2}  # of both query bits


def test_code_and_json_make_the_index(tune, data):
    found = tune(accuracy=vecq.Recall(0.9))
    names = {"items": data.items, "queries": data.queries}
    exec(found.code(), names)
    assert names["ids"].shape == (400, 10)
    settings = json.loads(found.json())
    assert settings["m"] == found.index_settings["m"]
    assert settings["search"] == {"k": 10, **found.search_settings}
    assert len(str(found).splitlines()) > len(found.trials)


def test_notebooks_get_a_plot_of_all_measured_trials(tune, space):
    found = tune(space=space(m=[8]))
    shown = found._repr_html_()
    measured = sum(trial.measured for trial in found.trials)
    assert shown.count("<circle") == shown.count("<tr>") - 1 == measured > 1
    assert shown.count(", chosen</td>") == 1
    assert escape(found.code()) in shown


def test_codecs_that_no_name_stands_for_survive_json(tune, space):
    codec = vecq.Codec("int8", rotate=False)
    grid = space(codecs=[codec], rerank_codecs=[None])
    found = tune(accuracy=vecq.Recall(0.9), space=grid)
    assert vecq.Codec(**json.loads(found.json())["codec"]).settings == codec.settings
    assert "codec=vecq.Codec('int8', rotate=False)" in found.code()


def test_the_default_space(tune, data):
    found = tune(data.items[:1000], accuracy=vecq.Recall(0.9), space=None)
    assert found.met
    assert len({one.build.codec.kind for one in found.trials}) >= 1


def test_too_few_queries_for_the_confidence_are_warned_of(tune, data):
    with pytest.warns(vecq.TuningWarning, match="too few for 99% confidence"):
        tune(queries=data.queries[:40], accuracy=vecq.Relative(0.01), confidence=0.99)


def test_nothing_is_warned_of_when_all_is_well(tune):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tune(accuracy=vecq.Recall(0.9))

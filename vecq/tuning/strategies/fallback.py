"""The trial to show if nothing meets the criterion: the most precise codes that fit the memory."""

from vecq.tuning.space import Build, Search
from vecq.tuning.strategies.variants import smallest_rerank_codec
from vecq.tuning.trial_runner import TrialRunner


def most_precise(runner: TrialRunner) -> None:
    """Measure the settings that come closest to the criterion, judging by their codes."""
    bits = runner.space.query_bits[0]
    # At least one codec fits: tune() refuses limits that exclude all.
    losses = [
        one for one in runner.screening.shortlist() if not runner.is_too_large(one.codec, None)
    ]
    loss = max(losses, key=lambda one: runner.screening.value(one, 0, bits))
    rerank_codec = smallest_rerank_codec(runner, loss)
    if rerank_codec is not None and runner.is_too_large(loss.codec, rerank_codec):
        rerank_codec = None
    rerank = (
        max(runner.space.rerank_factors) if rerank_codec and runner.space.rerank_factors else 0.0
    )
    build = Build(loss.codec, rerank_codec if rerank else None, runner.space.default_graph)
    runner.measure(build, Search(runner.ladder[-1], rerank, bits))

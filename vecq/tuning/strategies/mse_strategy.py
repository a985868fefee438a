"""The strategy "mse": codecs by quantization error, the coarsest first."""

from vecq.tuning.strategies.variants import variants_of
from vecq.tuning.trial_runner import TrialRunner


def mse(runner: TrialRunner) -> None:
    """Try ever more precise codecs on the default graph until one meets the criterion."""
    screening = runner.screening
    codecs = sorted(
        runner.space.candidates(runner.problem.metric), key=screening.error, reverse=True
    )
    for codec in codecs:
        variants = variants_of(runner, screening.loss(codec))
        runner.progress.plan(variants.trials(runner, scan=True))
        variants.attempt(runner, runner.space.default_graph, scan=True)
        if runner.met:
            return

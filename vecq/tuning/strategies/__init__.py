"""Ways through a space: each is a function that tries settings on a workbench.

They differ in which settings they try, and in what order. The workbench keeps the best.
"""

from vecq.tuning.strategies.basic import basic
from vecq.tuning.strategies.bayesian import bayesian
from vecq.tuning.strategies.mse import mse
from vecq.tuning.strategies.nearest import nearest
from vecq.tuning.strategies.sampled import exhaustive, random
from vecq.tuning.strategies.suggested import tpe
from vecq.tuning.workbench import Strategy

STRATEGIES: dict[str, Strategy] = {
    "basic": basic,
    "mse": mse,
    "random": random,
    "exhaustive": exhaustive,
    "bayesian": bayesian,
    "tpe": tpe,
}

__all__ = ["STRATEGIES", "nearest"]

"""Strategies: functions that choose which settings a TrialRunner tries, and in what order.

The runner keeps the best trial.
"""

from vecq.tuning.strategies.basic_strategy import basic
from vecq.tuning.strategies.bayesian_strategy import bayesian
from vecq.tuning.strategies.fallback import most_precise
from vecq.tuning.strategies.grid import exhaustive, random
from vecq.tuning.strategies.mse_strategy import mse
from vecq.tuning.strategies.tpe_strategy import tpe
from vecq.tuning.trial_runner import Strategy

STRATEGIES: dict[str, Strategy] = {
    "basic": basic,
    "mse": mse,
    "random": random,
    "exhaustive": exhaustive,
    "bayesian": bayesian,
    "tpe": tpe,
}

__all__ = ["STRATEGIES", "most_precise"]

"""Tuning: the settings that keep the accuracy that is needed and cost the least.

>>> items = numpy.random.default_rng(0).standard_normal((5000, 32), dtype="float32")
>>> best = vecq.tune(items[200:], items[:200], k=10, accuracy=vecq.Recall(0.9))
>>> print(best.code())
import vecq
...
"""

from vecq.tuning.criteria import HitRate, Ndcg, Recall, Relative
from vecq.tuning.limits import Limits
from vecq.tuning.result import Alternative, Tuned
from vecq.tuning.space import Space
from vecq.tuning.trial import Trial
from vecq.tuning.tuner import tune

__all__ = [
    "Alternative",
    "HitRate",
    "Limits",
    "Ndcg",
    "Recall",
    "Relative",
    "Space",
    "Trial",
    "Tuned",
    "tune",
]

"""What is wanted of settings that are accurate enough, and which of two have more of it."""

import math
from typing import Literal

from vecq.tuning.trial import Trial

Objective = Literal["qps", "latency", "memory", "build"]

# How much less counts as less: beyond what repetitions of a measurement differ by.
FASTER, LIGHTER, SOONER = 1.02, 1.005, 1.1

# What clocks decide.
TIMED = ("qps", "latency")

OBJECTIVES: dict[str, str] = {
    "qps": "queries per second, all in one call",
    "latency": "time of a query, one per call",
    "memory": "bytes of the index",
    "build": "seconds of building",
}


def gain(trial: Trial, objective: Objective, counted: bool) -> float:
    """What strategies steer by: more is better, and logarithms let factors count alike.

    Args:
        counted: go by what was counted, which repeats itself, and not by what clocks said.
    """
    graph = trial.build.graph
    cost = 1 / max(trial.qps, 1e-9)
    if objective == "memory":
        cost = trial.bytes
    elif objective == "build":
        linked = trial.bytes * graph.m * graph.ef_construction
        cost = linked if counted else trial.build_seconds
    elif counted:
        cost = trial.lines
    return -math.log(max(cost, 1e-9))


def better(one: Trial, other: Trial | None, objective: Objective, faster: float) -> bool:
    """Whether a trial beats an earlier one; within noise the earlier, simpler one stays.

    Args:
        faster: how many times the other's speed the trial had, measured in turns.
    """
    if other is None or (one.state == "met") != (other.state == "met"):
        return other is None or one.state == "met"
    if one.state != "met":
        return (one.state == "short", one.accuracy) > (other.state == "short", other.accuracy)
    less = 1.0
    if objective == "memory":
        less, noise = other.bytes / one.bytes, LIGHTER
    elif objective == "build":
        less, noise = other.build_seconds / one.build_seconds, SOONER
    if less != 1 and not 1 / noise <= less <= noise:
        return less > 1
    return faster > FASTER

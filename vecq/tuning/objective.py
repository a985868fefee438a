"""The objective of tuning: what strategies maximize, and which of two trials is better."""

import math
from typing import Literal

from vecq.tuning.trial import Trial

Objective = Literal["qps", "latency", "memory", "build"]

# Ratios that exceed the differences between repetitions of a measurement.
FASTER, LIGHTER, SOONER = 1.02, 1.005, 1.1

# Objectives that are measured by a clock.
TIMED = ("qps", "latency")

OBJECTIVES: dict[str, str] = {
    "qps": "queries per second, all in one call",
    "latency": "time of a query, one per call",
    "memory": "bytes of the index",
    "build": "seconds of building",
}


def gain(trial: Trial, objective: Objective, is_reproducible: bool) -> float:
    """Return the negative logarithm of a trial's cost, which strategies maximize.

    Args:
        trial: The trial.
        objective: The objective.
        is_reproducible: Use counts, which repeat exactly, in place of times.
    """
    graph = trial.build.graph
    cost = 1 / max(trial.qps, 1e-9)
    if objective == "memory":
        cost = trial.bytes
    elif objective == "build":
        linked = trial.bytes * graph.m * graph.ef_construction
        cost = linked if is_reproducible else trial.build_seconds
    elif is_reproducible:
        cost = trial.cache_lines
    return -math.log(max(cost, 1e-9))


def better(one: Trial, other: Trial | None, objective: Objective, faster: float) -> bool:
    """Return whether a trial beats an earlier one; within noise the earlier, simpler one stays.

    Args:
        one: The trial.
        other: The earlier trial, if any.
        objective: The objective.
        faster: Ratio of their speeds, measured in interleaved rounds.
    """
    if other is None or (one.state == "met") != (other.state == "met"):
        return other is None or one.state == "met"
    if one.state != "met":
        return (one.state == "missed", one.accuracy) > (other.state == "missed", other.accuracy)
    less = 1.0
    if objective == "memory":
        less, noise = other.bytes / one.bytes, LIGHTER
    elif objective == "build":
        less, noise = other.build_seconds / one.build_seconds, SOONER
    if less != 1 and not 1 / noise <= less <= noise:
        return less > 1
    return faster > FASTER

"""The libraries that can be measured: one small class each."""

from vecq.bench.adapters.adapter import Adapter
from vecq.bench.adapters.ladders import Setting
from vecq.bench.adapters.spec import PEERS, Spec, chosen

__all__ = ["PEERS", "Adapter", "Setting", "Spec", "chosen"]

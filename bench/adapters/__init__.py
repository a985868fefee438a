"""Adapters of the libraries that can be measured, one small class for each index type."""

from vecq.bench.adapters.adapter import Adapter
from vecq.bench.adapters.ladders import Setting
from vecq.bench.adapters.spec import PEERS, Spec, chosen

__all__ = ["PEERS", "Adapter", "Setting", "Spec", "chosen"]

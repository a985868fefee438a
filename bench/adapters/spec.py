"""Contenders by name: their classes and options, and whether their packages are installed."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from vecq import ArgumentError
from vecq.bench.adapters.adapter import Adapter

HERE = __name__.rpartition(".")[0]
CODECS = ("fp32", "fp16", "int16", "int12", "int8")


@dataclass(frozen=True)
class Spec:
    """A recipe for a contender, for this or another process."""

    target: str  # module:Class
    options: dict[str, Any] = field(default_factory=dict)
    own: bool = False  # a user's class

    def make(self) -> Adapter:
        """Make the adapter, without an index yet."""
        module, _, name = self.target.partition(":")
        adapter: Adapter = getattr(importlib.import_module(module), name)(**self.options)
        if "m" in self.options and not self.own and adapter.family == "peer":
            adapter.system, adapter.name = adapter.name, f"{adapter.name} M={self.options['m']}"
        return adapter

    def variants(self, values: Iterable[int], ef_construction: int) -> list["Spec"]:
        """Return the recipe for each value of M, or the recipe itself if it has no M to choose."""
        if self.own or not self.make().sweeps_m or "m" in self.options:
            return [self]
        options = {**self.options, "ef_construction": ef_construction}
        return [replace(self, options={**options, "m": value}) for value in values]


def _spec(target: str, **options: Any) -> Spec:
    return Spec(f"{HERE}.{target}", options)


PEERS = {
    "hnswlib": [_spec("hnswlib:Hnswlib")],
    "faiss": [_spec("faiss:FaissHnsw"), _spec("faiss:FaissHnswSq"), _spec("faiss:FaissIvf")],
    "usearch": [_spec("usearch:Usearch", codec=codec) for codec in ("fp32", "int8")],
    "svs": [_spec("svs:Svs", codec=codec) for codec in ("fp32", "lvq8")],
    "vsag": [_spec("vsag:Vsag", codec=codec) for codec in ("fp32", "sq8")],
    "zvec": [_spec("zvec:Zvec", codec=codec) for codec in ("fp32", "int8")],
}


def chosen(
    codecs: Iterable[str],
    peers: Iterable[str],
    peer_m: Iterable[int] = (16,),
    ef_construction: int = 200,
) -> tuple[list[Spec], list[str]]:
    """Return the contenders of these names, and a note for each that is not installed.

    Args:
        codecs: Codecs of vecq, one contender each.
        peers: Libraries, index types of theirs by name, or `module:Class`.
        peer_m: Values of M; graph indexes of peers are built with each. Default: 16.
        ef_construction: Beam width while building, for all graphs. Default: 200.

    Raises:
        ArgumentError: A name is unknown or comes twice, or a class can't be loaded.

    >>> specs, notes = chosen(["int8"], ["hnswlib"])
    >>> [spec.make().name for spec in specs]
    ['vecq int8', 'hnswlib FP32 M=16']
    """
    specs, notes = [_codec(name, ef_construction) for name in codecs], []
    values = list(peer_m)
    for name in peers:
        for spec in _peer(name):
            adapter = None if spec.own else spec.make()
            if adapter and adapter.module and importlib.util.find_spec(adapter.module) is None:
                note = f"{adapter.name} skipped: package {adapter.package} is not installed"
                notes.append(f"{note} (pip install {adapter.package})")
            else:
                specs += spec.variants(values, ef_construction)
    _refuse_twins(specs)
    return specs, notes


def _codec(name: str, ef_construction: int) -> Spec:
    narrow, plus, wide = name.partition("+")
    if narrow not in CODECS or (plus and wide not in CODECS):
        raise ArgumentError(
            f"codecs has {name!r}, expected {', '.join(CODECS)}, or two of them as int8+fp16, the "
            "second for reranking",
            "codecs",
        )
    return _spec("vecq:Vecq", codec=name, ef_construction=ef_construction)


def _peer(name: str) -> list[Spec]:
    if ":" in name:
        return [_own(name)]
    if name in PEERS:
        return PEERS[name]
    every = {spec.make().name: spec for specs in PEERS.values() for spec in specs}
    if name in every:
        return [every[name]]
    raise ArgumentError(
        f"peers has {name!r}, expected one of {', '.join(PEERS)}, one of their index "
        f"types ({', '.join(every)}), or your own class as module:Class",
        "peers",
    )


def _own(target: str) -> Spec:
    """Load a user's class from the working folder or an installed module."""
    module, _, name = target.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        found = getattr(importlib.import_module(module), name)
    except Exception as error:
        raise ArgumentError(
            f"peers has {target!r}, which can't be loaded: {type(error).__name__}: {error}; "
            "expected module:Class, the module installed or in the working folder",
            "peers",
        ) from error
    if not (isinstance(found, type) and issubclass(found, Adapter)):
        raise ArgumentError(
            f"peers has {target!r}, expected a subclass of vecq.bench.Adapter", "peers"
        )
    return Spec(target, own=True)


def _refuse_twins(specs: list[Spec]) -> None:
    # Only the constructor of a user's class knows its name, and that may do anything.
    names = [spec.target if spec.own else spec.make().name for spec in specs]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise ArgumentError(
            f"peers and codecs have {twins[0]!r} more than once, expected every name once", "peers"
        )

"""Contestants by name: which class, which options, and whether what it needs is installed."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from vecq import ArgumentError
from vecq.bench.adapters.adapter import Adapter

HERE = __name__.rpartition(".")[0]
CODECS = ("fp32", "fp16", "int16", "int8")


@dataclass(frozen=True)
class Spec:
    """What makes a contestant, here or in another process."""

    target: str  # module:Class
    options: dict[str, Any] = field(default_factory=dict)
    own: bool = False  # a user's class

    def make(self) -> Adapter:
        """The contestant, without an index yet."""
        module, _, name = self.target.partition(":")
        adapter: Adapter = getattr(importlib.import_module(module), name)(**self.options)
        return adapter


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


def chosen(codecs: Iterable[str], peers: Iterable[str]) -> tuple[list[Spec], list[str]]:
    """The contestants of these names, and a note for each that can't take part.

    A peer is a library, one of its contestants by name, or `module:Class`.

    >>> specs, notes = chosen(["int8"], ["hnswlib"])
    >>> [spec.make().name for spec in specs]
    ['vecq int8', 'hnswlib FP32']
    """
    specs, notes = [_codec(name) for name in codecs], []
    for name in peers:
        for spec in _peer(name):
            adapter = None if spec.own else spec.make()
            if adapter and adapter.module and importlib.util.find_spec(adapter.module) is None:
                note = f"{adapter.name} skipped: package {adapter.package} is not installed"
                notes.append(f"{note} (pip install {adapter.package})")
            else:
                specs.append(spec)
    _refuse_twins(specs)
    return specs, notes


def _codec(name: str) -> Spec:
    narrow, plus, wide = name.partition("+")
    if narrow not in CODECS or (plus and wide not in CODECS):
        raise ArgumentError(
            f"codecs has {name!r}, expected {', '.join(CODECS)}, or two of them as int8+fp16: the "
            "second reranks what is found on the first",
            "codecs",
        )
    return _spec("vecq:Vecq", codec=name)


def _peer(name: str) -> list[Spec]:
    if ":" in name:
        return [_own(name)]
    if name in PEERS:
        return PEERS[name]
    every = {spec.make().name: spec for specs in PEERS.values() for spec in specs}
    if name in every:
        return [every[name]]
    raise ArgumentError(
        f"peers has {name!r}, expected one of {', '.join(PEERS)}, one of their contestants "
        f"({', '.join(every)}), or a class of yours as module:Class",
        "peers",
    )


def _own(target: str) -> Spec:
    """A user's class, from a module of the working folder or an installed one."""
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
    # What a user's class is called only its constructor tells, and that may do anything.
    names = [spec.target if spec.own else spec.make().name for spec in specs]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise ArgumentError(
            f"peers and codecs have {twins[0]!r} more than once, expected every name once", "peers"
        )

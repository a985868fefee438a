"""Contenders by name: their classes and options, and whether their packages are installed."""

import functools
import importlib
import importlib.util
import inspect
import itertools
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vecq import ArgumentError
from vecq.bench.adapters.adapter import Adapter

HERE = __name__.rpartition(".")[0]
CODECS = ("fp32", "fp16", "int16", "int12", "int8", "int4")


@dataclass(frozen=True)
class Spec:
    """A recipe for a contender, for this or another process."""

    target: str  # module:Class
    options: dict[str, Any] = field(default_factory=dict)
    own: bool = False  # a user's class
    varied: tuple[str, ...] = ()  # names of the options that tell variants apart

    def make(self) -> Adapter:
        """Make the adapter, without an index yet."""
        module, _, name = self.target.partition(":")
        adapter: Adapter = getattr(importlib.import_module(module), name)(**self.options)
        if self.varied and adapter.family == "peer":
            chosen = (f"{'M' if one == 'm' else one}={self.options[one]}" for one in self.varied)
            adapter.system, adapter.name = adapter.name, " ".join((adapter.name, *chosen))
        return adapter

    def variants(self, values: Sequence[int], ef_construction: int) -> list["Spec"]:
        """Return a recipe for each build setting: each M, and the grid if there are several M."""
        if self.own or "m" in self.options:
            return [self]
        adapter, options = self.make(), dict(self.options)
        grid: dict[str, Sequence[int]] = {"m": values} if adapter.sweeps_m else {}
        if len(values) > 1:
            grid |= {name: own for name, own in adapter.grid.items() if name not in options}
        if "ef_construction" in inspect.signature(type(adapter)).parameters:
            options["ef_construction"] = ef_construction
        return [
            replace(self, options={**options, **dict(zip(grid, one, strict=True))}, varied=(*grid,))
            for one in itertools.product(*grid.values())
        ]


def _spec(target: str, **options: Any) -> Spec:
    return Spec(f"{HERE}.{target}", options)


PEERS = {
    "hnswlib": [_spec("hnswlib:Hnswlib")],
    "faiss": [
        _spec(f"faiss:{name}") for name in ("FaissHnsw", "FaissHnswSq", "FaissIvf", "FaissRabitq")
    ],
    "usearch": [_spec("usearch:Usearch", codec=codec) for codec in ("fp32", "int8")],
    "svs": [_spec("svs:Svs", codec=codec) for codec in ("fp32", "lvq8")],
    "vsag": [_spec("vsag:Vsag", codec=codec) for codec in ("fp32", "sq8")],
    "zvec": [_spec("zvec:Zvec", codec=codec) for codec in ("fp32", "int8")],
    "rabitq": [
        *(_spec("rabitq:SymphonyQg", bits=bits) for bits in (0, 4, 8)),
        _spec("rabitq:RabitqHnsw"),
        _spec("rabitq:RabitqIvf"),
    ],
    "scann": [_spec("scann:Scann")],
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
        peer_m: Values of M; graph indexes of peers are built with each. If there are several,
            other build settings of peers vary as well. Default: 16.
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
            if adapter and (reason := unusable(adapter)):
                notes.append(f"{adapter.name} skipped: {reason}")
            else:
                specs += spec.variants(values, ef_construction)
    _refuse_twins(specs)
    return specs, notes


def unusable(adapter: Adapter) -> str:
    """Return why the package of an adapter cannot be used here; "" if it can."""
    if not adapter.module:
        return ""
    if importlib.util.find_spec(adapter.module) is None:
        return f"package {adapter.package} is not installed (pip install {adapter.package})"
    return _import_fault(adapter.module) if adapter.apart else ""


@functools.cache
def _import_fault(module: str) -> str:
    """Import a module in a process of its own, which it may kill."""
    command = [sys.executable, "-P", "-c", f"import {module}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return ""
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return f"{module} does not import on this machine: exit code {done.returncode}, {last:.200}"


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

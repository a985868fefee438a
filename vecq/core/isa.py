"""The instruction sets that vecq knows, those that this machine has, and the one in use."""

import sys
from dataclasses import dataclass
from pathlib import Path

from vecq._native import ffi, lib
from vecq.core.errors import call
from vecq.core.structs import new_struct


@dataclass(frozen=True)
class Isa:
    """One instruction set; `missing` says why it can't run here, and is None if it can."""

    name: str
    missing: str | None

    @property
    def available(self) -> bool:
        return self.missing is None


@dataclass(frozen=True)
class Cpu:
    """What `vecq.cpu()` found; `isas` goes from the most portable to the most capable."""

    active: str
    isas: tuple[Isa, ...]

    def __str__(self) -> str:
        width = max(len(isa.name) for isa in self.isas)
        return "\n".join(f"{isa.name:<{width}}  {self._state(isa)}" for isa in self.isas)

    def _state(self, isa: Isa) -> str:
        if isa.name == self.active:
            return "in use"
        return "available" if isa.available else f"missing: {isa.missing}"


def cpu() -> Cpu:
    """Tells which instruction sets this machine has and which one vecq uses.

    The best one is chosen at load time; the environment variable `VECQ_ISA` overrides the choice.

    >>> vecq.cpu().active
    'avx512_vnni'
    """
    name = ffi.new("char const **")
    call(lib.vecq_isa_active, name)
    return Cpu(_text(name[0]), tuple(_isa(number) for number in range(lib.vecq_isa_count())))


def refuse_at_import() -> None:
    """Refuses a VECQ_ISA that this machine lacks now, not in the middle of the first search.

    Only the commands do so themselves, in a line: to `python -m` they are "-m" while it loads them.
    """
    if Path((sys.argv or [""])[0]).name not in ("-m", "vecq"):
        cpu()


def _isa(number: int) -> Isa:
    isa = new_struct("vecq_isa")
    call(lib.vecq_isa_get, number, isa)
    return Isa(_text(isa.name), _text(isa.unavailable_reason) if isa.unavailable_reason else None)


def _text(pointer: object) -> str:
    return str(ffi.string(pointer), "utf-8")

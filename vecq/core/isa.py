"""Instruction sets: those that vecq knows, those that this machine has, and the one in use."""

import sys
from dataclasses import dataclass
from pathlib import Path

from vecq._native import ffi, lib
from vecq.core.errors import call
from vecq.core.structs import new_struct


@dataclass(frozen=True)
class Isa:
    """One instruction set; `missing` is the reason why it cannot run here, None if it can."""

    name: str
    missing: str | None

    @property
    def available(self) -> bool:
        return self.missing is None


@dataclass(frozen=True)
class Cpu:
    """The instruction sets of this machine, from the most portable to the most capable."""

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
    """Return the instruction sets of this machine and the one that vecq uses.

    vecq uses the best one; the environment variable `VECQ_ISA` overrides the choice.

    Returns:
        The instruction sets; print it to read it.

    Raises:
        UnsupportedError: `VECQ_ISA` names an instruction set that this machine lacks.

    >>> vecq.cpu().active in [isa.name for isa in vecq.cpu().isas]
    True
    """
    name = ffi.new("char const **")
    call(lib.vecq_isa_active, name)
    return Cpu(_text(name[0]), tuple(_isa(number) for number in range(lib.vecq_isa_count())))


def refuse_at_import() -> None:
    """Refuse a VECQ_ISA that this machine lacks at import, not in the middle of the first search.

    The commands `vecq` and `python -m vecq` report it themselves, in one line. While Python loads
    a module for `-m`, its name is "-m".
    """
    if Path((sys.argv or [""])[0]).name not in ("-m", "vecq"):
        cpu()


def _isa(number: int) -> Isa:
    isa = new_struct("vecq_isa")
    call(lib.vecq_isa_get, number, isa)
    return Isa(_text(isa.name), _text(isa.unavailable_reason) if isa.unavailable_reason else None)


def _text(pointer: object) -> str:
    return str(ffi.string(pointer), "utf-8")

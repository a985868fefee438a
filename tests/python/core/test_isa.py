import pickle

import pytest

import vecq

CPU = vecq.cpu()


@pytest.mark.parametrize("isa", CPU.isas, ids=lambda isa: isa.name)
def test_every_isa_can_be_forced(isa, python):
    if not isa.available:
        pytest.skip(f"{isa.name} can't run here: {isa.missing}")
    result = python("import vecq; print(vecq.cpu().active)", isa.name)
    assert result.stdout.strip() == isa.name, result.stderr


def test_an_isa_that_does_not_exist_is_refused_at_import(python):
    result = python("import vecq", "nonsense")
    assert result.returncode == 1
    error = result.stderr.splitlines()[-1]
    assert error.startswith("vecq.UnsupportedError")
    assert "VECQ_ISA" in error
    assert "nonsense" in error


@pytest.mark.parametrize(
    "isa", [isa for isa in CPU.isas if not isa.available], ids=lambda isa: isa.name
)
def test_an_isa_that_is_missing_is_refused_at_import(isa, python):
    result = python("import vecq", isa.name)
    assert result.returncode == 1
    error = result.stderr.splitlines()[-1]
    assert error.startswith("vecq.UnsupportedError")
    assert "VECQ_ISA" in error
    assert isa.missing in error


def test_the_most_portable_isa_is_always_available():
    assert CPU.isas[0].name == "scalar"
    assert CPU.isas[0].available
    assert CPU.active in [isa.name for isa in CPU.isas if isa.available]


def test_the_table_states_every_isa_once():
    cpu = vecq.Cpu("b", (vecq.Isa("a", None), vecq.Isa("b", None), vecq.Isa("long", "needs more")))
    assert str(cpu) == "a     available\nb     in use\nlong  missing: needs more"


def test_errors_survive_pickling():
    error = pickle.loads(pickle.dumps(vecq.ArgumentError("k is 0", "k")))
    assert (type(error), str(error), error.argument) == (vecq.ArgumentError, "k is 0", "k")

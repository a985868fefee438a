"""The C ABI does not change unnoticed, and the test vectors are answered as they were."""

import json
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path.append(str(TESTS / "python"))
sys.path.append(str(TESTS / "vectors"))

import abi_layout  # noqa: E402
import make  # noqa: E402

CASES = json.loads((TESTS / "vectors" / "cases.json").read_text())


def test_symbols_and_layouts_are_those_that_callers_were_compiled_with():
    frozen = (TESTS / "abi.txt").read_text().splitlines()
    assert list(abi_layout.layout()) == frozen, "see tests/python/abi_layout.py"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_vectors_are_answered_as_they_were(case):
    answer = make.answer(case)
    assert answer == {key: case[key] for key in answer}


def test_the_text_says_the_same_as_the_json():
    assert make.text_of(CASES) == (TESTS / "vectors" / "cases.txt").read_text()

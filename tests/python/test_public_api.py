"""docs/public_api.txt lists the public API: a change of a name or signature has to be meant."""

import inspect
import subprocess
import sys
from pathlib import Path

import vecq

FOLDER = Path(__file__).parent
LISTED = FOLDER.parents[1] / "docs" / "public_api.txt"


def test_the_list_is_the_api():
    found = subprocess.run(
        [sys.executable, FOLDER / "public_api.py"], capture_output=True, text=True, check=True
    )
    assert found.stdout == LISTED.read_text(), (
        "the API has changed: run python tests/python/public_api.py > docs/public_api.txt, and say "
        "so in CHANGELOG.md"
    )


def test_every_public_name_is_documented():
    for name in vecq.__all__:
        assert getattr(vecq, name).__doc__, name


def test_star_import_hides_no_builtin():
    assert "open" not in vecq.__all__
    assert vecq.open.__func__ is vecq.Index.open.__func__


def test_help_shows_short_types():
    for function in (vecq.Index.search, vecq.Index.add, vecq.brute_force, vecq.assess, vecq.tune):
        assert "numpy._typing" not in str(inspect.signature(function))

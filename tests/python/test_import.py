"""What `import vecq` costs and loads."""

import subprocess
import sys

MILLISECONDS = 150


def run(*arguments):
    done = subprocess.run([sys.executable, "-I", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def milliseconds():
    """Time that modules of vecq take to import, those of numpy aside."""
    lines = run("-X", "importtime", "-c", "import numpy, vecq").stderr.splitlines()
    rows = [line.removeprefix("import time:").split("|") for line in lines if "|" in line]
    (cumulative,) = [int(row[1]) for row in rows if row[2].strip() == "vecq"]
    return cumulative / 1000


def test_importing_is_quick():
    assert min(milliseconds() for _ in range(3)) < MILLISECONDS


def test_modules_that_searches_do_not_need_are_not_loaded():
    code = (
        "import sys, vecq; lazy = ('vecq.tuning', 'vecq.integrations', 'vecq.cli', 'tqdm');"
        "print([name for name in sys.modules if name.startswith(lazy)])"
    )
    assert run("-c", code).stdout.strip() == "[]"


def test_public_names_that_load_late_are_listed():
    code = "import vecq; assert {'tune', 'assess', 'from_faiss'} <= {*dir(vecq)}; vecq.tune"
    run("-c", code)

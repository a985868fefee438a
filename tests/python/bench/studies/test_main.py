"""Studies run by name from the checkout, and are not part of the wheel."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]


def study(*words):
    command = [sys.executable, "-I", "bench/studies", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_studies_run_by_name():
    done = study("links")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "--repetitions" in study("core", "--help").stdout


def test_unknown_names_are_refused_with_a_list():
    done = study("timing")
    assert done.returncode == 1
    first = "attributes,building,cluster_simulation,codec_walks,codecs,conditions,core,embeddings"
    others = (
        "exact,features,files,filters,growth,interop,links,living,names,pages,probing,recommend"
    )
    assert f"{{{first},{others},results,serving,sharding,tuning}}" in done.stderr


def test_the_wheel_has_no_studies():
    code = "import importlib.util as u; print(u.find_spec('vecq.bench.studies'))"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.stdout == "None\n"

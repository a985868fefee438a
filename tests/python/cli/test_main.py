"""What all commands have in common: help, exit codes, errors in a line, pipes, Ctrl-C."""

import importlib.metadata
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import vecq
import vecq_command
from vecq import cli

PRESENT = [name for name in cli.COMMANDS if cli.find_spec(f"vecq.cli.{name}")]


def test_help_teaches(shell):
    text = shell("--help").stdout
    assert "Examples:" in text
    for name in PRESENT:
        assert f"    {name} " in text


@pytest.mark.parametrize("name", PRESENT)
def test_every_command_has_help_with_examples(shell, name):
    text = shell(name, "--help").stdout
    assert text.startswith(f"usage: vecq {name} ")
    assert f"vecq {name} " in text.split("\n\n", 1)[1]


def test_commands_that_are_not_there_are_not_offered(shell):
    text = shell("--help").stdout
    assert all(f"    {name} " not in text for name in cli.COMMANDS if name not in PRESENT)


def test_the_version_and_the_script(shell):
    assert shell("--version").stdout.strip() == f"vecq {vecq.__version__}"
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="vecq")
    assert script.load() is vecq_command.main


def test_no_command_shows_help_and_is_an_error(shell):
    assert "Examples:" in shell(code=2).stderr


@pytest.mark.parametrize("words", [["bild"], ["assess"], ["assess", "items.npy", "--kk", "3"]])
def test_misspelt_arguments_are_an_error(shell, words):
    assert "usage: vecq" in shell(*words, code=2).stderr


@pytest.mark.parametrize(
    ("words", "usage", "message"),
    [
        (("build", "--codce", "int8", "a.npy", "a.vecq"), "build", "did you mean --codec?"),
        (("search", "a", "b", "--ef-serch=9"), "search", "unrecognized arguments: --ef-serch=9"),
        (("ray", "search", "a", "b", "c", "--were", "x"), "ray search", "did you mean --where?"),
        (("info", "a.vecq", "b.vecq"), "info", "unrecognized arguments: b.vecq\n"),
    ],
)
def test_unknown_options_are_refused_with_the_usage_of_the_command(shell, words, usage, message):
    text = shell(*words, code=2).stderr
    assert text.startswith(f"usage: vecq {usage} [-h]")
    assert message in text


LACKING = [isa for isa in vecq.cpu().isas if not isa.available]


@pytest.mark.parametrize(
    "isa", [vecq.Isa("nope", "expected one of"), *LACKING], ids=lambda i: i.name
)
def test_an_isa_that_is_missing_is_an_error_in_a_line(shell, isa, monkeypatch):
    monkeypatch.setenv("VECQ_ISA", isa.name)
    message = f"VECQ_ISA={isa.name}: {isa.missing}"
    for words in (["info", "none.vecq"], ["assess", "items.npy"]):
        shell.refuses(message, *words)
    script = Path(sys.executable).with_name("vecq")
    done = subprocess.run([script, "info", "none.vecq"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"vecq info: {message}")
    assert len(done.stderr.splitlines()) == 1
    assert "Examples:" in shell("--help").stdout


def test_a_damaged_file_is_an_error_in_a_line(shell):
    index = vecq.Index(8).add(np.ones((10, 8), np.float32))
    index.save(shell.folder / "whole.vecq")
    content = (shell.folder / "whole.vecq").read_bytes()
    (shell.folder / "cut.vecq").write_bytes(content[: len(content) // 2])
    shell.refuses("cut.vecq: ", "info", "cut.vecq")
    shell.refuses("none.vecq: can't open the file: No such file", "info", "none.vecq")


def test_info_names_attributes(shell):
    kinds = {"price": "float32", "seller": "category", "stock": "bool"}
    index = vecq.Index(8, attributes=kinds)
    table = {"price": [1.5] * 10, "seller": ["a"] * 10, "stock": [True] * 10}
    index.add(np.ones((10, 8), np.float32), attributes=table).save(shell.folder / "shop.vecq")
    lines = shell("info", "shop.vecq").stdout.splitlines()
    assert [line for line in lines if line.startswith("attribute ")] == [
        "attribute 0: price, float32",
        "attribute 1: seller, category",
        "attribute 2: stock, bool",
    ]
    # The numbers are those of the sections.
    sizes = [line.split()[-2] for line in lines if line.startswith("values of attribute")]
    assert sizes == ["4", "4", "1"]
    assert shell.json("info", "shop.vecq")["index"]["attributes"] == kinds


def test_only_the_named_command_is_imported():
    code = textwrap.dedent("""
        import sys, vecq.cli
        vecq.cli.main(["assess", "--help"])
        assert "vecq.cli.assess" in sys.modules
        assert not {"vecq.cli.report", "vecq.bench", "vecq.datasets", "jinja2"} & sys.modules.keys()
    """)
    subprocess.run([sys.executable, "-I", "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_a_reader_that_leaves_early_is_no_error_of_ours(shell):
    command = f'"{sys.executable}" -I -m vecq assess items.npy --k 5 | true'
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=shell.folder,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert done.returncode in (0, 141)  # 0 if all was written before the reader left


def test_a_closed_output_ends_quietly(shell):
    code = textwrap.dedent("""
        import os, sys, vecq.cli
        read, write = os.pipe()
        os.close(read)
        os.dup2(write, 1)
        sys.exit(vecq.cli.main(["assess", "items.npy", "--k", "5"]))
    """)
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=shell.folder, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (141, "")


def test_ctrl_c_ends_with_130(shell):
    code = textwrap.dedent(f"""
        import os, signal, sys, threading, vecq.cli, vecq.cli.assess
        # Whoever runs the tests in the background may have it ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        kill = lambda: os.kill(os.getpid(), {int(signal.SIGINT)})
        def run(arguments):
            threading.Timer(0.2, kill).start()
            threading.Event().wait(20)
        vecq.cli.assess.run = run
        sys.exit(vecq.cli.main(["assess", "items.npy"]))
    """)
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=shell.folder, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (130, "vecq: interrupted\n")


@pytest.mark.parametrize("module", ["numpy", "vecq", "vecq.cli.assess"])
def test_ctrl_c_during_imports_ends_with_130(shell, module):
    code = textwrap.dedent(f"""
        import os, signal, sys, vecq_command
        signal.signal(signal.SIGINT, signal.default_int_handler)
        class Interrupt:
            def find_spec(self, name, *rest):
                if name == {module!r}:
                    os.kill(os.getpid(), signal.SIGINT)
        sys.meta_path.insert(0, Interrupt())
        sys.argv = ["vecq", "assess", "items.npy"]
        sys.exit(vecq_command.main())
    """)
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=shell.folder, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (130, "vecq: interrupted\n")

"""Standard streams that are closed, full or never read, and inputs that never end."""

import os
import subprocess
import sys

import pytest

VECQ = f'"{sys.executable}" -I -m vecq'
COMMANDS = ["--help", "info items.vecq", "search items.vecq users.npy", "data list"]


@pytest.fixture(scope="module", autouse=True)
def built(shell):
    shell("build", "items.npy", "items.vecq")


def run(shell, command):
    return subprocess.run(
        ["bash", "-c", command], cwd=shell.folder, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("words", COMMANDS)
def test_closed_stdout_exits_quietly_with_141(shell, words):
    done = run(shell, f"{VECQ} {words} >&-")
    assert (done.returncode, done.stderr) == (141, "")


def test_closed_stdout_does_not_stop_the_work_of_a_command(shell):
    done = run(shell, f"{VECQ} build items.npy unprinted.vecq >&-")
    assert (done.returncode, done.stderr) == (141, "")
    assert shell("check", "unprinted.vecq").returncode == 0


def test_closed_stderr_is_no_error(shell):
    done = run(shell, f"{VECQ} info items.vecq 2>&-")
    assert done.returncode == 0
    assert "vecq.Index" in done.stdout
    refused = run(shell, f"{VECQ} info none.vecq 2>&-")
    assert (refused.returncode, refused.stdout) == (2, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("words", COMMANDS)
def test_a_full_disk_is_an_error_in_one_line(shell, words):
    done = run(shell, f"{VECQ} {words} > /dev/full")
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("vectors", ["build", "fifo.npy", "out.vecq"]),
        ("ids", ["build", "items.npy", "out.vecq", "--ids", "fifo.npy"]),
        ("settings", ["build", "items.npy", "out.vecq", "--settings", "fifo.npy"]),
        ("settings", ["search", "items.vecq", "users.npy", "--settings", "fifo.npy"]),
        ("exclude", ["search", "items.vecq", "users.npy", "--exclude", "fifo.npy"]),
        ("source", ["convert", "fifo.npy", "out.vecq"]),
        ("records", ["report", "fifo.npy"]),
        ("compare", ["report", "empty.jsonl", "--compare", "fifo.npy"]),
    ],
)
def test_a_fifo_as_input_is_refused_at_once(shell, argument, words):
    fifo = shell.folder / "fifo.npy"
    if not fifo.exists():
        os.mkfifo(fifo)
    (shell.folder / "empty.jsonl").write_text("")
    shell.refuses(f"{argument}: fifo.npy is not a regular file", *words)


@pytest.mark.parametrize("words", [["info"], ["check"], ["search"]])
def test_a_fifo_as_an_index_is_refused_at_once(shell, words):
    fifo = shell.folder / "fifo.vecq"
    if not fifo.exists():
        os.mkfifo(fifo)
    rest = ["users.npy"] if words == ["search"] else []
    shell.refuses("fifo.vecq", *words, "fifo.vecq", *rest)


@pytest.mark.parametrize("name", ["out.npz", "out.csv"])
def test_a_fifo_as_output_is_refused_at_once(shell, name):
    fifo = shell.folder / name
    if not fifo.exists():
        os.mkfifo(fifo)
    words = ["search", "items.vecq", "users.npy", "--out", name]
    shell.refuses(f"out: {name} is not a regular file", *words)

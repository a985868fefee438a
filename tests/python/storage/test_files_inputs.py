"""Bad paths, arguments and files: errors that name the argument, `vecq info` and `vecq check`."""

import argparse
import errno
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import vecq
from vecq.cli import check as cli_check
from vecq.cli import info as cli_info
from vecq.storage.records import Problem

from .conftest import DIM, ITEMS, QUERIES, built

BAD_PATHS = [None, 5, b"", "", "a\0b", ["a.vecq"], 1.5]


@pytest.mark.parametrize("bad", BAD_PATHS)
def test_bad_paths_are_named(bad, refuse):
    refuse("path", "", vecq.open, bad)
    refuse("path", "", vecq.info, bad)
    refuse("path", "", built(rows=10).save, bad)


@pytest.mark.parametrize("bad", [None, 1, "yes", np.True_])
def test_bad_overwrites_are_named(bad, path, refuse):
    refuse("overwrite", "expected True or False", built(rows=10).save, path, overwrite=bad)
    assert not path.exists()


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        *[("verify", value) for value in ("none", True, None, 1)],
        *[("preload", value) for value in ("all", 1, None, "")],
        ("progress", "yes"),
    ],
)
def test_bad_arguments_are_named(argument, value, path, refuse):
    built(rows=10).save(path)
    arguments = {"preload": True, argument: value}
    refuse(argument, "", vecq.open, path, **arguments)


@pytest.mark.parametrize(
    ("name", "code"),
    [("none.vecq", errno.ENOENT), (".", errno.EINVAL), ("a.vecq/b", errno.ENOTDIR)],
)
def test_errors_of_the_system_are_reported(name, code, path, tmp_path):
    built(rows=10).save(path)
    for function in (vecq.open, vecq.info):
        with pytest.raises(OSError, match="can't") as caught:
            function(tmp_path / name)
        assert isinstance(caught.value, vecq.FileError)
        assert (caught.value.errno, caught.value.filename) == (code, tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)


WAITING = """
import errno, sys, vecq
for call in (vecq.open, lambda path: vecq.open(path, writable=True), vecq.info,
             vecq.Index(4).save):
    try:
        call(sys.argv[1])
    except vecq.FileError as error:
        assert error.errno == errno.EINVAL, error
    else:
        raise AssertionError(call)
"""


def test_opening_a_fifo_does_not_block(path):
    os.mkfifo(path)
    subprocess.run([sys.executable, "-I", "-c", WAITING, path], check=True, timeout=60)


def test_files_of_other_formats_are_refused(tmp_path):
    for number, content in enumerate([b"", b"PK\3\4", b"\0" * 100_000, b"\x89VECQ\r\n\x1a" * 99]):
        other = tmp_path / f"{number}.vecq"
        other.write_bytes(content)
        with pytest.raises(vecq.CorruptFileError, match=str(other)):
            vecq.open(other)


def damaged(path, name):
    """Change a byte in the middle of a section."""
    (section,) = (one for one in vecq.info(path).sections if one.name == name)
    content = bytearray(path.read_bytes())
    content[section.offset + section.bytes // 2] ^= 0x10
    path.write_bytes(content)


def test_check_names_the_damaged_section(path):
    built().save(path)
    damaged(path, "codes")
    opened = vecq.open(path)
    assert opened.search(QUERIES, 5).counts.min() == 5
    (problem,) = opened.check().problems
    assert problem == Problem("codes", "does not match its checksum")
    with pytest.raises(vecq.CorruptFileError, match="codes: does not match its checksum"):
        vecq.open(path, verify="full")


def test_check_of_a_changed_index_passes(path):
    built().save(path)
    opened = vecq.open(path, writable=True).add(ITEMS[1000:])
    assert opened.check().ok


def run_cli(module, *arguments):
    parser = argparse.ArgumentParser(description=module.DESCRIPTION)
    module.add_arguments(parser)
    assert "\n" not in module.HELP
    return module.run(parser.parse_args([str(one) for one in arguments]))


def test_info_lists_sections(path, capsys):
    built(rerank_codec="fp16").save(path)
    found = vecq.info(path)
    assert (found.format, found.writer_version, found.bytes) == (
        1,
        vecq.__version__,
        path.stat().st_size,
    )
    assert sum(one.bytes for one in found.sections) < found.bytes
    assert {"codes", "rerank codes", "ids", "links of layer 0"} <= {s.name for s in found.sections}
    assert all(one.offset % 4096 == 0 for one in found.sections)
    assert run_cli(cli_info, path) == 0
    assert "links of layer 0" in capsys.readouterr().out
    assert run_cli(cli_info, path, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["index"] == {"rows": 1000, "dim": DIM, "metric": "l2", "attributes": {}}
    assert told["sections"][0]["name"] == "settings"


def test_check_exits_with_1_on_damage(path, capsys):
    built().save(path)
    assert run_cli(cli_check, path) == 0
    assert capsys.readouterr().out == "nothing is wrong\n"
    damaged(path, "ids")
    assert run_cli(cli_check, path) == 1
    assert "ids: does not match its checksum" in capsys.readouterr().out
    assert run_cli(cli_check, path, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["count"]) == (False, len(told["problems"]))
    assert told["problems"][0] == {"location": "ids", "message": "does not match its checksum"}
    path.write_bytes(b"no index")
    assert run_cli(cli_check, path) == 1
    assert str(path) in capsys.readouterr().out
    with pytest.raises(vecq.FileError):
        run_cli(cli_check, path.parent / "none.vecq")

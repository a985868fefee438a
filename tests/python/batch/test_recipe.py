"""The commands of docs/recommend.md do what they say, from interactions to recommendations."""

import re
import shlex
from pathlib import Path

import numpy as np
from pyarrow import parquet

from vecq import cli

PAGE = Path(__file__).parents[3] / "docs" / "recommend.md"


def test_the_recipe_makes_recommendations(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    lines = {f"user-{rng.integers(60)},item-{rng.integers(200)}" for _ in range(3000)}
    Path("interactions.csv").write_text("\n".join(["user,item", *sorted(lines)]) + "\n")
    [block] = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), flags=re.S)
    commands = [shlex.split(line) for line in block.splitlines()]
    assert len(commands) == 5
    assert commands[0][0] == "pip"
    for words in commands[1:]:
        assert words[0] == "vecq"
        assert cli.main(words[1:]) == 0, words
    rows = parquet.read_table("recs.parquet").to_pylist()
    assert {row["user"] for row in rows} == {line.split(",")[0] for line in lines}
    for row in rows:
        assert len(row["ids"]) == 50
        assert not lines & {f"{row['user']},{item}" for item in row["ids"]}

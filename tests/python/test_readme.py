import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_examples_run_and_the_first_prints_the_table_that_stands_below_it(capsys):
    text = README.read_text()
    first, *others = re.findall(r"```python\n(.*?)```", text, flags=re.S)
    names = {}
    exec(first, names)
    assert capsys.readouterr().out in text
    for code in others:
        exec(code, names)

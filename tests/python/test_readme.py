import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_example_prints_the_table_that_stands_below_it(capsys):
    text = README.read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.S)
    exec(code, {})
    assert capsys.readouterr().out in text

"""Doctests at the end of docstrings become code blocks on the site; Markdown would quote them."""

import re

from griffe import Alias, Extension, Object

DOCTEST = re.compile(r"^>>> .*?(?=\n\s*\n(?!>>> )|\Z)", re.M | re.S)


class Doctests(Extension):
    """Fences doctests as consoles of Python."""

    def on_object(self, *, obj: Object, **_: object) -> None:
        if isinstance(obj, Alias) or obj.docstring is None:
            return
        fenced = DOCTEST.sub(lambda found: f"```pycon\n{found[0]}\n```", obj.docstring.value)
        obj.docstring.value = fenced

"""Run a study by its name, on the installed vecq: python -I bench/studies core --rows 100000."""

import runpy
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent
HELPERS = (
    "__init__",
    "__main__",
    "curves",
    "empty_handlers",
    "filter_peers",
    "memory",
    "minilm",
    "queueing",
    "stretched",
    "timing",
)


def main() -> None:
    names = sorted(path.stem for path in HOME.glob("*.py") if path.stem not in HELPERS)
    if len(sys.argv) < 2 or sys.argv[1] not in names:
        sys.exit(f"usage: python -I bench/studies {{{','.join(names)}}} [ARGUMENTS]")
    sys.path[0] = str(HOME.parent)
    name = sys.argv.pop(1)
    runpy.run_module(f"{HOME.name}.{name}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

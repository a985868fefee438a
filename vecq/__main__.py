"""python -m vecq: the same as vecq."""

import sys

from vecq.cli import main

if __name__ == "__main__":
    sys.exit(main())

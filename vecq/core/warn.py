"""Warnings that name the line of the caller's code, not one of vecq's."""

import os
import sys
import warnings
from pathlib import Path

PACKAGE = os.path.join(Path(__file__).parents[1], "")


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn about the first line on the stack that is outside of the package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)

"""The entry point of the script `vecq`: handles Ctrl-C while vecq and NumPy are being imported.

It is a package of its own because importing any module of vecq first imports vecq itself.
"""

import os
import signal
from types import FrameType


def main() -> int:
    """Import the command line and run it.

    Returns:
        The exit code; 130 if the process was interrupted.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # ignored, as by nohup
        from vecq.cli import main as run

        return run()
    signal.signal(signal.SIGINT, _exit)
    from vecq.cli import main as run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    return run()


def _exit(number: int, frame: FrameType | None) -> None:
    os.write(2, b"vecq: interrupted\n")
    os._exit(128 + number)  # an exception could be caught by a module that is being imported

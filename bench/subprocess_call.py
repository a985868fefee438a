"""Call a function in a subprocess, because it may crash or needs a fresh process."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any


class SubprocessError(RuntimeError):
    """An exception in another process, as one line of text."""


class LostError(SubprocessError):
    """The process ended or timed out without an answer."""


def call_in_subprocess(
    function: Callable[..., Any],
    *arguments: Any,
    seconds: float,
    environment: Mapping[str, str] | None = None,
) -> Any:
    """Call an importable function in a new process.

    Args:
        function: The function.
        arguments: Its arguments.
        seconds: Time limit.
        environment: Environment variables of the process. Default: None.

    Returns:
        The result of the function.

    Raises:
        SubprocessError: The function raises.
        LostError: The process ends early or takes too long.

    >>> call_in_subprocess(math.sqrt, 4.0, seconds=60)
    2.0
    """
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(far, function, arguments), daemon=True)
    with _environment(environment or {}):
        process.start()
    far.close()
    try:
        return receive(process, near, seconds)
    finally:
        near.close()
        process.kill()
        process.join()


def receive(process: BaseProcess, near: Connection, seconds: float | None) -> Any:
    """Return what a process sends by `send_result`, or raise its error."""
    try:
        if not near.poll(seconds):
            raise LostError(f"took more than {seconds:g} s")
        value, error = near.recv()
    except (EOFError, ConnectionError):
        process.join()
        raise LostError(exit_description(process.exitcode)) from None
    if error is not None:
        raise SubprocessError(error)
    return value


def send_result(far: Connection, function: Callable[..., Any], *arguments: Any) -> None:
    """Send the result of a function, or its exception."""
    try:
        far.send((function(*arguments), None))
    except Exception as error:
        far.send((None, one_line(error)))


def exit_description(code: int | None) -> str:
    """Describe how a process ended."""
    if code is not None and code < 0:
        return f"killed its process ({signal.Signals(-code).name})"
    return f"ended its process (exit code {code})"


def one_line(error: BaseException) -> str:
    """Return an error as one line, for a record."""
    if isinstance(error, SubprocessError):
        return str(error)
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text:.200}" if text else type(error).__name__


def _answer(far: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    send_result(far, function, *arguments)


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for processes that start within the block."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

"""A function called in a process of its own: it may take that down, or need a fresh one."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any


class ElsewhereError(RuntimeError):
    """What went wrong in another process, in the words of `one_line`."""


class LostError(ElsewhereError):
    """The process has come to no answer."""


def ask(
    function: Callable[..., Any],
    *arguments: Any,
    seconds: float,
    environment: Mapping[str, str] | None = None,
) -> Any:
    """Calls a function, which must be one that can be imported, and returns what it returns.

    What it raises is an ElsewhereError here; a process that ends, or takes longer, a LostError.

    >>> ask(math.sqrt, 4.0, seconds=60)
    2.0
    """
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(far, function, arguments), daemon=True)
    with _environment(environment or {}):
        process.start()
    far.close()
    try:
        return answer_of(process, near, seconds)
    finally:
        near.close()
        process.kill()
        process.join()


def answer_of(process: BaseProcess, near: Connection, seconds: float | None) -> Any:
    """What a process sends by `give`; an error if that is one, or if nothing comes."""
    try:
        if not near.poll(seconds):
            raise LostError(f"took more than {seconds:g} s")
        value, error = near.recv()
    except (EOFError, ConnectionError):
        process.join()
        raise LostError(fate(process.exitcode)) from None
    if error is not None:
        raise ElsewhereError(error)
    return value


def give(far: Connection, function: Callable[..., Any], *arguments: Any) -> None:
    """Sends what a function returns, or what goes wrong."""
    try:
        far.send((function(*arguments), None))
    except Exception as error:
        far.send((None, one_line(error)))


def fate(code: int | None) -> str:
    """What became of a process that ended by itself."""
    if code is not None and code < 0:
        return f"killed its process ({signal.Signals(-code).name})"
    return f"ended its process (exit code {code})"


def one_line(error: BaseException) -> str:
    """An error as a record tells it."""
    if isinstance(error, ElsewhereError):
        return str(error)
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text:.200}" if text else type(error).__name__


def _answer(far: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks ends this process
    give(far, function, *arguments)


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Variables that processes started meanwhile get."""
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

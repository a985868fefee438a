"""Exceptions and warnings, and the translation of a native status into an exception."""

from collections.abc import Callable
from typing import Any

from vecq._native import ffi, lib


class VecqError(Exception):
    """Base class of the exceptions that vecq raises.

    `argument` is the name of the argument at fault, or empty.
    """

    argument: str

    def __init__(self, message: str, argument: str = "") -> None:
        super().__init__(message)
        self.argument = argument


class ArgumentError(VecqError, ValueError):
    """An argument has a wrong type or value."""


class DatasetError(VecqError, ValueError):
    """A data set, or a file of one, is malformed; `argument` names the field."""


class UnsupportedError(VecqError, RuntimeError):
    """This machine or this build lacks what the call needs, such as an optional package."""


class OutOfMemoryError(VecqError, MemoryError):
    """There is not enough memory."""


class FileError(VecqError, OSError):
    """The system refused to read or write a file; `filename` and `errno` say which and why."""

    def __str__(self) -> str:
        return str(self.args[0])


class CorruptFileError(FileError):
    """A file is damaged, or is not of the expected kind."""


class FileChangedError(FileError):
    """A file has changed since the index was opened from it or last saved to it."""


class ReadOnlyError(VecqError, RuntimeError):
    """The index was opened without `writable` and cannot be changed."""


class InternalError(VecqError, RuntimeError):
    """A fault in vecq itself."""


class QuantizationWarning(UserWarning):
    """Quantization loses more recall than usual on these vectors."""


class ReloadWarning(UserWarning):
    """A new version of a file could not be loaded; `vecq.Live` keeps the old one."""


class TuningWarning(UserWarning):
    """The settings that `vecq.tune` found, or its estimates, are less reliable than usual."""


_ERRORS: dict[int, type[VecqError]] = {
    lib.VECQ_INVALID_ARGUMENT: ArgumentError,
    lib.VECQ_UNSUPPORTED: UnsupportedError,
    lib.VECQ_OUT_OF_MEMORY: OutOfMemoryError,
    lib.VECQ_INTERNAL: InternalError,
    lib.VECQ_FILE_ERROR: FileError,
    lib.VECQ_CORRUPT_FILE: CorruptFileError,
    lib.VECQ_READ_ONLY: ReadOnlyError,
    lib.VECQ_CHANGED_FILE: FileChangedError,
}


def call(function: Callable[..., int], *arguments: Any) -> None:
    """Call `function(*arguments, error)` of the C ABI and raise the error that it reports."""
    error = ffi.new("vecq_error *")
    status = function(*arguments, error)
    if status != lib.VECQ_OK:
        message, argument = (
            ffi.string(text).decode(errors="replace") for text in (error.message, error.argument)
        )
        failure = _ERRORS[status](message, argument)
        if isinstance(failure, FileError) and error.system != 0:
            failure.errno = error.system
        raise failure

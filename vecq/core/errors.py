"""What vecq raises, and how the status of a native call becomes one of these."""

from collections.abc import Callable
from typing import Any

from vecq._native import ffi, lib


class VecqError(Exception):
    """The base of every error that vecq raises; `argument` names the one at fault, or is empty."""

    argument: str

    def __init__(self, message: str, argument: str = "") -> None:
        super().__init__(message)
        self.argument = argument


class ArgumentError(VecqError, ValueError):
    """An argument is not what was expected."""


class DatasetError(VecqError, ValueError):
    """A data set, or a file of one, is not what was expected; `argument` names its field."""


class UnsupportedError(VecqError, RuntimeError):
    """This machine, or this build, can't do what was asked."""


class OutOfMemoryError(VecqError, MemoryError):
    """There was not enough memory."""


class FileError(VecqError, OSError):
    """The system refused something: `filename` and `errno` say where and why."""

    def __str__(self) -> str:
        return str(self.args[0])


class CorruptFileError(FileError):
    """A file is not what was written, or never was an index."""


class FileChangedError(FileError):
    """A file has changed since the index was opened from it or last saved to it."""


class ReadOnlyError(VecqError, RuntimeError):
    """An index that was opened to be read was to be changed."""


class InternalError(VecqError, RuntimeError):
    """A fault in vecq itself."""


class QuantizationWarning(UserWarning):
    """Codes lose more than they should on these vectors."""


class TuningWarning(UserWarning):
    """What `vecq.tune` found is not to be relied on as it is."""


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
    """Calls `function(*arguments, error)` of the C ABI and raises what it reports."""
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

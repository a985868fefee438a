"""Answers to requests that are refused: a status, the name of the argument and a message."""

from __future__ import annotations

from vecq.core.errors import ArgumentError, OutOfMemoryError, VecqError
from vecq.serving.packages import orjson

Header = tuple[bytes, bytes]
RETRY: tuple[Header, ...] = ((b"retry-after", b"1"),)
STATUSES = {
    400: "malformed",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    413: "too_large",
    415: "unsupported_media_type",
    422: "argument",
    429: "busy",
    431: "too_large",
    500: "internal",
    503: "unavailable",
    504: "deadline",
}


class RefusalError(Exception):
    """A request that gets an error as its answer."""

    def __init__(
        self, status: int, message: str, argument: str = "", headers: tuple[Header, ...] = ()
    ) -> None:
        super().__init__(message)
        self.status, self.argument, self.headers = status, argument, headers

    @classmethod
    def of(cls, error: VecqError) -> RefusalError:
        """Return the refusal of a search that raised an error."""
        if isinstance(error, ArgumentError):
            return cls(422, str(error), error.argument)
        if isinstance(error, OutOfMemoryError):
            return cls(503, str(error), error.argument)
        return cls(500, str(error), error.argument)

    def body(self) -> bytes:
        """Return the answer as JSON."""
        error = {"type": STATUSES[self.status], "argument": self.argument, "message": str(self)}
        return orjson.dumps({"error": error})


def argument_fault(message: str, argument: str) -> RefusalError:
    """Return the refusal of a wrong argument."""
    return RefusalError(422, message, argument)

"""Settings of the service, which the supervisor sends to its workers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Limits:
    """Limits of one worker; a request beyond them gets a typed answer of status 4xx or 5xx."""

    body_bytes: int = 16 << 20
    k: int = 10_000
    ef: int = 100_000
    queries: int = 1024  # per request
    waiting: int = 256  # requests that were read and not answered; more get 429
    seconds: float = 10.0  # from the first byte of a request to its answer
    read_seconds: float = 10.0  # to send a whole request, or to take an answer
    idle_seconds: float = 75.0  # between two requests of a connection
    connections: int = 20_000
    head_bytes: int = 32 << 10  # request line and headers


@dataclass(frozen=True)
class Settings:
    """What `vecq serve` was told."""

    path: str
    host: str = "127.0.0.1"
    port: int = 8080
    processes: int = 0  # 0 for one per physical core
    pin: bool = True
    interval: float = 1.0  # seconds between two looks at the file
    verify: Literal["header", "full"] = "full"
    preload: bool | Literal["walk", "copy"] = "walk"
    lock: bool = False
    token: str = ""
    micro_batch: int = 16  # queries of concurrent requests that are searched for in one call
    drain_delay: float = 0.5  # seconds from SIGTERM to the end of listening
    drain_seconds: float = 30.0  # for requests in flight after that
    limits: Limits = field(default_factory=Limits)

    def as_dict(self) -> dict[str, Any]:
        """Return values that JSON has."""
        return asdict(self)

    @classmethod
    def of(cls, values: dict[str, Any]) -> Settings:
        """Return the settings that `as_dict` made values of."""
        return cls(**{**values, "limits": Limits(**values["limits"])})

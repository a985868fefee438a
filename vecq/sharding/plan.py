"""The plan of a build or an update, and the task of each shard; picklable, for any engine."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vecq.sharding.assignment import Assignment, read_assignment

STAGING = "staging"


@dataclass(frozen=True)
class BuildPlan:
    """What the shards of a build or update share; small, picklable, the same on every machine.

    Attributes:
        folder: The index folder, which all workers see under this path.
        generation: The version that is built.
        token: Part of the names of new files, so that no earlier attempt writes to them.
        identity: Digest of all that decides the content of a shard, except its rows.
        dim: Number of dimensions.
        metric: "ip", "cosine" or "l2".
        shards: Number of shards.
        assignment: Entry of the assignment in the manifest.
        codec: Name of the file of the codecs.
        settings: Arguments of `vecq.Index` besides dim, metric and codecs.
        id_column: Name of the ids, for messages.
    """

    folder: str
    generation: int
    token: str
    identity: str
    dim: int
    metric: str
    shards: int
    assignment: dict[str, Any]
    codec: str
    settings: dict[str, Any] = field(default_factory=dict)
    id_column: str = "id"

    @property
    def home(self) -> Path:
        return Path(self.folder)

    @property
    def spool(self) -> Path:
        """The folder of spool files."""
        return self.home / STAGING / f"spool-{self.token}"

    @property
    def attributes(self) -> dict[str, Any]:
        """Names and kinds of the attributes of items."""
        return self.settings.get("attributes") or {}

    @property
    def has_string_ids(self) -> bool:
        """Whether ids are strings, not integers."""
        return self.settings.get("id_type") == "str"

    def read_assignment(self) -> Assignment:
        """Read the assignment of rows to shards."""
        return read_assignment(self.assignment, self.home, self.shards)

    def shard_name(self, number: int) -> str:
        """Return the name of a new shard file."""
        return f"shard-{number:04}-{self.generation:06}-{self.token}.vecq"


@dataclass(frozen=True)
class ShardTask:
    """The rows of one shard: spool files, and what they must add up to.

    Attributes:
        plan: The plan.
        number: Number of the shard.
        spools: Names of the spool files that have rows of it.
        rows: Number of its rows.
        content: Sum of the hashes of its rows.
        threads: Threads to build with; 0 for all cores.
    """

    plan: BuildPlan
    number: int
    spools: tuple[str, ...]
    rows: int
    content: int
    threads: int = 1

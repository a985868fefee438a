import numpy as np
import pytest

from vecq import Codec
from vecq.sharding import FolderLock, HashAssignment, ShardTask, build_shard, finish, spool_rows
from vecq.sharding.build import start_build

ROWS, DIM = 600, 16


@pytest.fixture(scope="session")
def items():
    return np.random.default_rng(0).standard_normal((ROWS, DIM), dtype=np.float32) + 1


@pytest.fixture(scope="session")
def users():
    return np.random.default_rng(1).standard_normal((20, DIM), dtype=np.float32)


class Builder:
    """Builds a folder step by step in this process, as an engine would on many machines."""

    def __init__(self, folder, items, ids=None, *, shards=3, metric="ip", codec=None, **options):
        self.items = items
        self.ids = np.arange(len(items)) if ids is None else np.asarray(ids)
        self.bias, self.attributes = options.pop("bias", None), options.pop("attributes", {})
        assignment = options.pop("assignment", None) or HashAssignment(shards)
        codec = codec or Codec("int8")
        self.plan = start_build(folder, items.shape[1], metric, assignment, codec=codec, **options)

    def tasks(self, batch_rows=200):
        spooled = []
        for first in range(0, len(self.items), batch_rows):
            rows = slice(first, first + batch_rows)
            columns = {name: values[rows] for name, values in self.attributes.items()}
            bias = None if self.bias is None else self.bias[rows]
            spooled.append(
                spool_rows(
                    self.plan, self.ids[rows], self.items[rows], bias=bias, attributes=columns
                )
            )
        return [
            ShardTask(
                self.plan,
                number,
                tuple(one.name for one in spooled),
                sum(int(one.rows[number]) for one in spooled),
                sum(int(one.content[number]) for one in spooled) % 2**64,
            )
            for number in range(self.plan.shards)
        ]


@pytest.fixture(scope="session")
def make():
    """Builds a whole folder and returns its manifest."""

    def build(folder, items, ids=None, *, keep=2, **options):
        with FolderLock(folder):
            builder = Builder(folder, items, ids, **options)
            return finish(builder.plan, [build_shard(task) for task in builder.tasks()], keep)

    build.steps = Builder
    return build

"""Sharded indexes: a folder of index files and a manifest, for data beyond one machine.

Building a shard, searching a shard and merging are functions of picklable arguments, which any
engine can call: multiprocessing, Ray (`vecq.integrations.ray`), Spark or Dask.

A folder holds `manifest.json`, one file per shard, the shared codec, and earlier manifests:

    items/
      manifest.json            the current version
      manifests/000001.json    every version that can be returned to
      codec-000001-9f3c.npz    parameters that all shards encode with, so that scores merge
      shard-0000-000001-9f3c.vecq
      staging/                 only during a build: rows by shard, records of finished shards
"""

from vecq.sharding.assignment import Assignment, ClusterAssignment, HashAssignment
from vecq.sharding.build import build_shard, finish, start_build
from vecq.sharding.groups import ShardedGroups
from vecq.sharding.lock import FolderLock
from vecq.sharding.manifest import (
    Manifest,
    Shard,
    generations,
    publish,
    read_manifest,
    remove_unused,
    rollback,
)
from vecq.sharding.merging import merge
from vecq.sharding.plan import BuildPlan, ShardTask
from vecq.sharding.sharded_index import ShardedIndex, open_shard, search_shard
from vecq.sharding.spool import Spooled, spool_rows
from vecq.sharding.update import start_update, update_shard
from vecq.sharding.versions import Versions

__all__ = [
    "Assignment",
    "BuildPlan",
    "ClusterAssignment",
    "FolderLock",
    "HashAssignment",
    "Manifest",
    "Shard",
    "ShardTask",
    "ShardedGroups",
    "ShardedIndex",
    "Spooled",
    "Versions",
    "build_shard",
    "finish",
    "generations",
    "merge",
    "open_shard",
    "publish",
    "read_manifest",
    "remove_unused",
    "rollback",
    "search_shard",
    "spool_rows",
    "start_build",
    "start_update",
    "update_shard",
]

"""Sharded indexes on Ray: build from a data set, search for many users, update and serve.

`pip install 'vecq[ray]'`. Ray moves data and restarts what fails; `vecq.sharding` does the work.
The index folder must have the same path on all nodes, such as on a network file system.
"""

from vecq.integrations.ray.build_job import build
from vecq.integrations.ray.search_job import search
from vecq.integrations.ray.service import app
from vecq.integrations.ray.update_job import update

__all__ = ["app", "build", "search", "update"]

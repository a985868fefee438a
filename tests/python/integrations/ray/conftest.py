"""A Ray cluster of two raylets on the loopback address, one for each module of tests."""

import os
import shutil
import tempfile
from itertools import pairwise

import numpy as np
import pytest
import ray

STORE_BYTES = 100 << 20
# A node that dies is missed after a second or two, not after half a minute.
HEALTH = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 500,
    "health_check_failure_threshold": 4,
}
NODE = {"num_cpus": 1, "object_store_memory": STORE_BYTES, "node_ip_address": "127.0.0.1"}


class TwoNodes:
    """A head and one other node, which tests may kill and replace."""

    def __init__(self, folder):
        from ray.cluster_utils import Cluster

        self.cluster = Cluster(
            initialize_head=True,
            head_node_args={
                **NODE,
                "include_dashboard": False,
                "temp_dir": folder,
                "_system_config": HEALTH,
            },
        )
        self.add_node()

    def add_node(self):
        self.other = self.cluster.add_node(**NODE)
        self.cluster.wait_for_nodes()

    def kill_node(self):
        self.cluster.remove_node(self.other, allow_graceful=False)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """The working directory of workers must not be the checkout, whose vecq is not built."""
    before, folder = os.getcwd(), tempfile.mkdtemp(prefix="vq", dir="/tmp")
    os.environ["VECQ_TEST_CLUSTER"] = str(os.getpid())  # marks the processes of this cluster
    os.chdir(tmp_path_factory.mktemp("ray"))
    nodes = TwoNodes(folder)
    ray.init(address=nodes.cluster.address, log_to_driver=False, logging_level="ERROR")
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    try:
        yield nodes
    finally:
        ray.shutdown()
        nodes.cluster.shutdown()
        os.chdir(before)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def whole_tests():
    """Skips a test of minutes, unless make ray-tests runs it."""
    if os.environ.get("VECQ_RAY_TESTS") != "1":
        pytest.skip("make ray-tests runs it")


@pytest.fixture(scope="session")
def items():
    return np.random.default_rng(0).standard_normal((2000, 24), dtype=np.float32) + 0.5


@pytest.fixture(scope="session")
def users():
    return np.random.default_rng(1).standard_normal((60, 24), dtype=np.float32)


@pytest.fixture(scope="session")
def dataset():
    """Makes a data set of ids and vectors; the lists of Parquet files, in a few blocks."""
    import pyarrow as pa

    def make(vectors, ids=None, blocks=4, **columns):
        ids = np.arange(len(vectors)) if ids is None else np.asarray(ids)
        vectors = [None if row is None else np.asarray(row) for row in vectors]
        table = pa.table(
            {
                "id": ids,
                "vector": pa.array(vectors, pa.list_(pa.float32())),
                **{name: pa.array(values) for name, values in columns.items()},
            }
        )
        cuts = np.linspace(0, len(table), blocks + 1).astype(int)
        tables = [table.slice(a, b - a) for a, b in pairwise(cuts)]
        return ray.data.from_arrow([one for one in tables if len(one)] or [table])

    return make

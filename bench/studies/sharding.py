"""Sharded indexes: builds and batch search on Ray against one process, merging, recall by shards.

python -I bench/studies sharding --rows 200000; figures are ratios within one run.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

DIM, K, USERS = 128, 100, 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--parts", default="build,search,merge,spread,recall")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    found: dict[str, Any] = {"rows": arguments.rows, "dim": DIM, "k": K}
    parts = arguments.parts.split(",")
    items, users = population(arguments.rows)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        if "build" in parts or "search" in parts:
            found |= on_ray(Path(folder), items, users, "search" in parts)
        if "merge" in parts:
            found |= merging(items, users[:500])
        if "spread" in parts:
            found |= spread(items, users)
        if "recall" in parts:
            found |= recall_by_shards(items[:40_000], users[:500])
    text = json.dumps(found, indent=2)
    print(text)
    if arguments.json:
        Path(arguments.json).write_text(text + "\n")


def population(rows: int) -> tuple[Any, Any]:
    """Items and users of a low-rank model with noise, norms that differ as popularity does."""
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((32, DIM), dtype=np.float32)
    items = rng.standard_normal((rows, 32), dtype=np.float32) @ basis
    items += 2 * rng.standard_normal((rows, DIM), dtype=np.float32)
    items *= rng.lognormal(0, 0.3, (rows, 1)).astype(np.float32)
    return items, rng.standard_normal((USERS, 32), dtype=np.float32) @ basis


def on_ray(folder: Path, items: Any, users: Any, searching: bool) -> dict[str, Any]:
    """Build with two workers, and search with two, against one process with two threads."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import ray

    import vecq
    from vecq.integrations.ray import build, search

    write_parquet(folder / "items", items)
    write_parquet(folder / "users", users)
    start = time.perf_counter()
    read = pq.read_table(folder / "items")
    flat = read["vector"].combine_chunks().flatten().to_numpy()
    index = vecq.Index(DIM, "cosine").add(
        flat.reshape(-1, DIM), read["id"].to_numpy(), threads=2, progress=False
    )
    index.save(folder / "one.vecq")
    one_seconds = time.perf_counter() - start
    del read, flat

    ray.init(include_dashboard=False, num_cpus=2, log_to_driver=False, logging_level="ERROR")
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars, context.print_on_execution_start = False, False
    # Ray's start is not counted: its workers have imported what they need.
    ray.data.range(1000, override_num_blocks=4).map_batches(imported).materialize()
    start = time.perf_counter()
    manifest = build(
        ray.data.read_parquet(str(folder / "items")), folder / "two", shards=2, metric="cosine"
    )
    ray_seconds = time.perf_counter() - start
    found: dict[str, Any] = {
        "build_one_process_s": one_seconds,
        "build_ray_two_workers_s": ray_seconds,
        "build_ratio": ray_seconds / one_seconds,
    }
    print(found, flush=True)
    assert manifest.rows == len(items)
    if searching:
        whole = build(
            ray.data.read_parquet(str(folder / "items")),
            folder / "whole",
            shards=1,
            metric="cosine",
            threads=2,
        )
        assert len(whole.shards) == 1
        copies = 2
        index.search(users[:1000], K, threads=2)
        start = time.perf_counter()
        for _ in range(copies):
            index.search(users, K, threads=2)
        own = copies * len(users) / (time.perf_counter() - start)
        print(f"in process: {own:,.0f} QPS", flush=True)
        table = pa.concat_tables([pq.read_table(folder / "users")] * copies)
        data = ray.data.from_arrow([table.slice(at, 5000) for at in range(0, len(table), 5000)])
        job = search(data, folder / "whole", K, batch_rows=1000)
        start = time.perf_counter()
        steady, done = 0.0, 0
        for batch in job.iter_batches(batch_size=None, batch_format="pyarrow"):
            if done == 0:  # actors have started
                steady = time.perf_counter()
                first = len(batch)
            done += len(batch)
        end = time.perf_counter()
        found |= {
            "search_in_process_qps": own,
            "search_ray_qps": (done - first) / (end - steady),
            "search_ray_with_start_qps": done / (end - start),
            "search_share": (done - first) / (end - steady) / own,
            "users_per_hour": 3600 * (done - first) / (end - steady),
        }
    ray.shutdown()
    return found


def imported(batch: Any) -> Any:
    import vecq.integrations.ray.build_job
    import vecq.sharding  # noqa: F401

    time.sleep(1)
    return batch


def write_parquet(folder: Path, vectors: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir()
    for number, first in enumerate(range(0, len(vectors), 50_000)):
        block = vectors[first : first + 50_000]
        column = pa.FixedSizeListArray.from_arrays(pa.array(block.ravel()), DIM)
        ids = pa.array(np.arange(first, first + len(block)))
        pq.write_table(pa.table({"id": ids, "vector": column}), folder / f"{number:04}.parquet")


def merging(items: Any, users: Any, shards: int = 16) -> dict[str, Any]:
    """The share of merging in the search of 16 shards on one thread."""
    import vecq
    from vecq.sharding import merge

    ids = np.arange(len(items))
    indexes = [
        vecq.Index(DIM, "cosine").add(items[part::shards], ids[part::shards], threads=2)
        for part in range(shards)
    ]
    found = {}
    for k in (100, 1000):
        start = time.perf_counter()
        parts = [tuple(index.search(users, k)) for index in indexes]
        searched = time.perf_counter() - start
        times = []
        for _ in range(5):
            start = time.perf_counter()
            merge(parts, k)  # type: ignore[arg-type]
            times.append(time.perf_counter() - start)
        merged = sorted(times)[2]
        found[f"merge_share_k{k}"] = merged / (searched + merged)
        found[f"merge_us_per_query_k{k}"] = 1e6 * merged / len(users)
        found[f"shard_search_us_per_query_k{k}"] = 1e6 * searched / len(users) / shards
    return found


def spread(items: Any, users: Any) -> dict[str, Any]:
    """Time of lone searches of one index: the median, and the deviation of its logarithm."""
    import vecq

    find = vecq.Index(DIM, "cosine").add(items, threads=2, build="bulk").searcher(k=K)
    times = []
    for user in users[:6000]:
        start = time.perf_counter()
        find(user)
        times.append(time.perf_counter() - start)
    own = np.array(times[1000:])
    return {
        "lone_search_us": 1e6 * float(np.median(own)),
        "lone_search_p99_us": 1e6 * float(np.quantile(own, 0.99)),
        "lone_search_sigma": float(np.log(own).std()),
    }


def recall_by_shards(items: Any, users: Any) -> dict[str, Any]:
    """Recall of 1 and of 8 shards by the number of items that are scored for a query."""
    import vecq
    from vecq.sharding import merge

    truth = vecq.brute_force(items, users, "cosine", K).ids
    curves: dict[str, Any] = {}
    for shards in (1, 8):
        indexes = [
            vecq.Index(DIM, "cosine").add(items[part::shards], np.arange(part, len(items), shards))
            for part in range(shards)
        ]
        points = []
        for ef in (10, 20, 40, 70, 100, 150, 200, 300, 400):
            if shards == 1 and ef < K:
                continue
            k = min(K, ef)
            results = [index.search(users, k, ef=ef, plan="walk") for index in indexes]
            ids, _, _ = merge([(one.ids, one.scores) for one in results], K)
            hits = [len(np.intersect1d(a, b)) for a, b in zip(ids, truth, strict=True)]
            scored = sum(one.n_scored for one in results) / len(users)
            points.append({"ef": ef, "scored": scored, "recall": sum(hits) / truth.size})
        curves[f"recall_{shards}_shards"] = points
    return curves


if __name__ == "__main__":
    main()

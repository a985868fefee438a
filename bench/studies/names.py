"""String ids against integers, and the nightly job against search: make bench-names.

The bounds: at k=100 online, strings take at most 1.3 times the time of integers; a file of a
million strings opens in less than 5 ms; the job answers at least 0.8 times as many users per second
as search.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import vecq
from vecq.datasets.population import Population

from .timing import interleaved

ONLINE, SEEN = 400, 50


def names_of(rows: int) -> list[str]:
    """Ids of 20 characters, as of a catalogue."""
    return [f"product-{number * 7919 % 10**12:012}" for number in range(rows)]


def measure_ids(
    population: Population, folder: Path, repetitions: int
) -> tuple[dict[str, Any], vecq.Index]:
    """Build both indexes, and time searches, openings and the build."""
    items = np.concatenate(list(population.items()))
    queries = population.queries[:ONLINE]
    names = names_of(len(items))
    found: dict[str, Any] = {}
    index = vecq.Index(items.shape[1], "ip").add(items, progress=False)
    index.save(folder / "items.vecq")
    rng = np.random.default_rng(0)
    named = vecq.Index(items.shape[1], "ip").add(items, names, progress=False)
    named.save(folder / "named.vecq")
    texts = np.array(names, object)
    seen = [rng.choice(len(items), SEEN, replace=False) for _ in queries]
    seen_texts = [texts[own].tolist() for own in seen]

    def online(own: vecq.Index, excluded: Any) -> None:
        for number, query in enumerate(queries):
            own.search(query, 100, exclude=excluded and [excluded[number]]).ids[0, 0]

    works = {
        "integers": lambda: online(index, None),
        "strings": lambda: online(named, None),
        "integers, 50 excluded": lambda: online(index, seen),
        "strings, 50 excluded": lambda: online(named, seen_texts),
        "open integers": lambda: vecq.open(folder / "items.vecq"),
        "open strings": lambda: vecq.open(folder / "named.vecq"),
    }
    for name, timing in interleaved(works, repetitions).items():
        count = 1 if name.startswith("open") else ONLINE
        found[name] = {"us": 1e6 * timing.median / count, "spread": timing.spread}
    found["bytes per string"] = (named.stats().id_bytes - index.stats().id_bytes) / len(items)
    return found, index


def measure_job(
    index: vecq.Index, population: Population, folder: Path, k: int, repetitions: int
) -> dict[str, Any]:
    """Time the job against one search of all users, on all cores."""
    users, rng = population.queries, np.random.default_rng(1)
    count, dim = users.shape
    pairs = np.repeat(np.arange(count), SEEN)
    items = rng.integers(0, len(index), len(pairs))
    shuffled = rng.permutation(len(pairs))
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(users.ravel()), dim)
    pq.write_table(
        pa.table({"user": np.arange(count), "vector": vectors}), folder / "users.parquet"
    )
    table = pa.table({"user": pairs[shuffled], "item": items[shuffled]})
    pq.write_table(table, folder / "seen.parquet")
    offsets = np.arange(0, len(pairs) + 1, SEEN)
    at_once = 1 << 14

    def search() -> None:
        for first in range(0, count, at_once):
            part = users[first : first + at_once]
            own = items[offsets[first] : offsets[first + len(part)]]
            index.search(part, k, exclude=(offsets[: len(part) + 1], own), threads=0)

    def job(path: str) -> None:
        vecq.recommend(
            folder / path,
            folder / "users.parquet",
            seen=folder / "seen.parquet",
            k=k,
            out=folder / "recs.parquet",
            item_column="item",
            progress=False,
        )

    works = {"search": search, "job": lambda: job("items.vecq")}
    timings = interleaved(works, repetitions)
    return {
        name: {"users/s": count / timing.median, "spread": timing.spread}
        for name, timing in timings.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="names", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="items: %(default)s")
    parser.add_argument("--users", type=int, default=50_000, help="default: %(default)s")
    parser.add_argument("--k", type=int, default=500, help="of the job: %(default)s")
    parser.add_argument("--repetitions", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    population = Population(options.rows, 128, options.users)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ids, index = measure_ids(population, folder, options.repetitions)
        job = measure_job(index, population, folder, options.k, options.repetitions)
    for line in lines(ids, job):
        print(json.dumps(line))
    if options.json:
        options.json.write_text(json.dumps({"ids": ids, "job": job}, indent=1))


def lines(ids: dict[str, Any], job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a record for each kind of search, for opening, and for the job."""
    for work in ("search", "search, 50 excluded", "open"):
        number, text = (
            ids[work.replace("search", kind).replace("open", f"open {kind}")]["us"]
            for kind in ("integers", "strings")
        )
        yield {
            "study": "string ids",
            "work": work,
            "integers us": number,
            "strings us": text,
            "strings / integers": text / number,
        }
    own, search = job["job"]["users/s"], job["search"]["users/s"]
    yield {
        "study": "nightly job",
        "search users/s": search,
        "job users/s": own,
        "job / search": own / search,
    }


if __name__ == "__main__":
    main()

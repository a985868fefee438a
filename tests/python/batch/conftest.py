"""A shop: items under integer and string ids, users, and what each has seen in no order."""

from collections import defaultdict
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import vecq

DIM, ITEMS, USERS, PAIRS = 16, 1500, 700, 9000


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    rng = np.random.default_rng(0)
    items = rng.standard_normal((ITEMS, DIM), dtype=np.float32)
    users = rng.standard_normal((USERS, DIM), dtype=np.float32)
    names = [f"sku-{i}" for i in range(ITEMS)]
    vecq.Index(DIM, seed=1).add(items, threads=1).save(folder / "items.vecq")
    vecq.Index(DIM, seed=1).add(items, names, threads=1).save(folder / "named.vecq")
    ids = rng.permutation(10 * USERS)[:USERS]
    lists = pa.FixedSizeListArray.from_arrays(pa.array(users.ravel()), DIM)
    table = pa.table({"user_id": ids, "vector": lists, "age": [7] * USERS})
    parquet.write_table(table, folder / "users.parquet", row_group_size=90)
    # A tenth of the pairs are of users without a vector, or of items that are no longer sold.
    pairs = rng.integers(0, [10 * USERS if i % 10 == 0 else USERS for i in range(PAIRS)])
    pairs = np.where(np.arange(PAIRS) % 10 == 0, pairs, ids[pairs % USERS])
    seen = rng.integers(0, ITEMS + 100, PAIRS)
    table = pa.table({"user_id": pairs, "item_id": seen})
    parquet.write_table(table, folder / "seen.parquet", row_group_size=1000)
    table = pa.table({"user_id": pairs, "item_id": [f"sku-{i}" for i in seen]})
    parquet.write_table(table, folder / "named-seen.parquet")
    excluded = defaultdict(list)
    for user, item in zip(pairs.tolist(), seen.tolist(), strict=True):
        excluded[user].append(item)
    return SimpleNamespace(
        folder=folder,
        index=str(folder / "items.vecq"),
        named=str(folder / "named.vecq"),
        users=str(folder / "users.parquet"),
        seen=str(folder / "seen.parquet"),
        named_seen=str(folder / "named-seen.parquet"),
        ids=ids.tolist(),
        vectors=users,
        excluded=[excluded[user] for user in ids.tolist()],
    )


@pytest.fixture
def expected(shop):
    """What search finds for all users: a dict of user to ids and scores."""

    def answers(k, **options):
        index = vecq.open(shop.index)
        found = index.search(shop.vectors, k, exclude=shop.excluded, **options)
        return {
            user: (found.ids[i, :count].tolist(), found.scores[i, :count].tolist())
            for i, (user, count) in enumerate(zip(shop.ids, found.counts, strict=True))
        }

    return answers


@pytest.fixture
def read():
    """Reads an output as such a dict; refuses a user that comes twice."""

    def answers(path):
        table = parquet.read_table(path)
        assert table.schema.names == ["user_id", "ids", "scores"]
        rows = table.to_pydict()
        assert len(set(rows["user_id"])) == table.num_rows
        return dict(
            zip(rows["user_id"], zip(rows["ids"], rows["scores"], strict=True), strict=True)
        )

    return answers

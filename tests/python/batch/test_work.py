"""The work folder: parts become row groups of one Parquet file, which other readers open too."""

import numpy as np
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vecq.batch import work
from vecq.batch.work import WorkFolder

JOB = {"job": 1}
SCHEMA = pa.schema([("user", pa.string()), ("ids", pa.list_(pa.int64()))])


def part(number, rows=50):
    rng = np.random.default_rng(number)
    lists = [rng.integers(0, 1 << 40, rng.integers(0, 9)).tolist() for _ in range(rows)]
    return pa.record_batch([[f"{number}-{row}" for row in range(rows)], lists], schema=SCHEMA)


@pytest.fixture
def folder(tmp_path):
    return lambda: WorkFolder(tmp_path / "out.parquet")


@pytest.mark.parametrize("blank_bytes", [1, 64, 1 << 26])
@pytest.mark.parametrize("parts", [0, 1, 2, 7])
def test_parts_become_row_groups(parts, blank_bytes, folder, monkeypatch):
    monkeypatch.setattr(work, "BLANK_BYTES", blank_bytes)
    own, batches = folder(), [part(number) for number in range(parts)]
    with own.locked(JOB):
        for batch in batches:
            own.append(batch)
        own.finish(SCHEMA)
    expected = pa.Table.from_batches(batches, SCHEMA)
    assert pq.read_table(own.out) == expected
    assert polars.read_parquet(own.out).to_dict(as_series=False) == expected.to_pydict()
    with pq.ParquetFile(own.out) as file:
        assert file.schema_arrow == SCHEMA
        assert file.num_row_groups == parts
        for number in reversed(range(parts)):
            assert file.read_row_group(number).to_batches() == [batches[number]]
    assert not own.path.exists()


def test_finished_parts_are_taken_over_and_the_rest_is_cut_off(folder):
    first = folder()
    with first.locked(JOB):
        first.append(part(0))
        first.append(part(1, 3))
    with open(first.path / "rows.parquet", "ab") as file:
        file.write(b"half a part")
    second = folder()
    with second.locked(JOB):
        assert [second.has(number) for number in range(4)] == [True, True, False, False]
        assert [second.rows(number) for number in range(2)] == [50, 3]
        second.append(part(2))
        second.finish(SCHEMA)
    assert pq.read_table(second.out) == pa.Table.from_batches([part(0), part(1, 3), part(2)])


@pytest.mark.parametrize("other", [None, {"job": 2}])
def test_another_job_starts_over(other, folder):
    first, second = folder(), folder()
    with first.locked(JOB):
        first.append(part(0))
        first.append(part(1))
    with second.locked(other):
        assert not second.has(0)
        second.append(part(5))
        second.finish(SCHEMA)
    assert pq.read_table(second.out) == pa.Table.from_batches([part(5)])


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: (path / "rows.parquet").unlink(),
        lambda path: (path / "rows.parquet").write_bytes(b"PAR1"),
        lambda path: (path / "part-0000001.footer").write_bytes(b""),
        lambda path: (path / "part-0000000.footer").write_bytes(b"PAR1PAR1" * 9),
    ],
)
def test_a_damaged_folder_starts_over(damage, folder):
    first, second = folder(), folder()
    with first.locked(JOB):
        for number in range(3):
            first.append(part(number))
    damage(first.path)
    with second.locked(JOB):
        assert not second.has(0)
        second.append(part(4))
        second.finish(SCHEMA)
    assert pq.read_table(second.out) == pa.Table.from_batches([part(4)])

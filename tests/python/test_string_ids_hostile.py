"""String ids under threads, and in damaged files: never a wrong name, a crash or a hang."""

import os
import threading

import numpy as np
import pytest

import vecq
from vecq._native import lib
from vecq.core.progress import Report
from vecq.storage.tasks import begin, task_slot

CLASSES = 16


def test_names_are_right_while_items_come_and_go():
    """An item named N lies in direction N % 16: a name of another item would be seen."""
    index = vecq.Index(CLASSES, "cosine", m=4, ef_construction=20, id_type="str")
    axes, done, faults = np.eye(CLASSES, dtype=np.float32), threading.Event(), []

    def rows(numbers):
        noise = np.random.default_rng(0).standard_normal((len(numbers), CLASSES)) / 20
        return (axes[np.asarray(numbers) % CLASSES] + noise).astype(np.float32)

    def names(numbers):
        return [f"{number:07}" for number in numbers]

    index.add(rows(range(4000)), names(range(4000)))

    def search(seed):
        rng = np.random.default_rng(seed)
        try:
            while not done.is_set():
                axis = int(rng.integers(CLASSES))
                kept = names(range(0, 160, 16))
                options = [{}, {"exclude": [kept]}, {"allow": names(range(4000))}, {"ef": 400}]
                found = index.search(axes[axis], 20, **options[rng.integers(4)])
                wrong = [one for one in found.ids[0] if one is None or int(one) % CLASSES != axis]
                if wrong:
                    faults.append(wrong)
                index.get(kept)
                if not set(kept) <= set(index.ids):
                    faults.append("ids")
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=search, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    try:
        for first in range(4000, 19_000, 3000):
            part = range(first, first + 3000)
            index.add(rows(part), names(part), threads=1)
            index.remove(names(part))
            if first % 2000 == 0:
                index.compact()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not faults, faults[:3]
    assert index.check().ok
    assert len(index) == 4000


def test_saves_during_changes_hold_the_names_of_their_moment(tmp_path):
    rows = np.random.default_rng(0).standard_normal((3000, 8), dtype=np.float32)
    names = [f"a{i}" for i in range(2000)]
    index = vecq.Index(8, "l2", m=4, ef_construction=20).add(rows[:2000], names)
    index.remove(names[:1500])  # frees numbers, which may not be taken during the save
    with task_slot() as slot:
        path = os.fsencode(tmp_path / "a.vecq")
        task = begin(slot, lib.vecq_task_save, index._native.handle, path, True)
        index.add(rows[:1000], [f"b{i}" for i in range(1000)])
        index.remove([names[1999], "b7"]).upsert(rows[:1], [names[1998]])
        task.run(Report(False, 0))
    saved = vecq.open(tmp_path / "a.vecq", writable=True, verify="full")
    assert saved.ids.tolist() == names[1500:]
    assert saved.check().ok
    assert "b0" not in saved
    assert "a1999" in saved
    assert saved.add(rows[:1], ["b0"]).check().ok
    assert index.check().ok
    assert "b0" in index
    assert "a1999" not in index


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "good.vecq"
    rows = np.random.default_rng(0).standard_normal((400, 8), dtype=np.float32)
    index = vecq.Index(8, "l2", m=4, ef_construction=20)
    index.add(rows, [f"name-{i}" * (1 + i % 3) for i in range(400)]).remove("name-0")
    index.save(path)
    parts = {one.name: one for one in vecq.info(path).sections if "string ids" in one.name}
    assert len(parts) == 4
    return path, path.read_bytes(), parts


def use(path):
    """Call everything that reads or changes names."""
    rows = np.random.default_rng(1).standard_normal((5, 8), dtype=np.float32)
    known = ["name-1name-1", "name-3", "unknown"]
    calls = [
        lambda index: index.search(rows, 50, exclude=[known] * 5),
        lambda index: index.search(rows, 500, allow=known),
        lambda index: (index.ids, known[0] in index, index.check(), repr(index)),
        lambda index: index.get(known[:2]),
        lambda index: index.add(rows, [f"new-{i}" for i in range(5)]),
        lambda index: index.upsert(rows[:2], known[:2]),
        lambda index: index.remove(known[:1]),
        lambda index: index.save(path.with_suffix(".copy"), overwrite=True),
        lambda index: index.compact(),
        lambda index: index.ids,
    ]
    for writable in (False, True):
        try:
            index = vecq.open(path, writable)
        except vecq.VecqError:
            return
        for call in calls:
            try:
                call(index)
            except vecq.VecqError:
                continue


@pytest.mark.parametrize("seed", range(40))
def test_damaged_names_raise_typed_errors_only(seed, file, tmp_path):
    _, good, parts = file
    rng, content = np.random.default_rng(seed), bytearray(good)
    for _ in range(int(rng.integers(1, 30))):
        part = list(parts.values())[rng.integers(4)]
        at = part.offset + int(rng.integers(part.bytes))
        length = min(int(rng.integers(1, 9)), part.offset + part.bytes - at)
        words = (b"\xff" * 8, b"\0" * 8, rng.bytes(8))[rng.integers(3)]
        content[at : at + length] = words[:length]
    (tmp_path / "bad.vecq").write_bytes(content)
    use(tmp_path / "bad.vecq")


@pytest.mark.parametrize("words", [b"\xff" * 8, b"\1\0\0\0" * 2, b"\0" * 8])
@pytest.mark.parametrize("kind", ["", "offsets of ", "hash table of "])
def test_sections_of_one_word_raise_typed_errors_only(kind, words, file, tmp_path):
    _, good, parts = file
    content, part = bytearray(good), parts[f"{kind}string ids"]
    content[part.offset : part.offset + part.bytes] = (words * part.bytes)[: part.bytes]
    (tmp_path / "bad.vecq").write_bytes(content)
    use(tmp_path / "bad.vecq")
    assert not vecq.open(tmp_path / "bad.vecq").check().ok


def test_names_that_are_not_utf8_are_a_corrupt_file(file, tmp_path):
    _, good, parts = file
    content, part = bytearray(good), parts["string ids"]
    content[part.offset : part.offset + part.bytes] = b"\xff" * part.bytes
    (tmp_path / "bad.vecq").write_bytes(content)
    with pytest.raises(vecq.CorruptFileError, match="UTF-8"):
        vecq.open(tmp_path / "bad.vecq").search(np.ones(8, np.float32), 3)
    assert "not valid UTF-8" in str(vecq.open(tmp_path / "bad.vecq").check())

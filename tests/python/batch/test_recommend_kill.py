"""A job that is killed at any moment: the next run completes it, as if nothing had happened.

VECQ_KILLS is the number of kills; `make kill-recommend` tries 20.
"""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

import vecq

KILLS = int(os.environ.get("VECQ_KILLS", "3"))
K, PART = 40, 7


def command(shop, out, memory="1024"):
    return [
        *(sys.executable, "-P", "-m", "vecq", "recommend", shop.index, shop.users),
        *("--seen", shop.seen, "--k", str(K), "--part-users", str(PART), "--threads", "1"),
        *("--out", str(out), "--memory-mb", memory),
    ]


@pytest.fixture(scope="module")
def seconds(shop, tmp_path_factory):
    """How long an undisturbed run takes."""
    start = time.monotonic()
    subprocess.run(command(shop, tmp_path_factory.mktemp("run") / "out.parquet"), check=True)
    return time.monotonic() - start


def test_killed_jobs_are_completed(shop, expected, read, seconds, tmp_path):
    out, moments = tmp_path / "out.parquet", random.Random(0)
    wanted = expected(K)
    for kill in range(KILLS):
        process = subprocess.Popen(command(shop, out), stdout=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.3, 1.05) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if out.exists():  # the kill came too late
            assert read(out) == wanted, kill
            if not (tmp_path / "out.parquet.work").exists():
                out.unlink()
    subprocess.run(command(shop, out), check=True, stdout=subprocess.DEVNULL)
    assert read(out) == wanted
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]


def interrupted(shop, out, after, **given):
    """Raise from progress after some parts."""

    def progress(done, total):
        if done >= after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vecq.recommend(
            shop.index,
            shop.users,
            seen=shop.seen,
            k=K,
            part_users=PART,
            out=out,
            progress=progress,
            **given,
        )


@pytest.mark.parametrize("memory", [1 << 30, 1 << 16])
def test_finished_parts_are_taken_over(memory, shop, expected, read, tmp_path):
    out = tmp_path / "out.parquet"
    interrupted(shop, out, 350, memory_bytes=memory)
    assert not out.exists()
    assert (tmp_path / "out.parquet.work").exists()
    given = {"seen": shop.seen, "k": K, "part_users": PART, "memory_bytes": memory}
    done = vecq.recommend(shop.index, shop.users, out=out, **given)
    assert 300 <= done.resumed < 400
    assert done.users == 700
    assert read(out) == expected(K)


def test_another_job_starts_over(shop, expected, read, tmp_path):
    out = tmp_path / "out.parquet"
    interrupted(shop, out, 350)
    given = {"seen": shop.seen, "k": K, "part_users": PART, "deny": [1, 2]}
    done = vecq.recommend(shop.index, shop.users, out=out, **given)
    assert done.resumed == 0
    assert read(out) == expected(K, deny=[1, 2])
    done = vecq.recommend(vecq.open(shop.index), shop.users, out=out, **given)
    assert done.resumed == 0
    assert read(out) == expected(K, deny=[1, 2])


def test_a_changed_file_starts_the_job_over(shop, tmp_path):
    out, seen = tmp_path / "out.parquet", tmp_path / "seen.csv"
    seen.write_text("user_id,item_id\n1,2\n")
    given = {"seen": seen, "k": 3, "part_users": PART}

    def stop(done, total):
        if done > 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vecq.recommend(shop.index, shop.users, out=out, progress=stop, **given)
    seen.write_text("user_id,item_id\n1,2\n2,3\n")
    assert vecq.recommend(shop.index, shop.users, out=out, **given).resumed == 0


def test_one_process_at_a_time_writes_an_output(shop, refuse, tmp_path):
    out = tmp_path / "out.parquet"

    def progress(done, total):
        refuse("out", "another process", vecq.recommend, shop.index, shop.users, out=out)

    vecq.recommend(shop.index, shop.users, k=3, out=out, part_users=600, progress=progress)

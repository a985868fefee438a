"""An interrupt at any moment of a long call leaves an index that works.

Ctrl-C reaches Python code between two bytecodes, and after a native call that it arrived in. One
test puts an interrupt, or several in a row, before every bytecode that is followed by a look for
signals; another sends real signals from a thread after random delays, which also meet native code.

Environment:
    VECQ_TEST_INTERRUPTS: Number of moments per call and test (default: 40; 0: all of them, and
        2000 real signals).
"""

import contextlib
import ctypes
import dis
import functools
import gc
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import vecq
from vecq.integrations import hnswlib

pytestmark = [
    pytest.mark.filterwarnings("ignore::vecq.QuantizationWarning"),
    # A second interrupt may prevent that an exported file is closed at once.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

MOMENTS = int(os.environ.get("VECQ_TEST_INTERRUPTS", "40"))
SIGNALS = MOMENTS or 2000
DIM, ROWS, MORE = 8, 200, 100
ITEMS = np.random.default_rng(1).standard_normal((ROWS + MORE, DIM), np.float32)
NEW = range(ROWS, ROWS + MORE)
OWN = str(Path(vecq.__file__).parent)


class Interrupts:
    """Interrupts a call at given moments, which count its bytecodes in vecq.

    A moment that is not the first counts from the interrupt before it. Without moments, `looks`
    tells after which bytecodes Python looks for signals.
    """

    def __init__(self, *moments: int) -> None:
        self.moments = list(moments)
        self.raised = self.count = 0
        self.looks: list[int] = []
        # Trace functions in C: in one in Python, Python would look for signals.
        self._trip, self._wait = native("PyErr_SetInterrupt"), native("Py_IsInitialized")

    def __enter__(self) -> "Interrupts":
        self._tracer = sys.gettrace()
        self._handler = signal.signal(signal.SIGINT, self._raise)
        sys.settrace(self._enter)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._tracer)
        signal.signal(signal.SIGINT, self._handler)

    def _enter(self, frame, event, arg):
        if not (is_own(frame) or frame.f_code.co_filename.endswith("contextlib.py")):
            return None
        frame.f_trace_opcodes = True
        return self._step(frame)

    def _trace(self, frame, event, arg):
        return self._step(frame) if event == "opcode" else self._trace

    def _step(self, frame):
        self.count += 1
        if not self.moments:
            if looks_for_signals(frame.f_code, frame.f_lasti):
                self.looks.append(self.count)
        elif self.count >= self.moments[0]:
            sys.settrace(self._wait)  # for frames that begin meanwhile
            return self._trip  # at the next bytecode of this frame
        return self._trace

    def _raise(self, number, frame):
        if not any(map(is_own, callers(frame))):
            return  # the call is over
        self.raised += 1
        self.moments.pop(0)
        self.count = 0
        sys.settrace(self._enter if self.moments else None)
        for one in filter(is_own, callers(frame)):
            one.f_trace = self._trace if self.moments else None
            one.f_trace_opcodes = True
        raise KeyboardInterrupt


@contextlib.contextmanager
def caught():
    """Keeps an interrupt with all frames, as an interactive session does."""
    kept = []
    try:
        yield kept
    except KeyboardInterrupt as error:
        kept.append(error)
    except SystemError as error:  # of numpy.fromfile, where it meets an interrupt
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        kept.append(error)


def native(name: str):
    """A function of Python that takes no arguments, and lets a trace function's pass."""
    function = ctypes.PyDLL(None)[name]
    function.argtypes, function.restype = [ctypes.py_object] * 3, None
    return function


def callers(frame):
    while frame is not None:
        yield frame
        frame = frame.f_back


def is_own(frame) -> bool:
    return frame.f_code.co_filename.startswith(OWN)


@functools.cache
def code_of(code) -> bytes:
    return code.co_code


def looks_for_signals(code, place: int) -> bool:
    name = dis.opname[code_of(code)[place]] if place >= 0 else "RESUME"
    return "CALL" in name or name in ("RESUME", "JUMP_BACKWARD", "JUMP_ABSOLUTE")


class Signals:
    """Interrupts a call by the signal of a timer, once or again and again."""

    def __enter__(self) -> "Signals":
        self._handler = signal.signal(signal.SIGALRM, self._raise)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._handler)

    def _raise(self, number, frame):
        # On a busy machine signals come faster than they are handled.
        if self._handling:
            return
        self._handling = True
        try:
            if self._calling and any(map(is_own, callers(frame))):
                self._raised += 1
                raise KeyboardInterrupt
        finally:
            self._handling = False

    def interrupt(self, call, delay: float, again: float) -> int:
        """How many interrupts the call met: after `delay` seconds, then each `again` seconds."""
        self._raised, self._calling, self._handling = 0, True, False
        with caught():
            signal.setitimer(signal.ITIMER_REAL, delay, again)
            call()
        self._calling = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        return self._raised


class Work:
    """A long call on an index, and how the index becomes again what it was before."""

    def __init__(self, folder: Path) -> None:
        self.path, self.other = folder / "a.vecq", folder / "b.vecq"
        self.index = built()

    def call(self) -> None:
        raise NotImplementedError

    def restore(self) -> None:
        """Fails unless the index can be changed, checked, rebuilt and saved."""
        index = self.index
        extra = [id for id in NEW if id in index]
        if extra:
            index.remove(extra)
        gone = [id for id in range(ROWS) if id not in index]
        if gone:
            index.add(ITEMS[gone], gone, threads=1)
        index.upsert(ITEMS[:1], [0]).add(ITEMS[:1], [-1]).remove([-1])
        assert len(index) == ROWS
        assert index.check().ok


class Add(Work):
    def call(self) -> None:
        self.index.add(ITEMS[ROWS:], NEW, threads=1)


class AddFew(Work):
    def call(self) -> None:
        self.index.add(ITEMS[ROWS:][:5], NEW[:5])


class AddFirst(Work):
    def call(self) -> None:
        self.index = built(0)
        self.index.add(ITEMS, threads=1)


class AddWithUsers(Work):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.index = vecq.Index(DIM, "ip", m=4, ef_construction=20).add(ITEMS[:ROWS], threads=1)

    def call(self) -> None:
        self.index.add(ITEMS[ROWS:], NEW, users=ITEMS[:20], threads=1)


class Update(Work):
    def call(self) -> None:
        self.index.upsert(ITEMS[MORE:][::-1], range(MORE, ROWS + MORE), threads=1)


class Remove(Work):
    def call(self) -> None:
        self.index.remove(range(ROWS // 2))


class Save(Work):
    def call(self) -> None:
        self.index.save(self.path)

    def restore(self) -> None:
        self.index.compact().save(self.path)
        assert [*self.path.parent.iterdir()] == [self.path]
        super().restore()


class Compact(Work):
    def call(self) -> None:
        self.index.compact()

    def restore(self) -> None:
        super().restore()
        self.index.remove([7]).save(self.path)


class Refit(Compact):
    def call(self) -> None:
        self.index.refit()


class Partition(Compact):
    def call(self) -> None:
        self.index.partition(9)


class Check(Work):
    def call(self) -> None:
        assert self.index.check().ok


class Calibrate(Work):
    def call(self) -> None:
        self.index.measure_recall(ITEMS[:10], k=(1, 10), threads=1)


class Open(Work):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.index.save(self.path)

    def call(self) -> None:
        self.index = vecq.open(self.path, writable=True, verify="full", preload="copy")


class Export(Work):
    def call(self) -> None:
        self.index.to_hnswlib(self.other)


class Import(Export):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        super().call()

    def call(self) -> None:
        self.index = vecq.from_hnswlib(
            self.other, metric="l2", dim=DIM, rerank_codec="fp16", threads=1
        )


class Twin(Work):
    """The class that takes the place of hnswlib's."""

    def __init__(self, folder: Path) -> None:
        self.begin()

    def begin(self) -> None:
        self.twin = hnswlib.Index("l2", DIM)
        self.twin.init_index(2 * ROWS, M=4, ef_construction=20, allow_replace_deleted=True)
        self.twin.add_items(ITEMS[:ROWS], range(ROWS), num_threads=1)

    def call(self) -> None:
        self.twin.mark_deleted(5)
        self.twin.add_items(ITEMS[ROWS:], NEW, num_threads=1, replace_deleted=True)

    def restore(self) -> None:
        self.twin.mark_deleted(7)
        self.twin.add_items(ITEMS[:1], [1000], num_threads=1, replace_deleted=True)
        assert self.twin.knn_query(ITEMS[:1], 1)[0][0, 0] in (0, 1000)
        assert self.twin._own.check().ok
        self.begin()


WORKS = {
    one.__name__: one
    for one in (
        *(Add, AddFew, AddFirst, AddWithUsers, Update, Remove, Save, Compact, Refit, Partition),
        *(Check, Calibrate, Open, Export, Import, Twin),
    )
}


def built(rows: int = ROWS) -> vecq.Index:
    codec = vecq.Codec("int8", scale="global")
    index = vecq.Index(DIM, "l2", codec, m=4, ef_construction=20, rerank_codec="fp16")
    return index.add(ITEMS[:rows], threads=1) if rows > 0 else index


@pytest.fixture(params=WORKS)
def work(request, tmp_path, monkeypatch):
    # Python reports an interrupt that it can't raise, as in a generator that is dropped. A hook in
    # Python would be interrupted itself.
    monkeypatch.setattr(sys, "unraisablehook", id)
    yield WORKS[request.param](tmp_path)
    gc.collect()


def looks_of(work: Work, *moments: int) -> list[int]:
    """After which bytecodes Python looks for signals, after interrupts at the moments before."""
    with caught(), Interrupts(*moments) as seen:
        work.call()
    return seen.looks


def interrupted(work: Work, *moments: int) -> int:
    """How many interrupts a call met, after which the index has to work."""
    with caught() as kept, Interrupts(*moments) as given:
        work.call()
    work.restore()
    assert len(kept) == (given.raised > 0)
    return given.raised


def some(moments, count: int):
    return moments[:: -(-len(moments) // count)] if MOMENTS else moments


def test_an_interrupt_at_any_moment_leaves_an_index_that_works(work):
    work.call()
    work.restore()
    looks = looks_of(work)
    work.restore()
    assert len(looks) > 20
    met = [interrupted(work, moment - 1) for moment in some(looks, MOMENTS)]
    assert sum(met) >= 0.9 * len(met)


def test_so_do_several_in_a_row(work):
    work.call()
    work.restore()
    looks = looks_of(work)
    work.restore()
    choice = random.Random(1)
    met = []
    for moment in some(looks, MOMENTS):
        met.append(interrupted(work, moment - 1, *(choice.randrange(12) for _ in range(3))))
    assert max(met) >= 2


def test_so_do_real_signals(work):
    work.call()
    work.restore()
    start = time.perf_counter()
    work.call()
    took = time.perf_counter() - start
    work.restore()
    choice, met = random.Random(1), 0
    with Signals() as signals:
        for number in range(SIGNALS):
            again = choice.uniform(5e-5, 5e-4) if number % 2 else 0
            met += signals.interrupt(work.call, choice.uniform(1e-6, took), again) > 0
            work.restore()
    assert met > 0

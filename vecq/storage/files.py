"""Index files: open, save, preload, check and describe."""

import os
import time
from typing import Any

from vecq._native import ffi, lib
from vecq.core.arguments import choose, named
from vecq.core.errors import ArgumentError, CorruptFileError, call
from vecq.core.native_index import NativeIndex
from vecq.core.progress import Progress
from vecq.core.structs import new_struct
from vecq.quantization.codec import codec_of_options
from vecq.quantization.metric import METRICS
from vecq.storage.paths import encoded, naming
from vecq.storage.records import Check, FileInfo, Saved, Section
from vecq.storage.tasks import begin, byte_report, run_task, task_slot, text

PRELOADS: dict[Any, int] = {
    False: lib.VECQ_PRELOAD_NONE,
    "walk": lib.VECQ_PRELOAD_SEARCH,
    True: lib.VECQ_PRELOAD_ALL,
    "copy": lib.VECQ_PRELOAD_COPY,
}
MOST_SECTIONS = 256


def open_file(
    path: str | os.PathLike[str],
    writable: bool,
    *,
    verify: str,
    preload: object,
    lock: bool,
    progress: Progress,
) -> NativeIndex:
    """Open an index file; `vecq.Index.open` documents the options."""
    choose({"header": 0, "full": 1}, verify, "verify")
    preload_constant = _preload_constant(preload)
    if lock and preload == "copy":
        raise ArgumentError(
            'lock keeps pages of the file in memory, but preload="copy" makes no use of them: '
            "choose one",
            "lock",
        )
    slot = ffi.new("vecq_index **")
    with naming(path):
        call(lib.vecq_index_open_file, encoded(path), bool(writable), slot)
    native = described(ffi.gc(slot[0], lib.vecq_index_close))
    if verify == "full":
        _verify(native, path, progress)
    if preload or lock:
        with naming(path), byte_report(progress) as report:
            run_task(
                lib.vecq_task_preload, native.handle, preload_constant, bool(lock), report=report
            )
    return native


def described(handle: Any) -> NativeIndex:
    """Read the settings of a native index."""
    description = new_struct("vecq_index_description")
    options = new_struct("vecq_index_options")
    codec, rerank = new_struct("vecq_codec_options"), new_struct("vecq_codec_options")
    call(lib.vecq_index_describe, handle, description, options, codec, rerank)
    return NativeIndex(
        handle,
        dim=description.dim,
        metric=named(METRICS, options.metric),  # type: ignore[arg-type]
        codec=codec_of_options(codec),
        rerank_codec=codec_of_options(rerank) if description.has_rerank_codec else None,
        m=options.m,
        ef_construction=options.ef_construction,
    )


def save(
    native: NativeIndex, path: str | os.PathLike[str], overwrite: object, progress: Progress
) -> Saved:
    """Write an index to a file; where `path` is a link, to its target."""
    if not isinstance(overwrite, bool):
        raise ArgumentError(f"overwrite is {overwrite!r}, expected True or False", "overwrite")
    target, start = os.path.realpath(os.fsdecode(encoded(path))), time.perf_counter()
    with native.saving, naming(path), byte_report(progress) as report, task_slot() as slot:
        task = begin(slot, lib.vecq_task_save, native.handle, os.fsencode(target), overwrite)
        task.run(report)
        written, pause_seconds = task.saved()
    return Saved(written, time.perf_counter() - start, pause_seconds)


def check(native: NativeIndex, progress: Progress, deep: bool = True) -> Check:
    """Check an index; without `deep` only the checksums of its file."""
    with native.changing, byte_report(progress) as report, task_slot() as slot:
        task = begin(slot, lib.vecq_task_check, native.handle, deep)
        task.run(report)
        return task.problems()


def _verify(native: NativeIndex, path: str | os.PathLike[str], progress: Progress) -> None:
    with naming(path):
        found = check(native, progress, deep=False)
        if not found.ok:
            raise CorruptFileError(str(found), "path")


def _preload_constant(value: object) -> int:
    if isinstance(value, bool | str) and value in PRELOADS:
        return PRELOADS[value]
    raise ArgumentError(f'preload is {value!r}, expected True, False, "walk" or "copy"', "preload")


def info(path: str | os.PathLike[str]) -> FileInfo:
    """Read the section table of an index file, and nothing else of it.

    Args:
        path: The file.

    Returns:
        Sizes, versions and sections; print it to read it.

    Raises:
        FileError: The file cannot be read.
        CorruptFileError: It is no index file.

    >>> saved = vecq.Index(8).add(numpy.eye(8, dtype="float32")).save("eight.vecq")
    >>> [section.name for section in vecq.info("eight.vecq").sections][:2]
    ['settings', 'codec']
    """
    native, sections = new_struct("vecq_file_info"), ffi.new("vecq_section[]", MOST_SECTIONS)
    with naming(path):
        call(lib.vecq_file_describe, encoded(path), native, sections, MOST_SECTIONS)
    return FileInfo(
        path=os.fspath(path),
        format=native.format,
        writer_version=text(native.writer_version),
        min_reader_version=text(native.min_reader_version),
        bytes=native.bytes,
        sections=tuple(
            Section(text(one.name), one.element_bytes, one.count, one.offset, one.checksum)
            for one in sections[0 : native.sections]
        ),
    )

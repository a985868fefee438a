"""Runs searches on the current version: in micro-batches on the event loop, or on a thread.

A light request is searched for on the event loop: handing it to a thread would take longer than the
search. Light requests that arrived together share one native call, which interleaves their walks;
no request waits for others to arrive. Heavy requests run on one thread, in slices, between which
the deadline counts; native code releases the GIL meanwhile.

A request takes the current version once, so its results never mix two versions.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from typing import Any

import numpy as np

from vecq.serving.metrics import Recorder
from vecq.serving.refusal import RETRY, RefusalError
from vecq.serving.search_request import Answer, Exclude, SearchRequest
from vecq.serving.versions import Version

# A request of at most this many candidates in total (queries times beam width) runs on the loop.
LIGHT_CANDIDATES = 4096
SLICE = 64  # queries between two looks at the deadline

# Takes the answer of a request, or why there is none.
Reply = Callable[[Answer | Exception], None]
Member = tuple[SearchRequest, Reply]


class Runner:
    """Searches for requests on the version that `current` returns."""

    def __init__(
        self, current: Callable[[], Version], recorder: Recorder, micro_batch: int
    ) -> None:
        self._current, self._recorder, self._micro_batch = current, recorder, micro_batch
        self._thread = ThreadPoolExecutor(1, "vecq-search")
        self._groups: dict[object, list[Member]] = {}

    def run(self, request: SearchRequest, deadline: float, reply: Reply) -> None:
        """Search for a request and pass its answer to `reply`, on the event loop.

        Args:
            request: The search.
            deadline: Monotonic time after which no slice begins.
            reply: Takes the answer once, now or later.

        Raises:
            RefusalError: The deadline has passed.
        """
        if time.monotonic() > deadline:
            raise RefusalError(503, "the request waited until its deadline", "", RETRY)
        if not _is_light(request):
            self._run_on_thread(request, deadline, reply)
        elif self._micro_batch > 1:
            self._join(request, reply)
        else:
            self._answer([(request, reply)])

    def close(self) -> None:
        """End the thread once its searches are done."""
        self._thread.shutdown(wait=False)

    def _run_on_thread(self, request: SearchRequest, deadline: float, reply: Reply) -> None:
        loop = asyncio.get_running_loop()

        def finish(done: Future[Answer]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(reply, _found(done))

        search = self._thread.submit(_in_slices, self._current(), request, deadline)
        search.add_done_callback(finish)

    def _join(self, request: SearchRequest, reply: Reply) -> None:
        """Add a request to the group that is searched for when the loop has read all others."""
        if not self._groups:
            asyncio.get_running_loop().call_soon(self._flush)
        self._groups.setdefault(request.key, []).append((request, reply))

    def _flush(self) -> None:
        groups, self._groups = self._groups, {}
        for members in groups.values():
            first = total = 0
            for at, (request, _) in enumerate(members):
                if total and total + request.count > self._micro_batch:
                    self._answer(members[first:at])
                    first, total = at, 0
                total += request.count
            self._answer(members[first:])

    def _answer(self, members: list[Member]) -> None:
        """Search for several requests in one call; one by one if that fails."""
        version = self._current()
        if len(members) > 1:
            try:
                answer = _search(version, _merged([request for request, _ in members]))
            except Exception:
                pass  # below, only the request at fault gets the error
            else:
                self._recorder.add("micro_batches")
                self._recorder.add("micro_batched_requests", len(members))
                first = 0
                for request, reply in members:
                    reply(answer.part(first, first + request.count))
                    first += request.count
                return
        for request, reply in members:
            found: Answer | Exception
            try:
                found = _search(version, request)
            except Exception as error:
                found = error
            reply(found)


def _found(done: Future[Answer]) -> Answer | Exception:
    try:
        return done.result()
    except Exception as error:
        return error


def _is_light(request: SearchRequest) -> bool:
    return (
        request.key is not None
        and request.count * request.options.get("ef", request.k + 100) <= LIGHT_CANDIDATES
    )


def _search(version: Version, request: SearchRequest) -> Answer:
    options = request.options
    if "group_by" in options:
        options = {**options, "group_by": version.groups(options["group_by"])}
    if request.ids is not None:
        found = version.index.search_by_ids(request.ids, request.k, **options)
    else:
        assert request.queries is not None
        found = version.index.search(
            request.queries, request.k, exclude=request.exclusions(), **options
        )
    return Answer.of(found, version.name)


def _in_slices(version: Version, request: SearchRequest, deadline: float) -> Answer:
    """Search slice by slice until the deadline."""
    parts = []
    for first in range(0, request.count, SLICE):
        if time.monotonic() > deadline:
            raise RefusalError(
                504, f"the deadline passed after {first} of {request.count} queries", "", RETRY
            )
        parts.append(_search(version, request.part(first, first + SLICE)))
    if len(parts) == 1:
        return parts[0]
    return Answer(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.counts for part in parts]),
        version.name,
        all(part.is_full for part in parts),
    )


def _merged(requests: list[SearchRequest]) -> SearchRequest:
    """Return one request for the queries of several with the same key."""
    first = requests[0]
    rows = [request.queries for request in requests if request.queries is not None]
    queries = np.concatenate(rows)
    return SearchRequest(first.k, first.options, first.key, queries, _merged_excludes(requests))


def _merged_excludes(requests: list[SearchRequest]) -> Exclude | None:
    if all(request.exclude is None for request in requests):
        return None
    lengths: list[int] = []
    ids: list[Any] = []
    for request in requests:
        if request.exclude is None:
            lengths += [0] * request.count
        else:
            lengths += request.exclude[0]
            ids.append(request.exclude[1])
    if isinstance(ids[0], list):
        return lengths, [*chain.from_iterable(ids)]
    return lengths, np.concatenate(ids)

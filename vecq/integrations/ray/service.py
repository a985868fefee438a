"""Serving on Ray Serve: replicas of a whole index, or groups of shards behind a merging router.

Every answer comes from one version. A replica of the whole index takes the current version and
searches it. The router names a version in each request to the groups, and moves on to a new one
only after all groups have opened it.
"""

import asyncio
import time
from typing import Any

import numpy as np

from vecq.core.arguments import MOST, real, type_of, whole
from vecq.core.arrays import as_vectors
from vecq.core.errors import ArgumentError, VecqError
from vecq.core.json_values import plain
from vecq.integrations.exchange.packages import need
from vecq.search.result import Result
from vecq.sharding.manifest import FolderPath, read_manifest
from vecq.sharding.merging import merge
from vecq.sharding.versions import Versions

# Options of Index.search that a request may set.
OPTIONS = (
    "ef",
    "target_recall",
    "plan",
    "rerank_factor",
    "query_bits",
    "allow",
    "deny",
    "where",
    "bias_weight",
)


def app(
    path: FolderPath,
    *,
    groups: int = 1,
    replicas: int = 1,
    autoscaling: dict[str, Any] | None = None,
    partial: bool = True,
    timeout_s: float = 1.0,
    refresh_s: float = 1.0,
    cpus: float = 1,
) -> Any:
    """Return a Ray Serve application that answers searches over an index folder.

    `serve.run(app(path))` deploys it. A request is a JSON object with `vectors` (or one `vector`),
    `k`, and optionally `exclude` (a list of ids for each vector) and options of
    `vecq.Index.search`. The answer has `results` (a list of objects with `ids` and `scores`),
    `generation`, and `partial`. From Python, `handle.search.remote(request)` answers the same.

    New versions of the folder, and rollbacks, take effect within about `refresh_s` seconds.

    Args:
        path: The index folder, at the same path on all nodes.
        groups: 1 for replicas that each hold the whole index; more to split the shards into that
            many groups, each with replicas of its own, behind a router. Default: 1.
        replicas: Replicas of the index, or of each group. Default: 1.
        autoscaling: Ray Serve's `autoscaling_config`, instead of `replicas`. Default: None.
        partial: With groups, answer without a group that fails or is late, with `partial` true; if
            False, such requests fail with status 503. Default: True.
        timeout_s: Seconds until a group is late. Default: 1.
        refresh_s: Seconds between two looks at the manifest. Default: 1.
        cpus: CPUs of each replica. Default: 1.

    Raises:
        ArgumentError: An argument is wrong.
        FileError: There is no index.
        UnsupportedError: Ray Serve is not installed.
    """
    serve = need("ray.serve", "'vecq[ray]'", "vecq.integrations.ray.app")
    manifest = read_manifest(path)
    count = whole(groups, "groups", 1, len(manifest.shards))
    scale: dict[str, Any] = {"num_replicas": whole(replicas, "replicas", 1, 9999)}
    if autoscaling is not None:
        scale = {"autoscaling_config": autoscaling}
    refresh = _seconds(refresh_s, "refresh_s")
    options = {**scale, "ray_actor_options": {"num_cpus": cpus}}
    if count == 1:
        whole_index = serve.deployment(ServedIndex).options(name="vecq-index", **options)
        return whole_index.bind(str(path), refresh)
    served = [
        serve.deployment(ServedGroup)
        .options(name=f"vecq-group-{part}", **options)
        .bind(str(path), (part, count))
        for part in range(count)
    ]
    router = serve.deployment(ServedRouter).options(
        name="vecq-router", num_replicas=1, ray_actor_options={"num_cpus": 0.1}
    )
    timeout = _seconds(timeout_s, "timeout_s")
    return router.bind(str(path), served, bool(partial), timeout, refresh)


class PartMissingError(VecqError, RuntimeError):
    """A group of shards failed or was late, and answers may not be partial."""


class ServedHttp:
    """Answers HTTP requests by `search`, and turns errors into status codes."""

    async def __call__(self, request: Any) -> Any:
        from starlette.responses import JSONResponse

        try:
            try:
                given = await request.json()
            except ValueError as error:
                raise ArgumentError(f"request is no JSON: {error}", "request") from None
            return JSONResponse(plain(await self.search(given)))
        except ArgumentError as error:
            return JSONResponse({"error": str(error), "argument": error.argument}, 400)
        except VecqError as error:
            return JSONResponse({"error": str(error)}, 503)

    async def search(self, given: Any) -> dict[str, Any]:
        raise NotImplementedError


class ServedIndex(ServedHttp):
    """Replica that holds all shards."""

    def __init__(self, folder: str, refresh_s: float) -> None:
        self._versions = Versions(folder, refresh_s=refresh_s)
        self._versions.current()

    async def search(self, given: Any) -> dict[str, Any]:
        """Answer one request from the current version."""
        return await asyncio.to_thread(self._search, given)

    def _search(self, given: Any) -> dict[str, Any]:
        index = self._versions.current()
        queries, k, exclude, options = _request(given, index.dim)
        found = index.search(queries, k, exclude=exclude, **options)
        return _answer(found, index.manifest.generation, missing=[])


class ServedGroup:
    """Replica that holds one group of shards."""

    def __init__(self, folder: str, part: tuple[int, int]) -> None:
        self._versions = Versions(folder, part=part)
        self._versions.current()

    async def prepare(self, generation: int) -> None:
        """Open a version."""
        await asyncio.to_thread(self._versions.at, generation)

    async def search(
        self, generation: int, queries: Any, k: int, exclude: Any, options: dict[str, Any]
    ) -> Any:
        """Search a version."""
        return await asyncio.to_thread(self._search, generation, queries, k, exclude, options)

    def _search(
        self, generation: int, queries: Any, k: int, exclude: Any, options: dict[str, Any]
    ) -> Any:
        found = self._versions.at(generation).search(queries, k, exclude=exclude, **options)
        return found.ids, found.scores, found.hops, found.n_scored


class ServedRouter(ServedHttp):
    """Asks all groups for the same version, and merges their answers."""

    def __init__(
        self, folder: str, groups: list[Any], partial: bool, timeout_s: float, refresh_s: float
    ) -> None:
        self._folder, self._groups, self._partial = folder, groups, partial
        self._timeout_s, self._refresh_s = timeout_s, refresh_s
        manifest = read_manifest(folder)
        self._generation, self._dim = manifest.generation, manifest.dim
        self._next_look = time.monotonic() + refresh_s
        self._look: asyncio.Task[None] | None = None

    async def search(self, given: Any) -> dict[str, Any]:
        """Answer one request from one version."""
        self._look_for_version()
        generation = self._generation
        queries, k, exclude, options = _request(given, self._dim)
        answers = await asyncio.gather(
            *(
                asyncio.wait_for(
                    _awaited(one.search.remote(generation, queries, k, exclude, options)),
                    self._timeout_s,
                )
                for one in self._groups
            ),
            return_exceptions=True,
        )
        missing = [part for part, one in enumerate(answers) if isinstance(one, BaseException)]
        for part in missing:
            _raise_argument_error(answers[part])
        if missing and (not self._partial or len(missing) == len(answers)):
            raise PartMissingError(f"no answer from groups {missing}: {answers[missing[0]]!r}")
        parts: list[Any] = [one for one in answers if not isinstance(one, BaseException)]
        best = merge([(ids, scores) for ids, scores, _, _ in parts], k)
        hops, scored = sum(one[2] for one in parts), sum(one[3] for one in parts)
        return _answer(Result(*best, hops, scored), generation, missing)

    def _look_for_version(self) -> None:
        """Prepare a new version in the background, if the manifest names one."""
        if time.monotonic() >= self._next_look and (self._look is None or self._look.done()):
            self._next_look = time.monotonic() + self._refresh_s
            self._look = asyncio.get_running_loop().create_task(self._move_on())

    async def _move_on(self) -> None:
        try:
            manifest = await asyncio.to_thread(read_manifest, self._folder)
            if manifest.generation == self._generation:
                return
            calls = [_awaited(one.prepare.remote(manifest.generation)) for one in self._groups]
            await asyncio.gather(*calls)
        except Exception as error:  # whatever it is, the present version goes on answering
            print(f"vecq: generation stays {self._generation}: {error}")
        else:
            self._generation, self._dim = manifest.generation, manifest.dim


async def _awaited(response: Any) -> Any:
    return await response


def _request(given: Any, dim: int) -> tuple[Any, int, Any, dict[str, Any]]:
    """Check a request; return queries, k, exclusions and options."""
    if not isinstance(given, dict):
        raise ArgumentError(f"request is {type_of(given)}, expected an object", "request")
    known = {"vector", "vectors", "k", "exclude", *OPTIONS}
    if unknown := sorted(given.keys() - known):
        raise ArgumentError(
            f"request has {', '.join(unknown)}, expected some of {', '.join(sorted(known))}",
            "request",
        )
    if ("vector" in given) == ("vectors" in given):
        raise ArgumentError("request needs either vector or vectors", "vectors")
    vectors = given["vectors"] if "vectors" in given else [given["vector"]]
    try:
        queries = np.asarray(vectors, np.float32)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"vectors is no matrix: {error}", "vectors") from None
    if queries.ndim != 2:
        raise ArgumentError(f"vectors has {queries.ndim} dimensions, expected 2", "vectors")
    queries = as_vectors(queries, "vectors", dim)
    options = {name: given[name] for name in OPTIONS if name in given}
    exclude = given.get("exclude")
    if "vector" in given and exclude is not None:
        exclude = [exclude]
    return queries, whole(given.get("k", 10), "k", 1, MOST), exclude, options


def _answer(found: Result, generation: int, missing: list[int]) -> dict[str, Any]:
    results = [
        {"ids": ids[:count].tolist(), "scores": scores[:count].tolist()}
        for ids, scores, count in zip(found.ids, found.scores, found.counts, strict=True)
    ]
    return {
        "results": results,
        "generation": generation,
        "partial": bool(missing),
        "missing_groups": missing,
    }


def _raise_argument_error(error: Any) -> None:
    """Raise an ArgumentError that a group raised: the request is wrong, not the group."""
    cause = getattr(error, "cause", error)
    if isinstance(cause, ArgumentError):
        raise ArgumentError(str(cause), cause.argument) from None


def _seconds(value: float, argument: str) -> float:
    found = real(value, argument)
    if not 0 < found < float("inf"):
        raise ArgumentError(f"{argument} is {value!r}, expected a number above 0", argument)
    return found

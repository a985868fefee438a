"""What the jobs share: Ray itself, tasks with progress, and errors without Ray's wrapping."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from vecq.core.errors import VecqError
from vecq.core.progress import Report
from vecq.integrations.exchange.packages import need

POLL_S = 0.5  # between looks at Ctrl-C


def ray_module() -> Any:
    """Return the package ray.

    Raises:
        UnsupportedError: It is not installed.
    """
    return need("ray", "'vecq[ray]'", "vecq.integrations.ray")


def run_tasks(
    function: Any, calls: Sequence[tuple[Any, ...]], options: dict[str, Any], report: Report
) -> list[Any]:
    """Run a function as Ray tasks, and cancel the others when one fails.

    Ray runs a task again if its worker or node dies.

    Args:
        function: A picklable function.
        calls: Its arguments, for each task.
        options: Options of the tasks, such as num_cpus.
        report: Is told the number of finished tasks.

    Returns:
        The results, in the order of the calls.
    """
    ray = ray_module()
    remote = ray.remote(**{"max_retries": -1, **options})(function)
    references = [remote.remote(*arguments) for arguments in calls]
    waiting, done = list(references), 0
    try:
        with plain_errors():
            while waiting:
                report(done, len(references))
                ready, waiting = ray.wait(waiting, num_returns=1, timeout=POLL_S)
                ray.get(ready)
                done += len(ready)
            report(done, len(references))
            return list(ray.get(references))
    finally:
        for reference in waiting:
            ray.cancel(reference)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Raise the errors of vecq that tasks raised, without the traceback of the worker."""
    ray = ray_module()
    try:
        yield
    except ray.exceptions.RayError as error:
        cause = error
        while cause is not None and not _is_plain(cause):
            cause = getattr(cause, "cause", None) or cause.__cause__
        if cause is None:
            raise
        raise cause from None
    except VecqError as error:
        raise error from None


def _is_plain(error: BaseException) -> bool:
    """Whether an error is one of vecq; Ray derives classes of its own from them."""
    return isinstance(error, VecqError) and not hasattr(error, "cause")

"""What is told while tuning: each trial, and what goes on between two of them."""

from vecq.core.progress import Report


class Telling:
    """Trials so far, of how many there will be as far as that is foreseen."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._done = self._planned = 0

    def plan(self, trials: int) -> None:
        """So many more are foreseen."""
        self._planned = self._done + trials

    def trial(self) -> None:
        """One more is done."""
        self._done += 1
        self._say()

    def step(self, what: str, share: float) -> None:
        """Something else has come so far."""
        self._report.note(f"{what}: {share:.0%}")
        self._say()

    def end(self) -> None:
        """There will be no more of them."""
        self._report(self._done, self._done)

    def _say(self) -> None:
        # Until it ends there may always be one more.
        self._report(self._done, max(self._planned, self._done + 1))

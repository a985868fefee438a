"""Reports the progress of tuning: trials, and the work between two of them."""

from vecq.core.progress import Report


class TrialProgress:
    """Counts trials, and estimates how many there will be.

    Args:
        report: Receives the counts.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._done = self._planned = 0

    def plan(self, trials: int) -> None:
        """Expect this many more trials."""
        self._planned = self._done + trials

    def trial_done(self) -> None:
        self._done += 1
        self._update()

    def step(self, activity: str, share: float) -> None:
        """Show how far another activity has come, from 0 to 1."""
        self._report.note(f"{activity}: {share:.0%}")
        self._update()

    def end(self) -> None:
        """Report that all trials are done."""
        self._report(self._done, self._done)

    def _update(self) -> None:
        # There may be one more trial until the end is reported.
        self._report(self._done, max(self._planned, self._done + 1))

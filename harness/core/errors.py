"""The errors that the harness raises on purpose, and what each of them means for a run."""


class UserError(Exception):
    """Bad input. One line that says what, which value, what is allowed and how to fix it; the command line exits 2."""


class BadOutput(Exception):
    """An entrant returned what the task cannot score: a wrong shape or type, or values that are not finite."""


class Diverged(Exception):
    """Training gave a number that is not finite. The run is scored at the metric's chance value and flagged."""

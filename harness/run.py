"""The address at which entrants import `Run`, the handle that they are given."""

from harness.core.run import Run

__all__ = ["Run"]

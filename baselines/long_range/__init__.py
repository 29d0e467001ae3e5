"""Baselines of the task `long_range`."""

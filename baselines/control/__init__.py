"""Baselines of the task `control`."""

"""Baselines of the task `generation`."""

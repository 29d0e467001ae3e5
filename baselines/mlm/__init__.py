"""Baselines of the task `mlm`."""

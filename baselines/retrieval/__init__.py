"""Baselines of the task `retrieval`."""

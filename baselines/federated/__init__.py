"""Baselines of the task `federated`."""

"""Baselines of the task `ood_dynamics`."""

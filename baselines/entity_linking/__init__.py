"""Baselines of the task `entity_linking`."""

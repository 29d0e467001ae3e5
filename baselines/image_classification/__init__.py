"""Baselines of the task `image_classification`."""

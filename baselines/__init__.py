"""The baselines that the papers' methods are compared with, a folder a task."""

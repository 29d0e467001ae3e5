"""How the scores of the task `long_range` are computed."""

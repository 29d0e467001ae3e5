"""How the models of the task `long_range` are trained."""

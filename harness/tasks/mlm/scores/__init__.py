"""How the scores of the task `mlm` are computed."""

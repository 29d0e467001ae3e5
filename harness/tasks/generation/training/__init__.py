"""How the networks of the task `generation` are trained."""

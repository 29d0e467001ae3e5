"""How the scores of the task `ood_dynamics` are computed."""

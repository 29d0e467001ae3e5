"""How the scores of the task `federated` are computed."""

"""How the models of the task `federated` are trained."""

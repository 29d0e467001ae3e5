"""How the models of the task `retrieval` are trained."""

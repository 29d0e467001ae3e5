"""How the scores of the task `retrieval` are computed."""

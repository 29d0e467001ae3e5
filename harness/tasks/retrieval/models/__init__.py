"""The models of the task `retrieval` that are the same for every entrant."""

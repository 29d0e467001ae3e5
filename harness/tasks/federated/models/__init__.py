"""The models of the task `federated` that are the same for every entrant."""

"""The models of the task `ood_dynamics` that are the same for every entrant."""

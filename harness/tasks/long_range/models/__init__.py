"""The models of the task `long_range` that are the same for every entrant."""

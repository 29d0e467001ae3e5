"""Finding tasks and entrants by reading source; their parameters, search spaces, tuned values and accepted code."""

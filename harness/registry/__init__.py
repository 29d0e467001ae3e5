"""Finding tasks and entrants by reading source; what may be chosen of them, and what was."""

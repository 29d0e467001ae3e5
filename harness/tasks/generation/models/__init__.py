"""The networks of the task `generation` that are the same for every entrant, and what a process is."""

"""What everything stands on: what a run is, a task, an entrant; streams, clocks and limits."""

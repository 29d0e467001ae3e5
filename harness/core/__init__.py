"""The foundation: specs, cards, tasks, entrants, the run handle, random streams, clocks, limits, source closures."""

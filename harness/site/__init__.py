"""The leaderboard: pages of claims, tables, figures, entrants and runs; and the list of verdicts."""

"""Scoring predictions that lie in files, and giving out those of entrants."""
